"""DSPBench's fraud detection: missed probability over the last five states of an entity, local predictor.

Input lines are `entityID,recordID,state`: entity 3 random characters of A-Z0-9 (46,656 customers), record 12, state
uniform over {L,M,H} x {N,H} x {L,N,S}. With five states, score = mean over the four transitions of
1 - P[previous][current]; emitted above 0.96. The original matrix is not ours: this one has exponential rows that sum to
1, of the seed among 300 that comes nearest to the original's 25.9 % of all 800,000 events (`share_emitted` tells).
"""

import random
import string
from collections.abc import Iterator
from itertools import pairwise, product
from typing import NamedTuple

WINDOW = 5
THRESHOLD = 0.96
STATES = ["".join(parts) for parts in product("LMH", "NH", "LNS")]
LETTERS = string.ascii_uppercase + string.digits
MATRIX_SEED = 80

INDEX = {state: number for number, state in enumerate(STATES)}


def matrix(seed: int = MATRIX_SEED) -> list[list[float]]:
    """Make the transition matrix: rows sum to 1."""
    chance = random.Random(seed)
    rows = [[chance.expovariate(1.0) for _ in STATES] for _ in STATES]
    return [[cell / sum(row) for cell in row] for row in rows]


MISSED = [[1.0 - cell for cell in row] for row in matrix()]


class Line(NamedTuple):
    """One line of the input."""

    entity: str
    record: str
    state: str

    def encode(self) -> bytes:
        return f"{self.entity},{self.record},{self.state}".encode()


def lines(count: int, seed: int = 1) -> Iterator[Line]:
    """Make the input; the record's number stands in its id, so that ids do not repeat."""
    chance = random.Random(seed)
    for number in range(count):
        entity = "".join(chance.choices(LETTERS, k=3))
        record = "".join(chance.choices(LETTERS, k=4)) + f"{number:08d}"
        yield Line(entity, record, chance.choice(STATES))


def fold(window: bytes, state: int) -> tuple[bytes, float | None]:
    """Add a state to an entity's last ones: the new window, and the score once it is full."""
    window = (window + bytes((state,)))[-WINDOW:]
    if len(window) < WINDOW:
        return window, None
    a, b, c, d, e = window
    return window, (MISSED[a][b] + MISSED[b][c] + MISSED[c][d] + MISSED[d][e]) / (WINDOW - 1)


def oracle(given: Iterator[Line]) -> dict[str, float]:
    """Compute record -> score of all that must be emitted, from each entity's list of states and the plain matrix."""
    plain = matrix()
    by_entity: dict[str, list[Line]] = {}
    for line in given:
        by_entity.setdefault(line.entity, []).append(line)
    emitted = {}
    for own in by_entity.values():
        for last in range(WINDOW - 1, len(own)):
            states = [INDEX[line.state] for line in own[last - WINDOW + 1 : last + 1]]
            score = sum(sum(plain[one]) - plain[one][other] for one, other in pairwise(states)) / (WINDOW - 1)
            if score > THRESHOLD:
                emitted[own[last].record] = score
    return emitted
