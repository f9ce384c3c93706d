"""The environments of the peers: made by uv or Maven when first asked for, and kept in the product's cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from stream_app.embedded.kafka_files import cache_dir, find_java

HERE = Path(__file__).resolve().parent
JAVA_HOME_OF_JOB = HERE / "kafka_streams"

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    "faust": (
        "faust-streaming==0.15.3",
        "mode-streaming==0.7.1",
        "aiokafka==0.14.0",
        "rocksdict==0.3.29",
        "orjson==3.13.0",
        "uvloop==0.23.0",
    ),
    "quix": ("quixstreams==3.28.1", "orjson==3.13.0"),
    "bytewax": ("bytewax==0.21.1", "confluent-kafka==2.12.2", "orjson==3.13.0"),
}

Say = Callable[[str], None]


class PeerUnavailable(Exception):
    """A peer's environment cannot be made; the text is one line that names the log."""


def python_of(peer: str, say: Say) -> str:
    """Return the Python of a peer's environment; the first call makes it. Raises PeerUnavailable."""
    wanted = REQUIREMENTS[peer]
    home = _home(peer, "\n".join(wanted).encode())

    def make(draft: Path) -> None:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
        if uv is None:
            raise PeerUnavailable(f"{peer}: uv is needed to make its environment, and was not found")
        _run([uv, "venv", "-q", "--relocatable", "--python", sys.executable, str(draft)], peer)
        _run([uv, "pip", "install", "-q", "--python", f"{draft}/bin/python", *wanted], peer)

    return str(_made(peer, home, make, say) / "bin" / "python")


def java_command(say: Say) -> tuple[str, ...]:
    """Return the command of the job on Kafka Streams; the first call compiles it. Raises PeerUnavailable."""
    sources = sorted(path for path in JAVA_HOME_OF_JOB.rglob("*") if path.is_file() and "target" not in path.parts)
    home = _home("kafka-streams", b"".join(path.read_bytes() for path in sources))

    def make(draft: Path) -> None:
        maven = shutil.which("mvn")
        if maven is None:
            raise PeerUnavailable("kafka-streams: Maven is needed to build it, and was not found")
        shutil.copytree(JAVA_HOME_OF_JOB, draft, ignore=shutil.ignore_patterns("target"), dirs_exist_ok=True)
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={draft}/target/lib"]
        _run([maven, "-q", "-B", "-Dstyle.color=never", "-f", f"{draft}/pom.xml", "package", *copy], "kafka-streams")

    target = _made("kafka-streams", home, make, say) / "target"
    return (
        find_java(os.environ),
        "-Xms256m",
        "-Xmx1g",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-cp",
        f"{target}/reduced.jar:{target}/lib/*",
        "rapport.bench.ReducedJob",
    )


def versions(peers: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Say what is compared."""
    return {name: REQUIREMENTS[name] for name in peers}


def _home(peer: str, wanted: bytes) -> Path:
    return cache_dir(os.environ) / "peers" / f"{peer}-{hashlib.sha256(wanted).hexdigest()[:12]}"


def _made(peer: str, home: Path, make: Callable[[Path], None], say: Say) -> Path:
    """Fill a directory beside `home` and move it there whole, so that an aborted download leaves no half cache."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{peer}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            say(f"{peer}: making its environment (the first time only)")
            draft = home.with_name(f"{home.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(home)
    return home


def _run(command: list[str], peer: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        told = (done.stderr.strip() or done.stdout.strip() or "(no word)").splitlines()
        line = next((line for line in told if "rror" in line), told[-1])
        raise PeerUnavailable(f"{peer}: {command[0]} failed ({done.returncode}): {line[:300]}")
