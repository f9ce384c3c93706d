"""Real Kafka and Redis of one's own, for the demo, the tests and the benchmarks.

How no process is left behind: each server runs under a supervisor of its own (`supervisor.py`), which holds the read
end of a pipe from this process. Whatever ends this process, `kill -9` included, closes the pipe, and the supervisor
kills the server. Were the supervisor itself killed, Linux kills the server (parent-death signal).

    with EmbeddedServices(on_progress=print) as services:
        services.kafka_bootstrap   # "127.0.0.1:21092"
        services.redis_url         # "redis://127.0.0.1:21093/0"
        services.kafka.kill()      # faults: kill(), stop(), signal(SIGSTOP); then start() on the same port and data

`python -m stream_app.embedded` starts both, prints their addresses and waits for Ctrl-C.
"""

from stream_app.embedded.service import Service, ServiceUnavailable
from stream_app.embedded.services import Addresses, EmbeddedServices, use_or_start

__all__ = ["Addresses", "EmbeddedServices", "Service", "ServiceUnavailable", "use_or_start"]
