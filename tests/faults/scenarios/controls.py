"""Negative controls: one protection taken away, under the fault that shows it. Each must show what that keeps off.

A run that hangs or ends for another reason proves nothing. Beside idiomatic Faust under kills stands the same worker
without them, which must be exact: what the control shows, the kills have done.
"""

import asyncio
from collections.abc import Iterable
from functools import partial

from tests.faults.idiomatic.subject import IdiomaticSubject
from tests.faults.run import Run
from tests.faults.scenario import Scenario
from tests.faults.scenarios.members import sleeps_at_a_point
from tests.faults.subject import ALERT_LOST, ALERT_TWICE, LOST, STORE, TWICE
from tests.faults.tally.inputs import Mix
from tests.faults.tally.subject import TallySubject
from tests.integration.engine.tally import Rule

SLOW = 100
"""Inputs a second, so that idiomatic Faust has caught up before it is killed again."""
ENOUGH = 300
"""Alerts: what some 1,300 inputs bring."""
HOT = Mix(keys=20, duplicates=0.0, asks=0.0)
ALERTS = {ALERT_LOST, ALERT_TWICE}
HARM = frozenset({LOST, TWICE, *ALERTS})
TWO_TOPICS = partial(TallySubject, names=("events", "others"), ordered=False, mix=Mix(keys=40, asks=0.4))


async def crash_without(run: Run, sabotage: str, point: str) -> None:
    """Crash at the point that shows it, with a backlog, and start again."""
    await run.flow.send(3_000)
    run.crew.supervised = False
    for _ in range(3):
        passage = run.chance.randrange(2, 6)
        await run.start(RAPPORT_CRASH_AT=f"{point}:{passage}", TALLY_SABOTAGE=sabotage)
        await run.crew.end_at_point("w1")
    await run.start(TALLY_SABOTAGE=sabotage)
    await run.quiet()


async def killed(run: Run) -> None:
    """Killed at random, and started again; no marks tell how far it is, so its alerts must."""
    run.flow.begin(SLOW)
    await run.start()
    await run.works()
    for _ in range(run.kills_wanted):
        await asyncio.sleep(run.chance.uniform(0.1, 2.0))  # the moment is what chance decides
        await run.crew.kill("w1")
        await run.start()
        await run.works()


async def left_alone(run: Run) -> None:
    """The same worker at the same pace, and nobody harms it: stopped at the end, and started again on nothing."""
    run.flow.begin(SLOW)
    await run.start()
    await run.works(ENOUGH)


async def replay_otherwise(run: Run, sabotage: str, point: str) -> None:
    """Two topics, a crash, and other batches and another policy for the replay."""
    await run.flow.send(4_000)
    run.crew.supervised = False
    for _ in range(4):
        options = {"TALLY_BATCH": str(run.chance.randrange(20, 300)), "TALLY_EVERY": str(run.chance.randrange(2, 9))}
        passage = run.chance.randrange(1, 5)
        await run.start(RAPPORT_CRASH_AT=f"{point}:{passage}", TALLY_SABOTAGE=sabotage, **options)
        await run.crew.end_at_point("w1")
    await run.start(TALLY_SABOTAGE=sabotage, TALLY_EVERY="3")
    await run.quiet()


def _control(name: str, body: object, subject: object, shows: Iterable[str], seeds: int = 3) -> Scenario:
    return Scenario(f"without_{name}", body, subject, seeds=seeds, must_show=frozenset(shows))  # type: ignore[arg-type]


ALL = (
    _control(
        "guard",
        partial(crash_without, sabotage="guard_off", point="after_effects"),
        partial(TallySubject, rule=Rule(every=5, remembered=0), mix=HOT),
        shows={TWICE},
    ),
    _control(
        "guard_on_nothing",
        partial(replay_otherwise, sabotage="nothing_unguarded", point="after_effects"),
        TWO_TOPICS,
        shows=ALERTS,
        seeds=8,
    ),
    _control(
        "restaging",
        partial(crash_without, sabotage="no_restaging", point="after_changelog"),
        partial(TallySubject, mix=HOT),
        shows={ALERT_LOST},
    ),
    _control(
        "entries_kept_until_acknowledged",
        partial(crash_without, sabotage="pruned_early", point="after_changelog"),
        partial(TallySubject, mix=HOT),
        shows={ALERT_LOST},
    ),
    _control(
        "changelog_before_effects",
        partial(replay_otherwise, sabotage="effects_first", point="after_effects"),
        TWO_TOPICS,
        shows=ALERTS,
        seeds=8,
    ),
    _control(
        "fence",  # the epochs in the changelog still stand, so only the sleeper's own store tells
        partial(sleeps_at_a_point, point="before_changelog", TALLY_SABOTAGE="fence_off"),
        TallySubject,
        shows={STORE},
        seeds=4,
    ),
    _control(
        "fence_and_epochs",
        partial(sleeps_at_a_point, point="before_changelog", TALLY_SABOTAGE="fence_and_epochs_off"),
        TallySubject,
        shows={LOST},
        seeds=6,
    ),
    Scenario("idiomatic_faust", killed, IdiomaticSubject, seeds=3, kills=8, of_the_engine=False, must_show=HARM),
    Scenario("idiomatic_faust_left_alone", left_alone, IdiomaticSubject, seeds=1, of_the_engine=False),
)
