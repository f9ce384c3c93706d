"""`python -m stream_app.embedded`: start Kafka and Redis, print their addresses, wait for Ctrl-C or SIGTERM."""

import signal
import sys

from stream_app.embedded import EmbeddedServices, ServiceUnavailable


def main() -> int:
    """Run until told to stop; return the exit code."""
    told = {signal.SIGINT, signal.SIGTERM}
    try:
        with EmbeddedServices(on_progress=lambda line: print(line, file=sys.stderr)) as services:
            signal.pthread_sigmask(signal.SIG_BLOCK, told)
            print(f"RAPPORT_KAFKA__BOOTSTRAP={services.kafka_bootstrap}")
            print(f"RAPPORT_REDIS__URL={services.redis_url}", flush=True)
            while signal.sigtimedwait(told, 1.0) is None:
                if services.dead():
                    print(f"{' and '.join(services.dead())} ended; see {services.directory}", file=sys.stderr)
                    return 1
    except ServiceUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
