import doctest
import importlib
from types import ModuleType

import pytest

MODULES = [importlib.import_module(f"schemas.{name}") for name in ("actions", "money", "partitioner", "times")]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_in_docstrings_run(module: ModuleType):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
