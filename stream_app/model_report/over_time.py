"""A figure of each competitor over time, with the limits that it is held against and what happened meanwhile."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from models.policy import Text
from stream_app.model_report import svg
from stream_app.model_report.chart import Chart, Model, anchor, number
from stream_app.model_report.curves import smoothed
from stream_app.model_report.limits import HIGH_AUC, LOW_AUC
from stream_app.model_report.sheet import weight_of
from stream_app.model_report.svg import Axis, Frame, Tick, plain_axis
from stream_app.model_report.words import AUC, EXAMPLES, LOG_LOSS, MODEL, NO_TRIAL, POSITIVES, Cell, both, event, role

LEAST_OF_A_CLASS = 5
NAMES = {"auc": AUC, "log_loss": LOG_LOSS}
CHANCE, LEAK = Text(zh="随机", en="chance"), Text(zh="检查泄漏", en="look for a leak")
MARKED = (
    ("drift", Text(zh="D：漂移，开启试验", en="D: drift, opened a trial")),
    ("spent", Text(zh="D：漂移，未开启试验", en="D: drift, opened none")),
)
TOO_FEW = Text(zh="成真的标签还太少，画不成线。", en="Too few labels have come true yet to draw a line.")


def over_time(model: str, figures: Model, measure: str, title: Text, says: Text) -> Chart:
    """Draw a figure of each competitor over time: dots are stretches, the line the mean of the last five."""
    name = f"{anchor(model)}-{measure.replace('_', '-')}"
    rows = [row for row in figures["history"] if not row["segment"] and _tells(row, measure)]
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        lines.setdefault(row["name"], []).append(row)
    lines = {name: points for name, points in lines.items() if len(points) > 1}
    if not lines:
        return Chart(name, title, TOO_FEW)
    frame = Frame(_days(rows), _span([row[measure] for row in rows], measure))
    parts = [svg.axes(frame)]
    if measure == "auc":
        parts += [svg.level(frame, LOW_AUC, CHANCE.both), svg.level(frame, HIGH_AUC, LEAK.both)]
    seen = _within(figures["drifts"], frame)
    parts += [_drift(frame, each) for each in seen]
    happened = _within(figures["events"], frame)
    parts += [svg.mark(frame, _day(each), each["what"][0].upper(), _event(each)) for each in happened]
    legend: list[tuple[str, Cell]] = []
    for place, (line, points) in enumerate(lines.items()):
        class_ = f"line-{place % 6}"
        placed = [(_day(row), row[measure], weight_of(row, measure)) for row in points]
        parts += [svg.dots(frame, [(x, y) for x, y, _ in placed], class_)]
        parts += [svg.line(frame, smoothed(placed), class_, title=line)]
        of = points[-1]["role"]
        legend.append((class_, line if of == "served" else f"{line} ({both(role(of))})"))
    legend += [entry for entry in MARKED if entry[0] in {_kind(each) for each in seen}]
    table = tuple(
        (row["due_day"], row["name"], f"{row['examples']:,}", f"{row['positives']:,}", number(row[measure], 4))
        for row in rows
    )
    drawn = svg.picture(name, title.both, f"{says.both} Lines: {', '.join(lines)}.", *parts)
    columns = (Text(zh="截至", en="until"), MODEL, EXAMPLES, POSITIVES, NAMES[measure])
    return Chart(name, title, says, drawn, tuple(legend), columns, table)


def _tells(row: Mapping[str, Any], measure: str) -> bool:
    """Whether a stretch says anything: an AUC of fewer than `LEAST_OF_A_CLASS` says next to nothing."""
    return row[measure] is not None and (measure != "auc" or weight_of(row, measure) >= LEAST_OF_A_CLASS)


def _day(row: Mapping[str, Any]) -> float:
    """Give a row's or an event's day as a number."""
    return float(date.fromisoformat(row["due_day"]).toordinal()) if "due_day" in row else _of_ms(row["at_ms"])


def iso_day(at_ms: int) -> str:
    """Name the day of a moment (UTC)."""
    return date.fromordinal(int(_of_ms(at_ms))).isoformat()


def _of_ms(at_ms: int) -> float:
    return date(1970, 1, 1).toordinal() + at_ms / 86_400_000


def _days(rows: Sequence[Mapping[str, Any]]) -> Axis:
    days = sorted({_day(row) for row in rows})
    low, high = days[0], max(days[-1], days[0] + 1)
    places = [low + (high - low) * step / 4 for step in range(5)]
    ticks = tuple(Tick(place, date.fromordinal(round(place)).strftime("%d %b")) for place in places)
    return Axis(low, high, ticks, f"标签已知 / label known ({date.fromordinal(int(high)).year})")


def _span(values: Sequence[float], measure: str) -> Axis:
    low, high = min(values), max(values)
    if measure == "auc":
        return plain_axis(min(0.5, low), max(0.95, high), both(AUC))
    return plain_axis(low * 0.8, high * 1.1, both(NAMES[measure]))


def _within(moments: Sequence[Mapping[str, Any]], frame: Frame) -> list[Mapping[str, Any]]:
    return [each for each in moments if frame.x.low <= _day(each) <= frame.x.high]


def _drift(frame: Frame, seen: Mapping[str, Any]) -> str:
    """Mark a drift, with a D at its foot: a trial that it opened may have its letter on top of the same line."""
    opened = Text(zh=f"开启试验 {seen['trial']}", en=f"opened trial {seen['trial']}") if seen["trial"] else NO_TRIAL
    rose = Text(
        zh=f"漂移：{seen['about']} 的损失上升，{opened.zh}", en=f"drift: loss of {seen['about']} rose, {opened.en}"
    )
    return svg.mark(frame, _day(seen), "D", rose.both, _kind(seen), foot=True)


def _kind(seen: Mapping[str, Any]) -> str:
    return "drift" if seen["trial"] else "spent"


def _event(happened: Mapping[str, Any]) -> str:
    return f"{both(event(happened['what']))}: {happened['about']} ({happened['why']})"
