"""The page: one self-contained HTML file of the numbers in `model-report.json`, for people; no script, no network.

All that people read stands there in Chinese and in English, each marked as such for who has it read aloud.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.policy import Text
from models.policy.base import LANGUAGES
from stream_app.model_report.chart import Chart, anchor, is_judged, number
from stream_app.model_report.charts import charts, outcomes
from stream_app.model_report.limits import HIGH_ECE
from stream_app.model_report.over_time import iso_day
from stream_app.model_report.style import STYLE
from stream_app.model_report.words import (
    AUC,
    CALIBRATION_ERROR,
    EXAMPLES,
    LIMITS,
    LOG_LOSS,
    MODEL,
    NEWEST,
    NO_TRIAL,
    ON_DUTY,
    POSITIVES,
    ROLE,
    ROLES,
    VERSION,
    WHY,
    Cell,
    both,
    event,
    role,
)

MEASURES = (EXAMPLES, POSITIVES, AUC, LOG_LOSS, CALIBRATION_ERROR)  # as `_measured` writes them
TITLE, GLANCE = Text(zh="模型报告", en="Model report"), Text(zh="一览", en="At a glance")
ANSWERS, HEALTHY = (
    Text(zh="客户的反馈", en="Answers of customers"),
    Text(zh="模型健康的标准", en="What makes a model healthy"),
)
MEMBERS = Text(zh="冠军与挑战者，全部样本", en="Champion and challengers, all examples")
SEGMENTS = Text(zh="按客户群（各段均值）", en="By group of customers (means of the stretches)")
EVENTS = Text(zh="试验与晋升", en="Trials and promotions")
NO_EVENTS = Text(zh="没有开始过试验，也没有晋升。", en="No trial was opened and nobody was promoted.")
DRIFTS = Text(zh="漂移（最近 32 次）", en="Drifts (the last 32)")
OPENED = Text(zh="开启的试验", en="opened trial")
NO_LABELS = Text(
    zh="该模型没有可供评判的标签：它按客户的行为拟合（docs/value.md）。",
    en="This model has no labels to be judged by: it is fitted to what customers do (docs/value.md).",
)
HONEST = Text(
    zh="每个样本都由学习它之前给出的评分来评判。这里没有任何东西为它调过。",
    en="Each example is judged by a score given before it was learned. Nothing here was tuned on it.",
)


def page(document: Mapping[str, Any]) -> str:
    """Write the report as HTML."""
    models = document["models"]
    links = "".join(f'<a href="#{anchor(name)}">{escape(name)}</a>' for name in models)
    policy = f" · {_inline(Text(zh='策略', en='policy'))} {escape(document['policy'])}" if document["policy"] else ""
    body = "".join(_model(name, figures) for name, figures in models.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{both(TITLE)}</title>"
        f"<style>{STYLE}</style></head><body><header><h1>{_inline(TITLE)}</h1>"
        f"<p>{escape(document['source'])}{policy}</p>"
        f'<nav aria-label="Models">{links}<a href="#limits">{_inline(LIMITS)}</a></nav></header><main>'
        f'{_overview(models)}{body}<section id="outcomes"><h2>{_inline(ANSWERS)}</h2>'
        f'<div class="charts">{_figure(outcomes(document["outcomes"]))}</div></section>{_limits(document)}</main>'
        f"<footer>{_lines(HONEST)}</footer></body></html>\n"
    )


def _overview(models: Mapping[str, Any]) -> str:
    """Say of each model in a line whether anything is to be looked at."""
    rows = [
        (
            f'<a href="#{anchor(name)}">{escape(name)}</a>',
            _badge(figures),
            *(escape(cell) for cell in _headline(figures)),
        )
        for name, figures in models.items()
    ]
    columns = (MODEL, Text(zh="状态", en="state"), VERSION, *MEASURES)
    remarks = "".join(
        f'<li><a href="#{anchor(name)}">{escape(name)}</a>: {_inline(Text(**remark["says"]))}</li>'
        for name, figures in models.items()
        for remark in figures["remarks"]
    )
    table = _table(columns, rows, GLANCE, raw=True)
    return f"<section><h2>{_inline(GLANCE)}</h2>{table}{_remarks(remarks)}</section>"


def _remarks(items: str) -> str:
    """Put remarks below what they are about, where a narrow screen has room for their sentences."""
    return f'<ul class="remarks">{items}</ul>' if items else ""


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
        return f'<span class="badge look">{_inline(Text(zh="请查看", en="look at it"))}</span>'
    if model["figures"]["auc"] is None:
        return f'<span class="badge">{_inline(Text(zh="未评判", en="not judged"))}</span>'
    return f'<span class="badge well">{_inline(Text(zh="健康", en="healthy"))}</span>'


def _model(name: str, model: Mapping[str, Any]) -> str:
    remarks = "".join(
        f"<li>{_reasoned(Text(**remark['says']), Text(**remark['why']))}</li>" for remark in model["remarks"]
    )
    all_charts = charts(name, model)
    drawn = [chart for chart in all_charts if chart.svg]
    missing = [chart for chart in all_charts if not chart.svg]
    left_out = "".join(f"<li>{_reasoned(chart.title, chart.says)}</li>" for chart in missing)
    if not is_judged(model) and model["figures"]["examples"]:
        left_out = f"<li>{_lines(NO_LABELS)}</li>"
    return (
        f'<section id="{anchor(name)}"><h2>{escape(name)} {_badge(model)}</h2>'
        f'<dl class="tiles">{_tiles(model)}</dl>'
        + _remarks(remarks)
        + f'<div class="charts">{"".join(map(_figure, drawn))}</div>'
        + _members(model)
        + _segments(model)
        + _events(model)
        + _drifts(model)
        + (f'<ul class="missing">{left_out}</ul>' if left_out else "")
        + "</section>"
    )


def _tiles(model: Mapping[str, Any]) -> str:
    figures, interval = model["figures"], model["auc_range"]
    version, examples, positives, auc, log_loss, error = _headline(model)
    served, contested = figures.get("served") or {}, len(figures.get("challengers") or {}) > 1
    if not is_judged(model):
        learned = Text(zh="已学习", en="learned")
        return _tile(EXAMPLES, examples, learned) + _tile(VERSION, version, NEWEST)
    newest = (VERSION, version, NEWEST)
    on_duty = (ON_DUTY, model["champion"], Text(zh=f"版本 {version}", en=f"version {version}"))
    known = f"95%: {interval[0]:.3f} – {interval[1]:.3f}" if interval else None
    scores, drifts = f"{served.get('examples', 0):,}", Text(zh="发现漂移", en="drifts seen")
    as_served = Text(zh="发出时的 AUC", en="AUC as served")
    tiles: list[tuple[Text, str, Cell] | None] = [
        (AUC, auc, known or Text(zh="需要正负两类", en="both classes are needed")),
        (CALIBRATION_ERROR, error, Text(zh=f"不超过 {HIGH_ECE} 为健康", en=f"up to {HIGH_ECE} is healthy")),
        (LOG_LOSS, log_loss, Text(zh="模型学习之前的评分", en="of the model just before it learned")),
        (EXAMPLES, examples, Text(zh=f"{positives} 个成真", en=f"{positives} came true")),
        on_duty if contested else newest,
        (as_served, number(served.get("auc")), Text(zh=f"{scores} 个评分", en=f"{scores} scores")) if served else None,
        (
            drifts,
            str(figures.get("drifts", 0)),
            Text(zh="冠军的对数损失（ADWIN）", en="of the champion's log loss (ADWIN)"),
        ),
    ]
    return "".join(_tile(*tile) for tile in tiles if tile is not None)


def _tile(name: Text, value: str, beside: Cell) -> str:
    return f"<div><dt>{_lines(name)}</dt><dd>{escape(value)}<small>{_lines(beside)}</small></dd></div>"


def _figure(chart: Chart) -> str:
    legend = "".join(f'<span class="{class_}"><i></i>{_inline(label)}</span>' for class_, label in chart.legend)
    table = _table(chart.columns, chart.rows, chart.title) if chart.rows else ""
    return (
        f'<figure id="{chart.name}-figure"><figcaption><h3>{_inline(chart.title)}</h3>'
        f"<p>{_lines(chart.says)}</p></figcaption>"
        + (f'<p class="legend">{legend}</p>' if legend else "")
        + chart.svg
        + (f"<details><summary>{_inline(Text(zh='表格', en='As a table'))}</summary>{table}</details>" if table else "")
        + "</figure>"
    )


def _members(model: Mapping[str, Any]) -> str:
    """Tabulate champion and challengers over their whole life."""
    members = model["figures"].get("challengers") or {}
    if len(members) < 2:
        return ""
    rows = [
        (
            name,
            ON_DUTY if name == model["champion"] else ROLES["challenger"],
            *_measured(told, told["calibration_error"]),
        )
        for name, told in members.items()
    ]
    return f"<h3>{_inline(MEMBERS)}</h3>{_table((MODEL, ROLE, *MEASURES), rows, MEMBERS)}"


def _segments(model: Mapping[str, Any]) -> str:
    """Tabulate every group of customers."""
    rows = [(row["segment"], row["name"], role(row["role"]), *_measured(row, row["ece"])) for row in model["segments"]]
    if not rows:
        return ""
    columns = (Text(zh="客户群", en="segment"), MODEL, ROLE, *MEASURES)
    return f"<h3>{_inline(SEGMENTS)}</h3>{_table(columns, rows, SEGMENTS)}"


def _events(model: Mapping[str, Any]) -> str:
    """Tabulate trials, promotions and returns."""
    if not model["events"]:
        return f"<p>{_lines(NO_EVENTS)}</p>" if model["history"] else ""
    rows = [
        (str(each["version"]), event(each["what"]), each["about"], each["champion"], each["by"], each["why"])
        for each in model["events"]
    ]
    what, about = Text(zh="事件", en="what"), Text(zh="关于", en="about")
    columns = (VERSION, what, about, Text(zh="此后在岗", en="on duty then"), Text(zh="由", en="by"), WHY)
    return f"<h3>{_inline(EVENTS)}</h3>{_table(columns, rows, EVENTS)}"


def _drifts(model: Mapping[str, Any]) -> str:
    """Tabulate the drifts that were seen, with the trials that they opened."""
    rows = [
        (iso_day(each["at_ms"]), each["about"], str(each["trial"]) if each["trial"] else NO_TRIAL)
        for each in model["drifts"]
    ]
    if not rows:
        return ""
    columns = (Text(zh="标签已知", en="label known"), Text(zh="谁的损失", en="whose loss"), OPENED)
    return f"<h3>{_inline(DRIFTS)}</h3>{_table(columns, rows, DRIFTS)}"


def _limits(document: Mapping[str, Any]) -> str:
    rows = [(Text(**limit["name"]), Text(**limit["why"])) for limit in document["limits"]]
    table = _table((LIMITS, WHY), rows, HEALTHY)
    return f'<section id="limits"><h2>{_inline(HEALTHY)}</h2>{table}</section>'


def _table(columns: Sequence[Cell], rows: Sequence[Sequence[Cell]], caption: Text, *, raw: bool = False) -> str:
    """Write a table that scrolls on a narrow screen; `raw` cells are HTML already."""
    head = "".join(f'<th scope="col">{_lines(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell if raw else _lines(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(both(caption))}"><table>'
        f"<caption>{_inline(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _inline(said: Cell) -> str:
    """Write words in one line, Chinese before English."""
    return _parts(said, " / ")


def _lines(said: Cell) -> str:
    """Write words one language below the other: sentences, and whatever stands in a narrow column."""
    return _parts(said, "<br/>")


def _parts(said: Cell, between: str) -> str:
    if isinstance(said, str) or said.zh == said.en:
        return escape(both(said))
    return f'<span lang="zh">{escape(said.zh)}</span>{between}<span lang="en">{escape(said.en)}</span>'


def _reasoned(what: Text, why: Text) -> str:
    """Write what is so, and why, in each language."""
    chinese, english = (f"<strong>{escape(what.said(each))}</strong>" for each in LANGUAGES)
    return f'<span lang="zh">{chinese}。{escape(why.zh)}</span><br/><span lang="en">{english}. {escape(why.en)}</span>'
