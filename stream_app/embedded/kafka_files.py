"""The files of the embedded Kafka: jars by Maven and a formatted storage directory, fetched once and cached."""

import base64
import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from stream_app.embedded.service import ServiceUnavailable

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
POM = DEPLOY / "pom.xml"
SETTINGS = DEPLOY / "kafka" / "server.properties"
LOG_SETTINGS = DEPLOY / "kafka" / "log4j2.properties"

CLUSTER_ID = base64.urlsafe_b64encode(b"rapport-embedded").decode().rstrip("=")
"""Kafka wants 16 bytes in this form; clusters of one's own need not differ in it."""

JAVA_AT_LEAST = 17
OR_EXISTING = "or point at a running broker with --kafka HOST:PORT"


@dataclass(frozen=True)
class KafkaFiles:
    """What a start needs: program, class path, an empty formatted storage directory to copy, the archive of classes."""

    java: str
    class_path: str
    formatted: Path
    classes: Path
    """Where Java keeps loaded classes for the next start; it is there after the first orderly stop of a broker."""


def kafka_files(environ: Mapping[str, str], on_progress: Callable[[str], None]) -> KafkaFiles:
    """Find Java and the cached files of Kafka; fetch them by Maven where the cache has none for this pom.

    Raises:
        ServiceUnavailable: no source checkout, Java 17 or Maven, or Maven failed; the message says what to do.
    """
    if not POM.is_file():
        message = f"the embedded Kafka needs a source checkout ({POM} is missing): work in one, {OR_EXISTING}"
        raise ServiceUnavailable(message)
    java = find_java(environ)
    key = hashlib.sha256(POM.read_bytes() + SETTINGS.read_bytes()).hexdigest()[:16]
    cache = cache_dir(environ)
    home = cache / f"kafka-{key}"
    if not home.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "kafka.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # Maven's own repository does not bear two Mavens well
            if not home.is_dir():
                _fetch(home, java, environ, on_progress)
    return KafkaFiles(java, _class_path(home), home / "formatted", home / "classes.jsa")


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Return `RAPPORT_CACHE_DIR`, by default `~/.cache/rapport`."""
    chosen = environ.get("RAPPORT_CACHE_DIR")
    return Path(chosen).absolute() if chosen else Path.home() / ".cache" / "rapport"


def find_java(environ: Mapping[str, str]) -> str:
    """Return the path of `java`, from JAVA_HOME or PATH, once it is known to be new enough.

    Raises:
        ServiceUnavailable: there is none, or it is too old.
    """
    home = environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else None
    java = java or shutil.which("java", path=environ.get("PATH", ""))
    install = f"install a JRE (Debian: apt-get install openjdk-{JAVA_AT_LEAST}-jre-headless), {OR_EXISTING}"
    if java is None:
        message = f"Java {JAVA_AT_LEAST} or newer is needed for the embedded Kafka and was not found: {install}"
        raise ServiceUnavailable(message)
    said = subprocess.run([java, "-version"], env=dict(environ), capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < JAVA_AT_LEAST:
        found = said.strip().partition("\n")[0] or "no version"
        message = f"Java {JAVA_AT_LEAST} or newer is needed for the embedded Kafka; {java} says {found!r}: {install}"
        raise ServiceUnavailable(message)
    return java


def _fetch(home: Path, java: str, environ: Mapping[str, str], on_progress: Callable[[str], None]) -> None:
    """Fill a directory beside `home` and move it there whole, so that an aborted download leaves no half cache."""
    maven = shutil.which("mvn", path=environ.get("PATH", ""))
    if maven is None:
        message = (
            f"Maven is needed once, to fetch Kafka's jars, and was not found: "
            f"install it (Debian: apt-get install maven), {OR_EXISTING}"
        )
        raise ServiceUnavailable(message)
    on_progress("Kafka: fetching the broker by Maven (the first time only)")
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=home.parent))
    try:
        fetch = ["-q", "-B", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies"]
        _run([maven, *fetch, f"-DoutputDirectory={draft}/lib"], environ, home.parent / "maven.log", "Maven")
        on_progress("Kafka: formatting an empty storage directory (the first time only)")
        _format(draft, java, environ)
        draft.rename(home)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _format(draft: Path, java: str, environ: Mapping[str, str]) -> None:
    settings = draft / "format.properties"
    settings.write_text(SETTINGS.read_text() + addresses(1, 2, draft / "formatted"))
    tool = ["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config", str(settings)]
    java_options = ["-cp", _class_path(draft), f"-Dlog4j2.configurationFile={LOG_SETTINGS}"]
    _run([java, *java_options, *tool], environ, draft.parent / "format.log", "Kafka's storage tool")


def addresses(port: int, controller_port: int, storage: Path) -> str:
    """Return the lines of the broker's settings that differ between starts."""
    return (
        f"\ncontroller.quorum.voters=1@127.0.0.1:{controller_port}\n"
        f"listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n"
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n"
        f"log.dirs={storage}\n"
    )


def _class_path(home: Path) -> str:
    return ":".join(sorted(str(jar) for jar in (home / "lib").glob("*.jar")))


def _run(command: list[str], environ: Mapping[str, str], log: Path, name: str) -> None:
    with log.open("wb") as output:
        code = subprocess.run(
            command, env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
    if code:
        lines = log.read_text(errors="replace").splitlines()
        told = next((line for line in lines if "ERROR" in line), lines[-1] if lines else "")
        message = f"{name} failed (exit code {code}; log: {log}): {told[:300]}; mend it, {OR_EXISTING}"
        raise ServiceUnavailable(message)
    with suppress(OSError):
        log.unlink()
