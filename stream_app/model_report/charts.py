"""The pictures of the report, each from its numbers in `model-report.json`: what it shows, and the table beside it."""

from collections.abc import Mapping, Sequence

from models.learning.scoring import probability
from stream_app.model_report import svg
from stream_app.model_report.chart import Chart, Model, anchor, is_judged, number
from stream_app.model_report.curves import as_percent
from stream_app.model_report.over_time import LEAST_OF_A_CLASS, over_time
from stream_app.model_report.svg import Axis, Frame, Tick, plain_axis, short


def reliability(model: str, figures: Model) -> Chart:
    """Draw what came true against what was told: on the diagonal a score is a probability."""
    name, title, groups = f"{anchor(model)}-reliability", "Reliability", figures["reliability"]
    if not groups:
        return Chart(name, title, "No score has met its label yet.")
    top = max(max(group["predicted"], group["high"]) for group in groups)
    axis = plain_axis(0.0, min(1.0, top * 1.05), "", percent=True)
    frame = Frame(axis._replace(title="told"), axis._replace(title="came true"))
    parts = [svg.axes(frame), svg.line(frame, [(0.0, 0.0), (axis.high, axis.high)], "ideal", title="ideal")]
    parts += [svg.whisker(frame, g["predicted"], g["low"], min(axis.high, g["high"]), "line-0") for g in groups]
    points = [(group["predicted"], group["observed"]) for group in groups]
    parts += [svg.line(frame, points, "line-0"), svg.dots(frame, points, "line-0")]
    says = (
        f"Groups of equal size by score: what they were told, and the share of which it came true (bars: 95%). "
        f"These are {figures['scores_of']}."
    )
    table = tuple(
        (f"{g['examples']:,}", _percent(g["predicted"]), _percent(g["observed"]), _range(g["low"], g["high"]))
        for g in groups
    )
    legend = (("line-0", "scores"), ("ideal", "ideal"))
    columns = ("examples", "told", "came true", "95% interval")
    return Chart(name, title, says, svg.picture(name, title, says, *parts), legend, columns, table)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _range(low: float, high: float) -> str:
    return f"{_percent(low)} to {_percent(high)}"


