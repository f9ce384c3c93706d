"""Where the public data sets lie (they are not in the repository): `RAPPORT_SHARED_DATA`, else beside the checkout."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("RAPPORT_SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")


def shared_data(name: str) -> Path:
    """The file or folder of that name; without the data sets the test is skipped."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here: RAPPORT_SHARED_DATA names the folder with the public data sets")
    return path
