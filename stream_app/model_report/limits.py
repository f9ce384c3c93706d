"""What makes a model healthy: every limit of the report in one place, with the reason for it."""

from collections.abc import Callable, Mapping
from math import log
from typing import Any, NamedTuple

Figures = Mapping[str, Any]


class Limit(NamedTuple):
    """One limit: its name, whether figures break it (None: they cannot tell), what to say then, and why it is one."""

    name: str
    broken: Callable[[Figures], bool | None]
    says: Callable[[Figures], str]
    why: str


class Remark(NamedTuple):
    """A limit that was broken."""

    limit: str
    says: str
    why: str


LOW_AUC, HIGH_AUC, MATURE_POSITIVES, HIGH_ECE = 0.55, 0.90, 200, 0.02
SERVED_GAP, LATE_SHARE, CENSORED_SHARE = 0.05, 0.01, 0.20


def _worst_ece(figures: Figures) -> float | None:
    """Give the larger calibration error: of the scores as served, or of the model's own."""
    errors = [(figures.get("served") or {}).get("calibration_error"), figures.get("calibration_error")]
    return max([error for error in errors if error is not None], default=None)


def _whose_ece(figures: Figures) -> str:
    """Say of which scores the larger calibration error is: the page shows the model's own beside it."""
    served = (figures.get("served") or {}).get("calibration_error")
    return " of the scores as served" if served is not None and served == _worst_ece(figures) else ""


def _share(part: str, figures: Figures) -> float:
    """Say what share of all examples that came to their end met this one."""
    number = figures.get(part) or 0
    rest = figures["examples"] + (0 if part == "examples" else number)
    return number / rest if rest else 0.0


def base_rate_loss(figures: Figures) -> float | None:
    """Give the log loss of who says the base rate to everybody."""
    number, positives = figures["examples"], figures["positives"]
    if not 0 < positives < number:
        return None
    share = positives / number
    return float(-(share * log(share) + (1 - share) * log(1 - share)))


def _no_better_than_the_base_rate(figures: Figures) -> bool | None:
    known, loss = base_rate_loss(figures), figures.get("log_loss")
    return None if known is None or loss is None else loss >= known


def _served_worse(figures: Figures) -> bool | None:
    served, auc = (figures.get("served") or {}).get("auc"), figures.get("auc")
    return None if served is None or auc is None else auc - served > SERVED_GAP


LIMITS: tuple[Limit, ...] = (
    Limit(
        "mature",
        lambda f: f["positives"] < MATURE_POSITIVES,
        lambda f: f"immature: {f['positives']} positives, fewer than {MATURE_POSITIVES}",
        "With fewer positives an AUC may be off by 0.04 and more; who acts on it acts on chance.",
    ),
    Limit(
        "better than chance",
        lambda f: None if f["auc"] is None else f["auc"] < LOW_AUC,
        lambda f: f"AUC below {LOW_AUC:.2f}: hardly better than chance",
        "0.50 is a coin. Below 0.55 a queue sorted by this score wastes the time of those who work through it.",
    ),
    Limit(
        "no leak",
        lambda f: None if f["auc"] is None else f["auc"] > HIGH_AUC,
        lambda f: f"AUC above {HIGH_AUC:.2f}: look for a leak",
        "People are not that foreseeable: more often a feature knows the answer (say, the closing of an account).",
    ),
    Limit(
        "calibrated",
        lambda f: None if _worst_ece(f) is None else (_worst_ece(f) or 0.0) > HIGH_ECE,
        lambda f: f"calibration error {_worst_ece(f):.3f}{_whose_ece(f)}, above {HIGH_ECE}: they are no probabilities",
        "Thresholds and expected values of policy take a score for a probability; two points off moves who is called.",
    ),
    Limit(
        "informative",
        _no_better_than_the_base_rate,
        lambda f: f"log loss {f['log_loss']:.4f} is no better than the base rate's {base_rate_loss(f):.4f}",
        "Who says the same base rate to everybody has this log loss; a model that has more knows less than nothing.",
    ),
    Limit(
        "served as known",
        _served_worse,
        lambda f: f"scores as served have an AUC more than {SERVED_GAP:.2f} below the model's own",
        "Customers get a score weeks before its label: a wide gap means that versions reach the workers late or drift.",
    ),
    Limit(
        "labels in time",
        lambda f: _share("late", f) > LATE_SHARE,
        lambda f: f"{100 * _share('late', f):.1f}% of the examples came late and were not learned",
        "What is late is left out so that a replay learns the same. More than 1 % of it means that a clock runs ahead.",
    ),
    Limit(
        "labels known",
        lambda f: _share("censored", f) > CENSORED_SHARE,
        lambda f: f"{100 * _share('censored', f):.0f}% of the examples have no label that could be known",
        "Censored are death, merger, withdrawn consent, retracted offers. Many of them make the rest a selection.",
    ),
    Limit(
        "sound numbers",
        lambda f: bool(f.get("refused")),
        lambda f: f"{f['refused']} examples made the numbers run away and were refused",
        "An online model goes back to its last good state; that it had to says that a feature holds damage.",
    ),
)


def remarks(figures: Figures) -> list[Remark]:
    """Hold a model's figures against all limits; what cannot be told is no remark.

    >>> [remark.says for remark in remarks({"auc": 0.93, "positives": 500, "examples": 9_000})]
    ['AUC above 0.90: look for a leak']
    """
    return [Remark(limit.name, limit.says(figures), limit.why) for limit in LIMITS if limit.broken(figures)]
