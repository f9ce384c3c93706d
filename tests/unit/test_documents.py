"""What the documents name is there: files, modules, commands, settings, metrics, figures of policy."""

import json
import re
from pathlib import Path

import pytest

from models.figures import FAMILIES, FIGURES
from schemas.errors import REASON_ORDER
from schemas.wire import INPUT_TOPICS
from stream_app.cli import COMMANDS
from stream_app.commands.topics import key_of, refusal
from stream_app.settings import OTHERS, Settings, flatten

LATER_MS = 2_000_000_000_000  # 2033
CHECKOUT = Path(__file__).resolve().parents[2]
DOCS = CHECKOUT / "docs"
RULES = (DOCS / "rules.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md"), *(CHECKOUT / "deploy").rglob("*.md")])
ROOMS = ("schemas", "models", "agents", "stream_app", "deploy", "docs", "tests")
SOURCES = [path for room in ("stream_app", "tests") for path in (CHECKOUT / room).rglob("*.py")]

EVERY_SOURCE = [
    path
    for room in ("schemas", "models", "agents", "stream_app", "tests", "docs")
    for path in (CHECKOUT / room).rglob("*")
    if path.suffix in (".py", ".java")
]

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


def named(document, pattern):
    return set(re.findall(pattern, document.read_text(encoding="utf-8")))


@each_document
def test_a_file_that_is_named_by_its_path_is_there(document):
    paths = named(document, rf"(?<![\w./-])((?:{'|'.join(ROOMS)})/[\w./-]+\.(?:py|md|toml|json|java|yml|yaml))")
    assert [path for path in sorted(paths) if not (CHECKOUT / path).exists()] == []


def test_a_document_that_a_source_sends_its_reader_to_is_there():
    """Sources also speak of a document by its bare name, of those beside README.md and of those in docs/."""
    told = {name for path in EVERY_SOURCE for name in re.findall(r"[\w/-]+\.md\b", path.read_text(encoding="utf-8"))}
    assert sorted(name for name in told if not any((room / name).exists() for room in (CHECKOUT, DOCS))) == []


def test_a_rule_that_a_source_cites_is_there():
    rules = {int(number) for number in re.findall(r"^(\d+)\. ", RULES, re.MULTILINE)}
    cited = {
        int(number)
        for path in EVERY_SOURCE
        for numbers in re.findall(r"docs/rules\.md,? (\d+(?: (?:and|to) \d+)*)", path.read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", numbers)
    }
    assert rules == set(range(1, len(rules) + 1))
    assert cited <= rules
    assert {5, 18, 25} <= cited  # so that the pattern is seen to find them


def test_the_rules_tell_the_reasons_of_dead_letters_in_their_order():
    order = re.search(r"the first of these is told: `([^`]+)`", RULES)
    assert order is not None
    assert tuple(re.split(r",\s+", order[1])) == REASON_ORDER


@each_document
def test_a_module_that_is_to_be_run_is_there(document):
    modules = {module.replace(".", "/") for module in named(document, r"python -m ([a-z][\w.]*)")}
    missing = [m for m in modules if not any((CHECKOUT / f).exists() for f in (f"{m}.py", f"{m}/__main__.py"))]
    assert missing == []


@each_document
def test_a_command_that_is_named_is_there(document):
    assert named(document, r"(?<=[`\s])rapport ([a-z][a-z-]+)(?=[`\s])") <= COMMANDS.keys() | {"command", "replays"}


@each_document
def test_a_setting_that_is_named_is_there(document):
    known = flatten(Settings.model_construct().model_dump()).keys() | OTHERS
    others = {"RAPPORT_SHARED_DATA", "RAPPORT_CRASH_AT", "RAPPORT_PAUSE_AT"}  # of the tests: their data and their kills
    assert named(document, r"\bRAPPORT_[A-Z_]*[A-Z]\b") <= known | others


@each_document
def test_a_metric_that_is_named_is_there(document):
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES if path != Path(__file__))
    metrics = {name.removesuffix("_total").removesuffix("_bucket") for name in named(document, r"\bcrm_[a-z_]+[a-z]\b")}
    assert [name for name in sorted(metrics) if name not in code] == []


def test_every_figure_that_a_condition_may_speak_of_is_explained_and_no_other():
    text = (CHECKOUT / "docs" / "policy.md").read_text(encoding="utf-8")
    table = text.partition("## The figures that conditions may speak of")[2]
    first_cells = "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
    assert sorted(re.findall(r"`([a-z0-9_]+)", first_cells)) == sorted([*FIGURES, *FAMILIES])


def test_every_example_of_an_event_can_be_read_and_each_topic_has_one():
    text = (CHECKOUT / "docs" / "events.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `bank\.(\w+)` \| `(\{.*\})` \|$", text, re.MULTILINE)
    inside = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert {topic for topic, _ in rows} == set(INPUT_TOPICS)
    for topic, example in rows:
        raw = example.encode()
        assert refusal(topic, key_of(raw), raw, LATER_MS) is None, topic
    for block in inside:
        for value in re.split(r"(?<=\})\n(?=\{)", block.strip()):
            raw = value.encode()
            topic = "outcomes" if "label" in json.loads(value) else "interactions"
            assert refusal(topic, key_of(raw), raw, LATER_MS) is None, value
