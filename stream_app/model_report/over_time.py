"""A figure of each competitor over time, with the limits that it is held against and what happened meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from stream_app.model_report import svg
from stream_app.model_report.chart import Chart, Model, anchor, number
from stream_app.model_report.curves import smoothed
from stream_app.model_report.limits import HIGH_AUC, LOW_AUC
from stream_app.model_report.sheet import weight_of
from stream_app.model_report.svg import Axis, Frame, Tick, plain_axis

LEAST_OF_A_CLASS = 5


def over_time(model: str, figures: Model, measure: str, title: str, says: str) -> Chart:
    """Draw a figure of each competitor over time: dots are stretches, the line the mean of the last five."""
    name = f"{anchor(model)}-{measure.replace('_', '-')}"
    rows = [row for row in figures["history"] if not row["segment"] and _tells(row, measure)]
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        lines.setdefault(row["name"], []).append(row)
    lines = {name: points for name, points in lines.items() if len(points) > 1}
    if not lines:
        return Chart(name, title, "Too few labels have come true yet to draw a line.")
    frame = Frame(_days(rows), _span([row[measure] for row in rows], measure))
    parts = [svg.axes(frame)]
    if measure == "auc":
        parts += [svg.level(frame, LOW_AUC, "chance"), svg.level(frame, HIGH_AUC, "look for a leak")]
    parts += [
        svg.mark(frame, _day(event), event["what"][0].upper(), _event(event)) for event in _within(figures, frame)
    ]
    legend = []
    for place, (line, points) in enumerate(lines.items()):
        class_ = f"line-{place % 6}"
        placed = [(_day(row), row[measure], weight_of(row, measure)) for row in points]
        parts += [svg.dots(frame, [(x, y) for x, y, _ in placed], class_)]
        parts += [svg.line(frame, smoothed(placed), class_, title=line)]
        role = points[-1]["role"]
        legend.append((class_, line if role == "served" else f"{line} ({role})"))
    table = tuple(
        (row["due_day"], row["name"], f"{row['examples']:,}", f"{row['positives']:,}", number(row[measure], 4))
        for row in rows
    )
    drawn = svg.picture(name, title, f"{says} Lines: {', '.join(lines)}.", *parts)
    return Chart(name, title, says, drawn, tuple(legend), ("until", "model", "examples", "positives", measure), table)


def _tells(row: Mapping[str, Any], measure: str) -> bool:
    """Whether a stretch says anything: an AUC of fewer than `LEAST_OF_A_CLASS` says next to nothing."""
    return row[measure] is not None and (measure != "auc" or weight_of(row, measure) >= LEAST_OF_A_CLASS)


def _day(row: Mapping[str, Any]) -> float:
    """Give a row's or an event's day as a number."""
    return float(date.fromisoformat(row["due_day"]).toordinal()) if "due_day" in row else _of_ms(row["at_ms"])


def _of_ms(at_ms: int) -> float:
    return date(1970, 1, 1).toordinal() + at_ms / 86_400_000


def _days(rows: Sequence[Mapping[str, Any]]) -> Axis:
    days = sorted({_day(row) for row in rows})
    low, high = days[0], max(days[-1], days[0] + 1)
    places = [low + (high - low) * step / 4 for step in range(5)]
    ticks = tuple(Tick(place, date.fromordinal(round(place)).strftime("%d %b")) for place in places)
    return Axis(low, high, ticks, f"label known ({date.fromordinal(int(high)).year})")


def _span(values: Sequence[float], measure: str) -> Axis:
    low, high = min(values), max(values)
    if measure == "auc":
        return plain_axis(min(0.5, low), max(0.95, high), "AUC")
    return plain_axis(low * 0.8, high * 1.1, measure.replace("_", " "))


def _within(figures: Model, frame: Frame) -> list[Mapping[str, Any]]:
    return [event for event in figures["events"] if frame.x.low <= _day(event) <= frame.x.high]


def _event(event: Mapping[str, Any]) -> str:
    return f"{event['what'].replace('_', ' ')}: {event['about']} ({event['why']})"
