"""The synthetic bank: a seeded stream of events with a planted truth beside it.

`simulate(Options(…))` gives the lines, `World` also the truth, `write` both as files; `live.run` sends a world to
Kafka at any speed and answers the offers that come back.
"""

from stream_app.simulate.lines import Line, parse_line
from stream_app.simulate.options import NO_FAULTS, Faults, Options
from stream_app.simulate.outcomes import Respondents, acceptance
from stream_app.simulate.seasons import start_for_live
from stream_app.simulate.world import World, simulate
from stream_app.simulate.writer import Written, write

__all__ = [
    "NO_FAULTS",
    "Faults",
    "Line",
    "Options",
    "Respondents",
    "World",
    "Written",
    "acceptance",
    "parse_line",
    "simulate",
    "start_for_live",
    "write",
]
