"""Picks the words: complaints, remarks in public, and what is written in an incident."""

from random import Random

from stream_app.simulate.texts_en import INCIDENT_EN, MENTIONS_EN
from stream_app.simulate.texts_zh import INCIDENT_ZH, MENTIONS_ZH

MENTIONS = {"en": MENTIONS_EN, "zh": MENTIONS_ZH}
INCIDENT = {"en": INCIDENT_EN, "zh": INCIDENT_ZH}

# (topic, text) of a complaint to the bank itself.
COMPLAINTS = {
    "en": (
        ("fees", "I was charged a fee nobody told me about. Please refund it."),
        ("card", "My card was declined three times although there is money on the account."),
        ("transfer", "A transfer has not arrived after five days and nobody can tell me where it is."),
        ("waiting", "I waited an hour in the branch and was sent home."),
        ("app", "The app has not let me log in since the update."),
        ("staff", "The adviser was rude and gave me wrong information."),
        ("statement", "My statement shows a payment that I never made."),
        ("loan", "Nobody answers my application, I have asked four times."),
    ),
    "zh": (
        ("fees", "没有任何通知就扣了手续费，请退还。"),
        ("card", "账户里有钱，卡却连续三次被拒。"),
        ("transfer", "转账五天还没有到账，没有人能说清楚钱在哪里。"),
        ("waiting", "在网点排队一个小时，最后让我回家。"),
        ("app", "更新以后手机银行一直无法登录。"),
        ("staff", "客户经理态度恶劣，给的信息也是错的。"),
        ("statement", "账单上有一笔我没有做过的交易。"),
        ("loan", "贷款申请没有人答复，已经问了四次。"),
    ),
}


def remark_text(rng: Random, language: str, mood: str, aspect: str) -> tuple[str, str]:
    """Aspect and text of a remark; an empty aspect means any, `outage` the texts of the incident."""
    if aspect == "outage":
        return aspect, rng.choice(INCIDENT[language])
    fitting = [t for t in MENTIONS[language] if t[0] == mood and aspect in ("", t[1])]
    _, found, text = rng.choice(fitting)
    days, minutes = rng.randint(2, 9), rng.randint(12, 90)
    amount = f"{rng.randint(2, 90) * 50}"
    branch = f"B{rng.randint(1, 5):03d}"
    return found, text.format(days=days, minutes=minutes, amount=amount, branch=branch)
