"""What makes a model healthy: every limit of the report in one place, with the reason for it."""

from collections.abc import Callable, Mapping
from math import log
from typing import Any, NamedTuple

from models.policy import Text

Figures = Mapping[str, Any]


class Limit(NamedTuple):
    """One limit: its name, whether figures break it (None: they cannot tell), what to say then, and why it is one.

    code: its name for programs, which stays; name, says, why: what people read, in Chinese and English.
    """

    code: str
    name: Text
    broken: Callable[[Figures], bool | None]
    says: Callable[[Figures], Text]
    why: Text


class Remark(NamedTuple):
    """A limit that was broken."""

    limit: str
    says: Text
    why: Text


LOW_AUC, HIGH_AUC, MATURE_POSITIVES, HIGH_ECE = 0.55, 0.90, 200, 0.02
SERVED_GAP, LATE_SHARE, CENSORED_SHARE = 0.05, 0.01, 0.20


def _awaits_labels(figures: Figures) -> bool:
    """Whether labels judge the model, or will: customer value is fitted to what customers do and has no positives."""
    return figures["log_loss"] is not None or not figures["examples"]


def _worst_ece(figures: Figures) -> float | None:
    """Give the larger calibration error: of the scores as served, or of the model's own."""
    errors = [(figures.get("served") or {}).get("calibration_error"), figures.get("calibration_error")]
    return max([error for error in errors if error is not None], default=None)


