"""The page: one self-contained HTML file of the numbers in `model-report.json`, for people; no script, no network."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from stream_app.model_report.chart import Chart, anchor, is_judged, number
from stream_app.model_report.charts import charts, outcomes
from stream_app.model_report.limits import HIGH_ECE
from stream_app.model_report.style import STYLE

MEASURES = ("examples", "positives", "AUC", "log loss", "calibration error")  # as `_measured` writes them


def page(document: Mapping[str, Any]) -> str:
    """Write the report as HTML."""
    models = document["models"]
    links = "".join(f'<a href="#{anchor(name)}">{escape(name)}</a>' for name in models)
    policy = f" · policy {escape(document['policy'])}" if document["policy"] else ""
    body = "".join(_model(name, figures) for name, figures in models.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Model report</title>'
        f"<style>{STYLE}</style></head><body><header><h1>Model report</h1>"
        f"<p>{escape(document['source'])}{policy}</p>"
        f'<nav aria-label="Models">{links}<a href="#limits">limits</a></nav></header><main>'
        f'{_overview(models)}{body}<section id="outcomes"><h2>Answers of customers</h2>'
        f'<div class="charts">{_figure(outcomes(document["outcomes"]))}</div></section>{_limits(document)}</main>'
        "<footer>Each example is judged by a score given before it was learned. Nothing here was tuned on it."
        "</footer></body></html>\n"
    )


def _overview(models: Mapping[str, Any]) -> str:
    """Say of each model in a line whether anything is to be looked at."""
    rows = [
        (
            f'<a href="#{anchor(name)}">{escape(name)}</a>',
            _badge(figures),
            *(escape(cell) for cell in _headline(figures)),
            escape("; ".join(remark["says"] for remark in figures["remarks"]) or "–"),
        )
        for name, figures in models.items()
    ]
    columns = ("model", "state", "version", *MEASURES, "remarks")
    return f"<section><h2>At a glance</h2>{_table(columns, rows, 'Models at a glance', raw=True)}</section>"


def _headline(model: Mapping[str, Any]) -> tuple[str, ...]:
    figures = model["figures"]
    return str(figures["version"]), *_measured(figures, figures["calibration_error"])


def _measured(figures: Mapping[str, Any], error: float | None) -> tuple[str, ...]:
    """Write what a model is judged by; rows of its history call the calibration `error` by another name."""
    return (
        f"{figures['examples']:,}",
        f"{figures['positives']:,}",
        number(figures["auc"]),
        number(figures["log_loss"], 4),
        number(error, 4),
    )


def _badge(model: Mapping[str, Any]) -> str:
    if model["remarks"]:
        return '<span class="badge look">look at it</span>'
    if model["figures"]["auc"] is None:
        return '<span class="badge">not judged</span>'
    return '<span class="badge well">healthy</span>'


def _model(name: str, model: Mapping[str, Any]) -> str:
    remarks = "".join(
        f"<li><strong>{escape(remark['says'])}.</strong> {escape(remark['why'])}</li>" for remark in model["remarks"]
    )
    all_charts = charts(name, model)
    drawn = [chart for chart in all_charts if chart.svg]
    missing = [chart for chart in all_charts if not chart.svg]
    left_out = "".join(f"<li><strong>{escape(chart.title)}:</strong> {escape(chart.says)}</li>" for chart in missing)
    if not is_judged(model) and model["figures"]["examples"]:
        left_out = (
            "<li>This model has no labels to be judged by: it is fitted to what customers do (docs/value.md).</li>"
        )
    return (
        f'<section id="{anchor(name)}"><h2>{escape(name)} {_badge(model)}</h2>'
        f'<dl class="tiles">{_tiles(model)}</dl>'
        + (f'<ul class="remarks">{remarks}</ul>' if remarks else "")
        + f'<div class="charts">{"".join(map(_figure, drawn))}</div>'
        + _members(model)
        + _segments(model)
        + _events(model)
        + (f'<ul class="missing">{left_out}</ul>' if left_out else "")
        + "</section>"
    )


def _tiles(model: Mapping[str, Any]) -> str:
    figures, interval = model["figures"], model["auc_range"]
    version, examples, positives, auc, log_loss, error = _headline(model)
    served, contested = figures.get("served") or {}, len(figures.get("challengers") or {}) > 1
    if not is_judged(model):
        return _tile("examples", examples, "learned") + _tile("version", version, "the newest")
    tiles = [
        ("AUC", auc, f"95%: {interval[0]:.3f} to {interval[1]:.3f}" if interval else "both classes are needed"),
        ("calibration error", error, f"up to {HIGH_ECE} is healthy"),
        ("log loss", log_loss, "of the model just before it learned"),
        ("examples", examples, f"{positives} came true"),
        ("on duty", model["champion"], f"version {version}") if contested else ("version", version, "the newest"),
        ("AUC as served", number(served.get("auc")), f"{served.get('examples', 0):,} scores") if served else None,
        ("drifts seen", str(figures.get("drifts", 0)), "of the champion's log loss (ADWIN)"),
    ]
    return "".join(_tile(*tile) for tile in tiles if tile is not None)


def _tile(name: str, value: str, beside: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(beside)}</small></dd></div>"


def _figure(chart: Chart) -> str:
    legend = "".join(f'<span class="{class_}"><i></i>{escape(label)}</span>' for class_, label in chart.legend)
    table = _table(chart.columns, chart.rows, chart.title) if chart.rows else ""
    return (
        f'<figure id="{chart.name}-figure"><figcaption><h3>{escape(chart.title)}</h3>'
        f"<p>{escape(chart.says)}</p></figcaption>"
        + (f'<p class="legend">{legend}</p>' if legend else "")
        + chart.svg
        + (f"<details><summary>As a table</summary>{table}</details>" if table else "")
        + "</figure>"
    )


def _members(model: Mapping[str, Any]) -> str:
    """Tabulate champion and challengers over their whole life."""
    members = model["figures"].get("challengers") or {}
    if len(members) < 2:
        return ""
    rows = [
        (name, "on duty" if name == model["champion"] else "challenger", *_measured(told, told["calibration_error"]))
        for name, told in members.items()
    ]
    columns = ("model", "role", *MEASURES)
    return f"<h3>Champion and challengers, all examples</h3>{_table(columns, rows, 'Champion and challengers')}"


def _segments(model: Mapping[str, Any]) -> str:
    """Tabulate every group of customers."""
    rows = [(row["segment"], row["name"], row["role"], *_measured(row, row["ece"])) for row in model["segments"]]
    if not rows:
        return ""
    table = _table(("segment", "model", "role", *MEASURES), rows, "By group of customers")
    return f"<h3>By group of customers (means of the stretches)</h3>{table}"


def _events(model: Mapping[str, Any]) -> str:
    """Tabulate trials, promotions and returns."""
    if not model["events"]:
        return "<p>No trial was opened and nobody was promoted.</p>" if model["history"] else ""
    rows = [
        (
            str(event["version"]),
            event["what"].replace("_", " "),
            event["about"],
            event["champion"],
            event["by"],
            event["why"],
        )
        for event in model["events"]
    ]
    columns = ("version", "what", "about", "on duty then", "by", "why")
    return f"<h3>Trials and promotions</h3>{_table(columns, rows, 'Trials and promotions')}"


def _limits(document: Mapping[str, Any]) -> str:
    rows = [(limit["limit"], limit["why"]) for limit in document["limits"]]
    return (
        f'<section id="limits"><h2>What makes a model healthy</h2>{_table(("limit", "why"), rows, "Limits")}</section>'
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str, *, raw: bool = False) -> str:
    """Write a table that scrolls on a narrow screen; `raw` cells are HTML already."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell if raw else escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
