"""The five equalities that must hold when all is quiet, and one on the stores left behind."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiokafka.structs import ConsumerRecord

from stream_app.embedded import Addresses
from stream_app.engine import stored
from tests.faults import remains
from tests.faults.subject import COUNT, LETTER, OUTPUT, STORE, Expected, Finding, State, Subject
from tests.faults.truth import Truth


@dataclass(frozen=True)
class Evidence:
    """All that was read after a run."""

    records: Mapping[str, Sequence[ConsumerRecord]]
    alerts: Sequence[remains.Alert]
    redis_keys: Sequence[str]

    @classmethod
    async def collect(cls, subject: Subject, to: Addresses) -> "Evidence":
        """Read topics and streams."""
        wanted = (*subject.sources, *subject.outputs, subject.changelog, subject.dead_letters)
        return cls(
            await remains.read_topics(to.kafka_bootstrap, wanted),
            remains.alerts(to.redis_url, subject.streams),
            remains.redis_keys(to.redis_url, subject.namespace),
        )


def expectation(subject: Subject, truth: Truth, evidence: Evidence) -> Expected:
    """Run the oracle over what has landed."""
    return subject.expect(remains.landed(truth.inputs, {name: evidence.records[name] for name in subject.sources}))


def judge(subject: Subject, truth: Truth, evidence: Evidence, expected: Expected, store: Path) -> list[Finding]:
    """Compare everything; `store` is the data directory of a worker that owned all partitions when it stopped."""
    changelog = evidence.records[subject.changelog]
    state = _values(subject, (remains.compacted(changelog, n) for n in range(subject.partitions)))
    letters = remains.letters(evidence.records[subject.dead_letters])
    return [
        *expected.of_state(state),
        *_whole_store(subject, store, changelog, expected),
        *expected.of_alerts(state, evidence.alerts),
        *_letters(expected, letters),
        *_outputs(expected, (it.value for name in subject.outputs for it in evidence.records[name])),
        *expected.of_counts(state, len(letters), len(truth.inputs)),
        *_inputs(subject, truth, evidence),
        *[Finding(STORE, f"Redis has a key {key!r}") for key in evidence.redis_keys if not subject.owns_key(key)],
    ]


def keep(subject: Subject, evidence: Evidence, file: Path) -> None:
    """Write down what was read, for whoever looks for the cause."""
    with file.open("w") as out:
        for topic, records in evidence.records.items():
            for it in records:
                value = _readable(it.value) if topic == subject.changelog and it.value else it.value
                out.write(f"{topic} {it.partition} {it.offset} {it.timestamp} {it.key!r} {value!r:.4000}\n")
        for alert in evidence.alerts:
            out.write(f"{alert.stream} {alert.alert_id!r} {alert.data}\n")


def _readable(value: bytes) -> object:
    with suppress(stored.BadStoredValueError):  # not every subject is ours
        return stored.decode(value)
    return value


def prefixes(subject: Subject, homes: Iterable[Path], changelog: Sequence[ConsumerRecord]) -> list[Finding]:
    """Every store that any worker left behind must be the changelog as of some offset: never ahead or between."""
    findings = []
    for home in homes:
        for number, store in remains.stores(home, subject.table).items():
            if store.values != remains.compacted(changelog, number, store.offset):
                what = f"{home.name}, partition {number}: not the changelog as of offset {store.offset}"
                findings.append(Finding(STORE, what))
    return findings


def _whole_store(
    subject: Subject, home: Path, changelog: Sequence[ConsumerRecord], expected: Expected
) -> list[Finding]:
    if not subject.own_stores:
        return []
    found = remains.stores(home, subject.table)
    ends = {record.partition: record.offset for record in changelog}
    missing = ends.keys() - found.keys()
    if missing:
        return [Finding(STORE, f"{home.name}: partitions {sorted(missing)} are missing")]
    findings = [
        Finding(STORE, f"{home.name}: partition {n} at changelog offset {found[n].offset}, not {end}")
        for n, end in ends.items()
        if found[n].offset != end
    ]
    wrong = expected.of_state(_values(subject, (store.values for store in found.values())))
    return findings + [Finding(STORE, f"{home.name}: {it.kind}: {it.what}", it.count) for it in wrong]


def _values(subject: Subject, partitions: Iterable[Mapping[bytes, bytes]]) -> State:
    values = {}
    for partition in partitions:
        for key, raw in partition.items():
            value = subject.decode(raw)
            if value is not None:
                values[key.decode()] = value
    return values


def _letters(expected: Expected, found: Mapping[remains.Place, int]) -> list[Finding]:
    lost = [Finding(LETTER, f"no letter for {place}") for place in expected.letters - found.keys()]
    return lost + [Finding(LETTER, f"a letter for {place}") for place in found.keys() - expected.letters]


def _outputs(expected: Expected, values: Iterable[bytes]) -> list[Finding]:
    """They are at-least-once: their readers know repeats by the origin in their headers."""
    found = set(values)
    lost = [Finding(OUTPUT, f"lost: {value!r}") for value in expected.outputs - found]
    return lost + [Finding(OUTPUT, f"nobody expects {value!r}") for value in found - expected.outputs]


def _inputs(subject: Subject, truth: Truth, evidence: Evidence) -> list[Finding]:
    """What lies on the topics is what the truth says, each once: else all else means nothing."""
    landed = remains.landed(truth.inputs, {name: evidence.records[name] for name in subject.sources})
    times = Counter(id(item.input) for item in landed)
    wrong = sum(times[id(item)] != 1 for item in truth.inputs)
    return [Finding(COUNT, f"{wrong} inputs are not on their topic once", wrong)] if wrong else []
