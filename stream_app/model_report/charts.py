"""The pictures of the report, each from its numbers in `model-report.json`: what it shows, and the table beside it."""

from collections.abc import Mapping, Sequence

from models.learning.scoring import probability
from models.policy import Text
from stream_app.model_report import svg
from stream_app.model_report.chart import Chart, Model, anchor, is_judged, number
from stream_app.model_report.curves import as_percent
from stream_app.model_report.over_time import LEAST_OF_A_CLASS, over_time
from stream_app.model_report.sheet import LAG_OF
from stream_app.model_report.svg import Axis, Frame, Tick, plain_axis, short
from stream_app.model_report.words import (
    CAME_TRUE,
    DAYS,
    DID_NOT,
    EXAMPLES,
    FOUND,
    SCORE,
    SHARE,
    TOLD,
)

NO_LABEL = Text(zh="还没有评分等到它的标签。", en="No score has met its label yet.")
IDEAL, BY_SCORE, BY_CHANCE = (
    Text(zh="理想", en="ideal"),
    Text(zh="按评分", en="by score"),
    Text(zh="随机", en="by chance"),
)
CUSTOMERS = Text(zh="客户，评分从高到低", en="customers, highest score first")
RANGE_95 = Text(zh="95% 区间", en="95% interval")


def reliability(model: str, figures: Model) -> Chart:
    """Draw what came true against what was told: on the diagonal a score is a probability."""
    name, title, groups = f"{anchor(model)}-reliability", Text(zh="可靠性", en="Reliability"), figures["reliability"]
    if not groups:
        return Chart(name, title, NO_LABEL)
    top = max(max(group["predicted"], group["high"]) for group in groups)
    axis = plain_axis(0.0, min(1.0, top * 1.05), "", percent=True)
    frame = Frame(axis._replace(title=TOLD.both), axis._replace(title=CAME_TRUE.both))
    parts = [svg.axes(frame), svg.line(frame, [(0.0, 0.0), (axis.high, axis.high)], "ideal", title=IDEAL.both)]
    parts += [svg.whisker(frame, g["predicted"], g["low"], min(axis.high, g["high"]), "line-0") for g in groups]
    points = [(group["predicted"], group["observed"]) for group in groups]
    parts += [svg.line(frame, points, "line-0"), svg.dots(frame, points, "line-0")]
    scores = Text(**figures["scores_of"])
    says = Text(
        zh=f"按评分分成人数相等的组：预测的概率，以及实际成真的比例（竖线：95% 区间）。此处是{scores.zh}。",
        en="Groups of equal size by score: what they were told, and the share of which it came true (bars: 95%). "
        f"These are {scores.en}.",
    )
    table = tuple(
        (f"{g['examples']:,}", _percent(g["predicted"]), _percent(g["observed"]), _range(g["low"], g["high"]))
        for g in groups
    )
    legend = (("line-0", SCORE), ("ideal", IDEAL))
    columns = (EXAMPLES, TOLD, CAME_TRUE, RANGE_95)
    return Chart(name, title, says, svg.picture(name, title.both, says.both, *parts), legend, columns, table)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _range(low: float, high: float) -> str:
    return f"{_percent(low)} – {_percent(high)}"


