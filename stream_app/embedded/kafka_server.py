"""The embedded Kafka: Apache Kafka in KRaft mode, broker and controller in one Java process."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from stream_app.embedded.health import kafka_answers
from stream_app.embedded.kafka_files import LOG_SETTINGS, SETTINGS, addresses, kafka_files
from stream_app.embedded.service import Program, Service

JAVA_OPTIONS = (
    "-Xms256m",
    "-Xmx1g",
    "-XX:+UseSerialGC",  # starts sooner than G1, and is no slower with a heap of this size on few cores
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
)


def embedded_kafka(
    directory: Path, ports: tuple[int, int], environ: Mapping[str, str], on_progress: Callable[[str], None]
) -> Service:
    """Prepare a broker with its data in `directory`, on (port for clients, port of the controller); not yet launched.

    Data that lie there already are kept.

    Raises:
        ServiceUnavailable: Java, Maven or the jars cannot be had.
    """
    files = kafka_files(environ, on_progress)
    directory.mkdir(parents=True, exist_ok=True)
    storage = directory / "storage"
    if not storage.exists():
        shutil.copytree(files.formatted, storage)
    settings = directory / "server.properties"
    settings.write_text(SETTINGS.read_text() + addresses(*ports, storage))
    address = f"127.0.0.1:{ports[0]}"
    log_option = f"-Dlog4j2.configurationFile={LOG_SETTINGS}"
    command = (files.java, *JAVA_OPTIONS, log_option, "-cp", files.class_path, "kafka.Kafka", str(settings))
    return Service(
        Program("Kafka", command, address, directory / "kafka.log", environ, partial(kafka_answers, address))
    )
