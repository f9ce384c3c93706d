"""`python -m stream_app.embedded`: start Kafka and Redis, print their addresses, wait for Ctrl-C or SIGTERM."""

import signal
import sys

import typer

from stream_app.embedded import EmbeddedServices, ServiceUnavailable


def main() -> int:
    """Run until told to stop; return the exit code."""
    told = {signal.SIGINT, signal.SIGTERM}
    try:
        with EmbeddedServices(on_progress=lambda line: typer.echo(line, err=True)) as services:
            signal.pthread_sigmask(signal.SIG_BLOCK, told)
            typer.echo(f"RAPPORT_KAFKA__BOOTSTRAP={services.kafka_bootstrap}")
            typer.echo(f"RAPPORT_REDIS__URL={services.redis_url}")
            while signal.sigtimedwait(told, 1.0) is None:
                if services.dead():
                    typer.echo(f"{' and '.join(services.dead())} ended; see {services.directory}", err=True)
                    return 1
    except ServiceUnavailable as error:
        typer.echo(error, err=True)
        return 1
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
