"""The rules of the house that no linter knows: the core is pure, and its size stays readable."""

import ast
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
CORE = ("schemas", "models", "agents")
FORBIDDEN_CALLS = {
    "time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.sleep",
    "datetime.now", "datetime.datetime.now", "dt.datetime.now", "dt.date.today", "date.today",
    "uuid.uuid4", "uuid.uuid1", "os.urandom", "secrets.token_hex",
    "random.random", "random.randint", "random.choice", "random.shuffle", "random.seed",
}  # fmt: skip
FORBIDDEN_MODULES = {"asyncio", "socket", "threading", "subprocess", "httpx", "aiohttp", "faust", "aiokafka",
                     "redis", "prometheus_client", "rocksdict"}  # fmt: skip
LONGEST_FILE = 420
LONGEST_FUNCTION = 60


def sources(*packages):
    return [path for package in packages for path in sorted((CHECKOUT / package).rglob("*.py"))]


def calls(tree):
    return {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", sources(*CORE), ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_the_core_takes_time_and_chance_as_arguments_and_does_no_io(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))

    assert not calls(tree) & FORBIDDEN_CALLS
    assert not set(imports(tree)) & FORBIDDEN_MODULES


@pytest.mark.parametrize("path", sources("agents", "stream_app"), ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_only_the_engine_knows_faust_and_only_agents_listen(path):
    modules = set(imports(ast.parse(path.read_text(encoding="utf-8"))))

    if "engine" not in path.parts:
        assert not modules & {"mode", "faust"}


@pytest.mark.parametrize("path", sources(*CORE, "stream_app"), ids=lambda p: str(p.relative_to(CHECKOUT)))
def test_files_and_functions_stay_short_enough_to_hold_in_the_head(path):
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert text.count("\n") <= LONGEST_FILE
    assert [f.name for f in functions if f.end_lineno - f.lineno >= LONGEST_FUNCTION] == []


def test_the_check_for_purity_can_fail():
    tree = ast.parse("import time\nimport socket\ndef f():\n    return time.time()\n")

    assert calls(tree) & FORBIDDEN_CALLS
    assert set(imports(tree)) & FORBIDDEN_MODULES