def gain(model: str, figures: Model) -> Chart:
    """Draw how many of the positives the highest scores find."""
    name, title, curve = f"{anchor(model)}-gain", Text(zh="增益", en="Gain"), figures["gain"]
    if not curve:
        return Chart(name, title, Text(zh="评过分的还没有成真的。", en="Nothing has come true yet of what was scored."))
    axis = plain_axis(0.0, 1.0, "", percent=True)
    frame = Frame(axis._replace(title=CUSTOMERS.both), axis._replace(title=FOUND.both))
    found = figures["found_in_first_tenth"]
    says = Text(
        zh=f"只联系评分最高的十分之一，就能找到成真客户中的 {_percent(found)}。",
        en=f"Who works through the tenth with the highest scores finds {_percent(found)} of those of whom it came "
        "true.",
    )
    below = min(frame.at_y(found) + 16, frame.at_y(0.0) - 6)  # a low curve's label stays above the axis
    parts = [
        svg.axes(frame),
        svg.line(frame, [(0.0, 0.0), (1.0, 1.0)], "ideal", title=BY_CHANCE.both),
        svg.line(frame, [(point["customers"], point["found"]) for point in curve], "line-0", title=BY_SCORE.both),
        svg.dots(frame, [(0.1, found)], "line-0"),
        svg.words(f"前十分之一 / first tenth: {_percent(found)}", frame.at_x(0.1) + 10, below, class_="name"),
    ]
    tenths = [point for place, point in enumerate(curve) if place % max(1, len(curve) // 10) == 0]
    table = tuple((_percent(point["customers"]), _percent(point["found"])) for point in tenths)
    legend, columns = (("line-0", BY_SCORE), ("ideal", BY_CHANCE)), (Text(zh="客户", en="customers"), FOUND)
    return Chart(name, title, says, svg.picture(name, title.both, says.both, *parts), legend, columns, table)


def distribution(model: str, figures: Model) -> Chart:
    """Draw where the scores of both classes lie."""
    name, title, bars = (
        f"{anchor(model)}-distribution",
        Text(zh="评分分布", en="Score distribution"),
        figures["distribution"],
    )
    if not bars:
        return Chart(name, title, NO_LABEL)
    low, high = bars[0]["low"], bars[-1]["high"]
    places = [low + (high - low) * step / 5 for step in range(6)]
    x = Axis(
        low,
        high,
        tuple(Tick(place, as_percent(place)) for place in places),
        "评分（对数几率为步） / score (steps of log-odds)",
    )
    frame = Frame(
        x, plain_axis(0.0, 1.08 * max(max(b["negatives"], b["positives"]) for b in bars), SHARE.both, percent=True)
    )
    parts, half = [svg.axes(frame)], 0.25
    for bar in bars:
        told = f"{_range(probability(bar['low']), probability(bar['high']))}: "
        for class_, key, start, of in (
            ("bar-no", "negatives", bar["low"], DID_NOT),
            ("bar-yes", "positives", bar["low"] + half, CAME_TRUE),
        ):
            hint = f"{told}{_percent(bar[key])} · {of.both}"
            parts.append(svg.column(frame, start + 0.02, start + half - 0.02, bar[key], class_, hint))
    says = Text(
        zh="两类相距越远，模型越能把它们区分开；每一类合计 100%。",
        en="The further the two lie apart, the better the model tells them from each other; each class adds up to "
        "100%.",
    )
    table = tuple(
        (_range(probability(b["low"]), probability(b["high"])), _percent(b["negatives"]), _percent(b["positives"]))
        for b in bars
    )
    legend, columns = (("bar-no", DID_NOT), ("bar-yes", CAME_TRUE)), (SCORE, DID_NOT, CAME_TRUE)
    return Chart(name, title, says, svg.picture(name, title.both, says.both, *parts), legend, columns, table)


def reasons(model: str, figures: Model, count: int = 10) -> Chart:
    """Draw what moves scores most."""
    name, title, listed = f"{anchor(model)}-reasons", Text(zh="主要原因", en="Top reasons"), figures["reasons"][:count]
    if not listed:
        nothing = Text(zh="此来源没有该模型的原因。", en="This source tells no reasons of this model.")
        return Chart(name, title, nothing)
    sizes = Text(**figures["reasons_of"])
    says = Text(zh=f"最影响评分的因素：{sizes.zh}。", en=f"What moves scores most: {sizes.en}.")
    rows = [(f"{one['zh']} / {one['en']}", one["size"], short(one["size"]), "bar-one") for one in listed]
    drawn, height = svg.lying_bars(rows)
    table = tuple((one["code"], one["zh"], one["en"], number(one["size"])) for one in figures["reasons"])
    columns = (Text(zh="代码", en="code"), "原因", "reason", Text(zh="大小", en="size"))
    drawn = svg.picture(name, title.both, says.both, drawn, height=height)
    return Chart(name, title, says, drawn, (), columns, table)


def maturity(model: str, figures: Model) -> Chart:
    """Draw how long labels take."""
    name, title = f"{anchor(model)}-lag", Text(zh="成熟时滞", en="Maturity lag")
    lags = {int(days): count for days, count in figures["lag_days"].items()}
    if not lags:
        nothing = Text(
            zh="此来源没有保留每个评分给出的时间（新版本会保留）。",
            en="This source does not keep when each score was given (newer versions do).",
        )
        return Chart(name, title, nothing)
    number_of, low, high = sum(lags.values()), min(lags), max(lags)
    x = plain_axis(0.0, high + 2.0, LAG_OF.both)
    frame = Frame(x, plain_axis(0.0, 1.1 * max(lags.values()) / number_of, EXAMPLES.both, percent=True))
    parts = [svg.axes(frame)]
    for days, count in lags.items():
        hint = f"{days} 天 / days: {_percent(count / number_of)}"
        parts.append(svg.column(frame, days - 0.4, days + 0.4, count / number_of, "bar-one", hint))
    lasts = f"{low}" if low == high else f"{low}–{high}"
    says = Text(
        zh=f"标签在评分后 {lasts} 天才知道：模型今天学到的，是客户当时的行为。",
        en=f"A label is known {lasts} days after the score: what the model learns today, customers did then.",
    )
    table = tuple((str(days), f"{count:,}", _percent(count / number_of)) for days, count in sorted(lags.items()))
    drawn = svg.picture(name, title.both, says.both, *parts)
    return Chart(name, title, says, drawn, (), (DAYS, EXAMPLES, SHARE), table)


NOT_LEARNED = (
    ("censored", Text(zh="删失：标签永远无法知道", en="censored: the label can never be known"), "bar-one"),
    ("late", Text(zh="迟到：已过释放点，未学习", en="late: below what was released, not learned"), "bar-bad"),
    ("repeated", Text(zh="重复：崩溃后再次收到", en="repeated: told again after a crash, learned once"), "bar-one"),
    ("refused", Text(zh="拒绝：数值失控", en="refused: the numbers ran away"), "bar-bad"),
)


def joins(model: str, figures: Model) -> Chart:
    """Draw what became of the examples: learned, censored, late, repeated, refused."""
    name, title = f"{anchor(model)}-joins", Text(zh="样本的去向", en="What became of the examples")
    says = Text(zh="收到的每个样本，按处理结果分类。", en="Every example that came, by what was done with it.")
    told = figures["figures"]
    learned = [
        (Text(zh="成真，已学习", en="came true, learned"), told["positives"], "bar-yes"),
        (Text(zh="未成真，已学习", en="did not come true, learned"), told["examples"] - told["positives"], "bar-no"),
    ]
    whole = [(Text(zh="已学习", en="learned"), told["examples"], "bar-one")]
    kinds = [
        *(learned if is_judged(figures) else whole),
        *((words, told.get(what, 0), class_) for what, words, class_ in NOT_LEARNED),
    ]
    return _counted(name, title, says, kinds)


JOINED = (
    ("joined", Text(zh="已对上：已知的推荐或预警", en="joined: it answers an offer or alert that is known"), "bar-yes"),
    ("late", Text(zh="迟到：过期或标签已定，不使用", en="late: past its horizon or label, not used"), "bar-bad"),
    ("dangling", Text(zh="悬空：对不上任何已知项", en="dangling: it answers nothing that is known"), "bar-bad"),
)


def outcomes(heard: Mapping[str, int]) -> Chart:
    """Draw whether outcomes found what they answer."""
    title = Text(zh="反馈", en="Outcomes")
    if not heard:
        nothing = Text(
            zh="此来源没有收到反馈，或不统计反馈。", en="This source has heard no outcomes, or does not count them."
        )
        return Chart("outcomes", title, nothing)
    says = Text(
        zh="客户的反馈，按能否对上所回应的推荐或预警分类。",
        en="What customers answered (outcomes), by whether it could be joined to what they answer.",
    )
    return _counted("outcomes", title, says, [(words, heard.get(what, 0), class_) for what, words, class_ in JOINED])


def _counted(name: str, title: Text, says: Text, kinds: Sequence[tuple[Text, int, str]]) -> Chart:
    whole = sum(count for _, count, _ in kinds)
    if not whole:
        return Chart(name, title, Text(zh="还没有收到。", en="Nothing has come yet."))
    rows = [
        (kind.both, float(count), f"{count:,} ({_percent(count / whole)})", class_) for kind, count, class_ in kinds
    ]
    drawn, height = svg.lying_bars(rows)
    table = tuple((kind, f"{count:,}", _percent(count / whole)) for kind, count, _ in kinds)
    columns = (Text(zh="类别", en="what"), Text(zh="数量", en="number"), SHARE)
    drawn = svg.picture(name, title.both, says.both, drawn, height=height)
    return Chart(name, title, says, drawn, (), columns, table)


def charts(model: str, figures: Model) -> tuple[Chart, ...]:
    """Draw all pictures of one model."""
    dots = Text(
        zh="每个点是一段样本，按标签到达的顺序，在学习之前评判。线是最近五段的均值。",
        en="Each dot: a stretch of examples in the order in which their labels came, judged before they were learned. "
        "Lines: the mean of the last five stretches.",
    )
    few = Text(
        zh=f"{dots.zh}某一类少于 {LEAST_OF_A_CLASS} 个的段略去。",
        en=f"{dots.en} Stretches with fewer than {LEAST_OF_A_CLASS} of a class are left out.",
    )
    lower = Text(zh=f"{dots.zh}越低越好。", en=f"{dots.en} Lower is better.")
    return (
        over_time(model, figures, "auc", Text(zh="AUC 走势", en="AUC over time"), few),
        over_time(model, figures, "log_loss", Text(zh="对数损失走势", en="Log loss over time"), lower),
        reliability(model, figures),
        gain(model, figures),
        distribution(model, figures),
        reasons(model, figures),
        joins(model, figures),
        maturity(model, figures),
    )
