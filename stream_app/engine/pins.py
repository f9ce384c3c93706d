"""The private parts of Faust and aiokafka on which the engine builds, by version and by hash of their source.

The engine is proven against exactly these; another source may have moved a commit or dropped an await. After a
deliberate upgrade, read each changed method, then record the new hashes: `python -m stream_app.engine.pins`.
"""

import hashlib
import inspect
from importlib import import_module
from importlib.metadata import version
from typing import Any

from stream_app.engine.pinned import SOURCES, VERSIONS


class PinMismatch(RuntimeError):
    """An installed package is not the one that the engine was proven with."""


def source_hash(path: str) -> str:
    """Return a short hash of the source of `module:qualified.name`."""
    module, _, name = path.partition(":")
    found: object = import_module(module)
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    function: Any = getattr(found, "fun", found)  # mode wraps background tasks
    source = inspect.getsource(inspect.unwrap(function))
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def mismatches() -> list[str]:
    """Return what differs from the record, one line each."""
    wrong = [
        f"{package}: installed {version(package)}, pinned {pinned}"
        for package, pinned in VERSIONS.items()
        if version(package) != pinned
    ]
    for path, pinned in SOURCES.items():
        found = source_hash(path)
        if found != pinned:
            wrong.append(f"{path}: source {found}, pinned {pinned}")
    return wrong


def check_pins() -> None:
    """Raise `PinMismatch` unless everything is as recorded."""
    wrong = mismatches()
    if wrong:
        raise PinMismatch("the engine refuses to start:\n  " + "\n  ".join(wrong))


def main() -> None:
    """Print the record as it would be for the installed packages."""
    print("VERSIONS = {")  # noqa: T201 - a command's output
    for package in VERSIONS:
        print(f'    "{package}": "{version(package)}",')  # noqa: T201
    print("}\nSOURCES = {")  # noqa: T201
    for path in SOURCES:
        print(f'    "{path}": "{source_hash(path)}",')  # noqa: T201
    print("}")  # noqa: T201


if __name__ == "__main__":
    main()
