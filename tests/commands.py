"""Run a `rapport` command in this process, as the shell would: exit code, standard output, standard error."""

import io
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

from stream_app.cli import main

CHECKOUT = Path(__file__).resolve().parent.parent
MAPPINGS = CHECKOUT / "deploy" / "mappings"


class Answer(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document; the command must have gone well."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line with which a command failed."""
        (line,) = self.err.strip().splitlines()
        return line


def rapport(*arguments: Any, environ: Mapping[str, str] | None = None, stdin: str = "") -> Answer:
    """Run a command; what it does not expect itself comes out as an exception."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), _process(arguments, environ or {}, stdin):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return Answer(code, out.getvalue(), err.getvalue())


@contextmanager
def _process(arguments: tuple[Any, ...], environ: Mapping[str, str], stdin: str) -> Iterator[None]:
    """Give this process another command line, environment and standard input; a worker also sets up the log."""
    before, root = (sys.argv, sys.stdin, dict(os.environ)), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    sys.argv = ["rapport", *(str(argument) for argument in arguments)]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    os.environ.update(environ)
    try:
        yield
    finally:
        sys.argv, sys.stdin, environment = before
        root.handlers[:], root.level = handlers, level
        os.environ.clear()
        os.environ.update(environment)