def gain(model: str, figures: Model) -> Chart:
    """Draw how many of the positives the highest scores find."""
    name, title, curve = f"{anchor(model)}-gain", "Gain", figures["gain"]
    if not curve:
        return Chart(name, title, "Nothing has come true yet of what was scored.")
    axis = plain_axis(0.0, 1.0, "", percent=True)
    frame = Frame(axis._replace(title="customers, highest score first"), axis._replace(title="found"))
    found = figures["found_in_first_tenth"]
    says = f"Who works through the tenth with the highest scores finds {_percent(found)} of those of whom it came true."
    below = min(frame.at_y(found) + 16, frame.at_y(0.0) - 6)  # a low curve's label stays above the axis
    parts = [
        svg.axes(frame),
        svg.line(frame, [(0.0, 0.0), (1.0, 1.0)], "ideal", title="by chance"),
        svg.line(frame, [(point["customers"], point["found"]) for point in curve], "line-0", title="by score"),
        svg.dots(frame, [(0.1, found)], "line-0"),
        svg.words(f"{_percent(found)} in the first tenth", frame.at_x(0.1) + 10, below, class_="name"),
    ]
    tenths = [point for place, point in enumerate(curve) if place % max(1, len(curve) // 10) == 0]
    table = tuple((_percent(point["customers"]), _percent(point["found"])) for point in tenths)
    legend = (("line-0", "by score"), ("ideal", "by chance"))
    return Chart(name, title, says, svg.picture(name, title, says, *parts), legend, ("customers", "found"), table)


def distribution(model: str, figures: Model) -> Chart:
    """Draw where the scores of both classes lie."""
    name, title, bars = f"{anchor(model)}-distribution", "Score distribution", figures["distribution"]
    if not bars:
        return Chart(name, title, "No score has met its label yet.")
    low, high = bars[0]["low"], bars[-1]["high"]
    places = [low + (high - low) * step / 5 for step in range(6)]
    x = Axis(low, high, tuple(Tick(place, as_percent(place)) for place in places), "score (in steps of its log-odds)")
    frame = Frame(
        x, plain_axis(0.0, 1.08 * max(max(b["negatives"], b["positives"]) for b in bars), "share", percent=True)
    )
    parts, half = [svg.axes(frame)], 0.25
    for bar in bars:
        told = f"{_range(probability(bar['low']), probability(bar['high']))}: "
        for class_, key, start in (("bar-no", "negatives", bar["low"]), ("bar-yes", "positives", bar["low"] + half)):
            hint = f"{told}{_percent(bar[key])} of the {key}"
            parts.append(svg.column(frame, start + 0.02, start + half - 0.02, bar[key], class_, hint))
    says = "The further the two lie apart, the better the model tells them from each other; each class adds up to 100%."
    table = tuple(
        (_range(probability(b["low"]), probability(b["high"])), _percent(b["negatives"]), _percent(b["positives"]))
        for b in bars
    )
    legend = (("bar-no", "did not come true"), ("bar-yes", "came true"))
    columns = ("score", "did not come true", "came true")
    return Chart(name, title, says, svg.picture(name, title, says, *parts), legend, columns, table)


def reasons(model: str, figures: Model, count: int = 10) -> Chart:
    """Draw what moves scores most."""
    name, title, listed = f"{anchor(model)}-reasons", "Top reasons", figures["reasons"][:count]
    if not listed:
        return Chart(name, title, "This source tells no reasons of this model.")
    says = f"What moves scores most: {figures['reasons_of']}."
    rows = [(f"{one['en']} · {one['zh']}", one["size"], short(one["size"]), "bar-one") for one in listed]
    drawn, height = svg.lying_bars(rows)
    table = tuple((one["code"], one["en"], one["zh"], number(one["size"])) for one in figures["reasons"])
    columns = ("code", "reason", "原因", "size")
    return Chart(name, title, says, svg.picture(name, title, says, drawn, height=height), (), columns, table)


def maturity(model: str, figures: Model) -> Chart:
    """Draw how long labels take."""
    name, title, lags = f"{anchor(model)}-lag", "Maturity lag", {int(d): n for d, n in figures["lag_days"].items()}
    if not lags:
        return Chart(name, title, "This source does not keep when each score was given (newer versions do).")
    number_of, low, high = sum(lags.values()), min(lags), max(lags)
    x = plain_axis(0.0, high + 2.0, "days from score to label")
    frame = Frame(x, plain_axis(0.0, 1.1 * max(lags.values()) / number_of, "examples", percent=True))
    parts = [svg.axes(frame)]
    for days, count in lags.items():
        hint = f"{days} days: {_percent(count / number_of)}"
        parts.append(svg.column(frame, days - 0.4, days + 0.4, count / number_of, "bar-one", hint))
    lasts = f"{low} days" if low == high else f"{low} to {high} days"
    says = f"A label is known {lasts} after the score: what the model learns today, customers did then."
    table = tuple((str(days), f"{count:,}", _percent(count / number_of)) for days, count in sorted(lags.items()))
    return Chart(name, title, says, svg.picture(name, title, says, *parts), (), ("days", "examples", "share"), table)


def joins(model: str, figures: Model) -> Chart:
    """Draw what became of the examples: learned, censored, late, repeated, refused."""
    name, title, told = f"{anchor(model)}-joins", "What became of the examples", figures["figures"]
    learned = [
        ("came true, learned", told["positives"], "bar-yes"),
        ("did not come true, learned", told["examples"] - told["positives"], "bar-no"),
    ]
    kinds = [
        *(learned if is_judged(figures) else [("learned", told["examples"], "bar-one")]),
        ("censored: the label can never be known", told.get("censored", 0), "bar-one"),
        ("late: below what was released, not learned", told.get("late", 0), "bar-bad"),
        ("repeated: told again after a crash, learned once", told.get("repeated", 0), "bar-one"),
        ("refused: the numbers ran away", told.get("refused", 0), "bar-bad"),
    ]
    return _counted(name, title, "Every example that came, by what was done with it.", kinds)


def outcomes(heard: Mapping[str, int]) -> Chart:
    """Draw whether outcomes found what they answer."""
    classes = {"joined": "bar-yes", "late": "bar-bad", "dangling": "bar-bad"}
    explained = {
        "joined": "joined: it answers an offer or alert that is known",
        "late": "late: after the offer's horizon, or told when its label was out; counted and not used",
        "dangling": "dangling: it answers nothing that is known",
    }
    kinds = [(explained.get(name, name), heard.get(name, 0), classes.get(name, "bar-one")) for name in explained]
    says = "What customers answered (outcomes), by whether it could be joined to what they answer."
    if not heard:
        return Chart("outcomes", "Outcomes", "This source has heard no outcomes, or does not count them.")
    return _counted("outcomes", "Outcomes", says, kinds)


def _counted(name: str, title: str, says: str, kinds: Sequence[tuple[str, int, str]]) -> Chart:
    whole = sum(count for _, count, _ in kinds)
    if not whole:
        return Chart(name, title, "Nothing has come yet.")
    rows = [(kind, float(count), f"{count:,} ({_percent(count / whole)})", class_) for kind, count, class_ in kinds]
    drawn, height = svg.lying_bars(rows)
    table = tuple((kind, f"{count:,}", _percent(count / whole)) for kind, count, _ in kinds)
    columns = ("", "number", "share")
    return Chart(name, title, says, svg.picture(name, title, says, drawn, height=height), (), columns, table)


def charts(model: str, figures: Model) -> tuple[Chart, ...]:
    """Draw all pictures of one model."""
    lately = (
        "Each dot: a stretch of examples in the order in which their labels came, judged before they were learned. "
    )
    said = lately + "Lines: the mean of the last five stretches."
    return (
        over_time(
            model,
            figures,
            "auc",
            "AUC over time",
            f"{said} Stretches with fewer than {LEAST_OF_A_CLASS} of a class are left out.",
        ),
        over_time(model, figures, "log_loss", "Log loss over time", said + " Lower is better."),
        reliability(model, figures),
        gain(model, figures),
        distribution(model, figures),
        reasons(model, figures),
        joins(model, figures),
        maturity(model, figures),
    )
