"""A version of a model that goes out, and when one does."""

from typing import NamedTuple

from models.evaluation.meters import Quality
from models.learning.learner import Snapshot
from models.training.bookmark import BEFORE_ALL


class Published(NamedTuple):
    """One version to publish: its number, all that a restart needs, apart from it what is served by, and as of when."""

    model: str
    version: int
    snapshot: Snapshot
    quality: Quality
    served: Snapshot | None = None
    matured_ms: int = BEFORE_ALL[0]  # of the newest example that had its turn


class Cadence(NamedTuple):
    """When a version is published: after so many released examples, and when the event-time day has changed."""

    examples: int
    daily: bool = True
