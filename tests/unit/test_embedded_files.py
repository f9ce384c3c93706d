"""What the user reads when Java, Maven or a service is missing: one line that says what to do."""

from pathlib import Path

import pytest

from stream_app.embedded import EmbeddedServices, ServiceUnavailable, use_or_start
from stream_app.embedded.kafka_files import cache_dir, find_java, kafka_files
from stream_app.embedded.redis_server import find_server
from stream_app.embedded.service import free_ports


def a_program(directory: Path, name: str, script: str) -> Path:
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def a_java(directory: Path, version: str = "17.0.15") -> Path:
    return a_program(directory, "java", f"echo 'openjdk version \"{version}\" 2025-04-15' >&2")


def test_missing_java_is_one_line_that_says_what_to_do(tmp_path):
    with pytest.raises(ServiceUnavailable) as caught:
        EmbeddedServices(data_dir=tmp_path, redis=False, environ={"PATH": ""}).start()
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("Java 17 or newer is needed for the embedded Kafka and was not found: install")
    assert "--kafka HOST:PORT" in line
    assert list(tmp_path.iterdir()) == []


def test_java_that_is_too_old_is_named_with_its_version(tmp_path):
    java = a_java(tmp_path, "11.0.2")
    with pytest.raises(ServiceUnavailable, match=rf"{java} says 'openjdk version \"11\.0\.2\" 2025-04-15': install"):
        find_java({"PATH": str(tmp_path)})


def test_java_home_goes_before_the_path(tmp_path):
    (tmp_path / "bin").mkdir()
    java = a_java(tmp_path / "bin", "21.0.1")
    assert find_java({"JAVA_HOME": str(tmp_path), "PATH": "/usr/bin"}) == str(java)


def test_missing_maven_is_one_line_that_says_what_to_do(tmp_path):
    a_java(tmp_path)
    environ = {"PATH": str(tmp_path), "RAPPORT_CACHE_DIR": str(tmp_path / "cache")}
    with pytest.raises(ServiceUnavailable, match=r"Maven is needed once.*install it .*--kafka HOST:PORT$"):
        kafka_files(environ, lambda _line: None)


def test_a_failing_maven_is_told_with_its_error_and_its_log(tmp_path):
    a_java(tmp_path)
    a_program(tmp_path, "mvn", "echo '[ERROR] no route to the repository'; echo '[ERROR] Re-run Maven'; exit 1")
    cache = tmp_path / "cache"
    told: list[str] = []
    with pytest.raises(ServiceUnavailable, match=r"Maven failed.*: \[ERROR\] no route to the repository") as caught:
        kafka_files({"PATH": f"{tmp_path}:/bin", "RAPPORT_CACHE_DIR": str(cache)}, told.append)
    assert str(cache / "maven.log") in str(caught.value)
    assert "Re-run Maven" in (cache / "maven.log").read_text()
    assert told == ["Kafka: fetching the broker by Maven (the first time only)"]
    assert sorted(path.name for path in cache.iterdir()) == ["kafka.lock", "maven.log"]


def test_filled_caches_need_no_maven(tmp_path):
    a_java(tmp_path)
    a_program(
        tmp_path, "mvn", 'for word; do last="$word"; done; d="${last#*=}"; mkdir "$d"; : > "$d/b.jar"; : > "$d/a.jar"'
    )
    environ = {"PATH": f"{tmp_path}:/bin:/usr/bin", "RAPPORT_CACHE_DIR": str(tmp_path / "cache")}
    first = kafka_files(environ, lambda _line: None)
    (tmp_path / "mvn").unlink()
    assert kafka_files(environ, lambda _line: None) == first
    assert [Path(jar).name for jar in first.class_path.split(":")] == ["a.jar", "b.jar"]


def test_the_cache_is_in_the_home_directory_unless_told_otherwise(tmp_path):
    assert cache_dir({}) == Path.home() / ".cache" / "rapport"
    assert cache_dir({"RAPPORT_CACHE_DIR": str(tmp_path)}) == tmp_path


def test_the_wheel_has_a_redis_server():
    assert find_server().stat().st_mode & 0o100


def test_an_existing_broker_that_does_not_answer_is_named():
    address = f"127.0.0.1:{free_ports(1)[0]}"
    with (
        pytest.raises(ServiceUnavailable, match=f"^no Kafka broker answers at {address}: check --kafka"),
        use_or_start(address),
    ):
        pass


def test_an_existing_redis_that_does_not_answer_is_named(tmp_path):
    url = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    with (
        pytest.raises(ServiceUnavailable, match=f"^no Redis server answers at {url}: check --redis"),
        use_or_start(redis_url=url, data_dir=tmp_path),
    ):
        pass