def _says_ece(figures: Figures) -> Text:
    """Say the larger calibration error, and of which scores it is: the page shows the model's own beside it."""
    served, worst = (figures.get("served") or {}).get("calibration_error"), _worst_ece(figures)
    whose = Text(zh="已发出评分的", en=" of the scores as served") if served is not None and served == worst else None
    return Text(
        zh=f"{whose.zh if whose else ''}校准误差 {worst:.3f}，高于 {HIGH_ECE}：不能当作概率",
        en=f"calibration error {worst:.3f}{whose.en if whose else ''}, above {HIGH_ECE}: they are no probabilities",
    )


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
        Text(zh="样本充足", en="mature"),
        lambda f: f["positives"] < MATURE_POSITIVES if _awaits_labels(f) else None,
        lambda f: Text(
            zh=f"样本不足：正例 {f['positives']} 个，少于 {MATURE_POSITIVES} 个",
            en=f"immature: {f['positives']} positives, fewer than {MATURE_POSITIVES}",
        ),
        Text(
            zh="正例太少时，AUC 的误差可达 0.04 以上；据此行事等于碰运气。",
            en="With fewer positives an AUC may be off by 0.04 and more; who acts on it acts on chance.",
        ),
    ),
    Limit(
        "better than chance",
        Text(zh="优于随机", en="better than chance"),
        lambda f: None if f["auc"] is None else f["auc"] < LOW_AUC,
        lambda f: Text(
            zh=f"AUC 低于 {LOW_AUC:.2f}：几乎不优于随机", en=f"AUC below {LOW_AUC:.2f}: hardly better than chance"
        ),
        Text(
            zh="0.50 等于抛硬币。低于 0.55 时，按该评分排序的队列只会浪费处理人员的时间。",
            en="0.50 is a coin. Below 0.55 a queue sorted by this score wastes the time of those who work through it.",
        ),
    ),
    Limit(
        "no leak",
        Text(zh="无信息泄漏", en="no leak"),
        lambda f: None if f["auc"] is None else f["auc"] > HIGH_AUC,
        lambda f: Text(
            zh=f"AUC 高于 {HIGH_AUC:.2f}：请检查是否有信息泄漏", en=f"AUC above {HIGH_AUC:.2f}: look for a leak"
        ),
        Text(
            zh="人的行为没有这么容易预见：更常见的是某个特征已含有答案（例如销户）。",
            en="People are not that foreseeable: more often a feature knows the answer (say, the closing of an "
            "account).",
        ),
    ),
    Limit(
        "calibrated",
        Text(zh="校准良好", en="calibrated"),
        lambda f: None if _worst_ece(f) is None else (_worst_ece(f) or 0.0) > HIGH_ECE,
        _says_ece,
        Text(
            zh="策略中的阈值和期望价值把评分当作概率；相差两个百分点，联系的客户就会不同。",
            en="Thresholds and expected values of policy take a score for a probability; two points off moves who is "
            "called.",
        ),
    ),
    Limit(
        "informative",
        Text(zh="有信息量", en="informative"),
        _no_better_than_the_base_rate,
        lambda f: Text(
            zh=f"对数损失 {f['log_loss']:.4f}，不优于基准率的 {base_rate_loss(f):.4f}",
            en=f"log loss {f['log_loss']:.4f} is no better than the base rate's {base_rate_loss(f):.4f}",
        ),
        Text(
            zh="对所有人都给出同一基准率，对数损失就是这么多；高于它的模型比一无所知更差。",
            en="Who says the same base rate to everybody has this log loss; a model that has more knows less than "
            "nothing.",
        ),
    ),
    Limit(
        "served as known",
        Text(zh="发出时同样有效", en="served as known"),
        _served_worse,
        lambda f: Text(
            zh=f"已发出评分的 AUC 比模型自身低 {SERVED_GAP:.2f} 以上",
            en=f"scores as served have an AUC more than {SERVED_GAP:.2f} below the model's own",
        ),
        Text(
            zh="客户的评分比标签早数周给出：差距大说明新版本到达工作进程太晚，或情况在变化。",
            en="Customers get a score weeks before its label: a wide gap means that versions reach the workers late or "
            "drift.",
        ),
    ),
    Limit(
        "labels in time",
        Text(zh="标签及时", en="labels in time"),
        lambda f: _share("late", f) > LATE_SHARE,
        lambda f: Text(
            zh=f"{100 * _share('late', f):.1f}% 的样本来得太晚，未学习",
            en=f"{100 * _share('late', f):.1f}% of the examples came late and were not learned",
        ),
        Text(
            zh="迟到的样本不学习，重放才能得到同样的结果。超过 1% 说明有时钟走快了。",
            en="What is late is left out so that a replay learns the same. More than 1 % of it means that a clock runs "
            "ahead.",
        ),
    ),
    Limit(
        "labels known",
        Text(zh="标签可知", en="labels known"),
        lambda f: _share("censored", f) > CENSORED_SHARE,
        lambda f: Text(
            zh=f"{100 * _share('censored', f):.0f}% 的样本没有可知的标签",
            en=f"{100 * _share('censored', f):.0f}% of the examples have no label that could be known",
        ),
        Text(
            zh="删失指身故、并户、撤回同意、撤回的推荐。太多时，其余样本就成了有偏的选择。",
            en="Censored are death, merger, withdrawn consent, retracted offers. Many of them make the rest a "
            "selection.",
        ),
    ),
    Limit(
        "sound numbers",
        Text(zh="数值稳定", en="sound numbers"),
        lambda f: bool(f.get("refused")),
        lambda f: Text(
            zh=f"{f['refused']} 个样本使数值失控，已拒绝",
            en=f"{f['refused']} examples made the numbers run away and were refused",
        ),
        Text(
            zh="在线模型会回到上一个正常状态；发生过一次，说明某个特征带有损坏的数据。",
            en="An online model goes back to its last good state; that it had to says that a feature holds damage.",
        ),
    ),
)


def remarks(figures: Figures) -> list[Remark]:
    """Hold a model's figures against all limits; what cannot be told is no remark.

    >>> [remark.says.both for remark in remarks({"auc": 0.93, "log_loss": 0.1, "positives": 500, "examples": 9_000})]
    ['AUC 高于 0.90：请检查是否有信息泄漏 / AUC above 0.90: look for a leak']
    """
    return [Remark(limit.code, limit.says(figures), limit.why) for limit in LIMITS if limit.broken(figures)]
