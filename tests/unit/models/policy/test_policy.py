"""The policy files: a typo is an error that names file and key, and the hash follows what they say."""

import shutil
from dataclasses import replace

import pytest

from models.figures import Figures
from models.policy import load_policy
from models.policy.conditions import Conditions, compiled
from schemas.errors import PolicyError
from schemas.profile import Ratings
from tests.builders import BEGINNING, a_customer
from tests.judging import a_profile, lived
from tests.policies import DIRECTORY, a_policy, default_policy, read, with_rule

SEGMENT = {"name": "aum", "feature": "aum", "edges": [1.0, 2.0], "groups": ["a", "b", "c"]}


@pytest.fixture
def directory(tmp_path):
    return shutil.copytree(DIRECTORY, tmp_path / "policy")


def refused(**files):
    with pytest.raises(PolicyError) as error:
        a_policy(**files)
    return str(error.value)


def test_the_default_files_are_sound():
    policy = default_policy()

    assert policy.home_currency == "CNY"
    assert policy.lateness_ms == 3_600_000
    assert policy.models.names == ("churn", "propensity", "value", "need")
    everybody = ("hoeffding_adaptive", "naive_bayes", "ensemble")
    assert policy.models.challengers == {"churn": everybody, "propensity": everybody}
    assert len(policy.tags.tag) >= 20
    assert len(policy.actions.action) >= 12
    assert set(policy.queues) == {"retention", "fraud", "service", "collections", "relationship"}


def test_a_lateness_of_more_than_a_day_is_refused():
    """Facts are kept as of one day boundary at a time."""
    assert a_policy(bank={"lateness_minutes": 1_440}).lateness_ms == 86_400_000
    assert "lateness_minutes" in refused(bank={"lateness_minutes": 1_441})


def test_the_rule_that_others_rely_on_stands_as_the_contract_says():
    rule = default_policy().rule_of["large_outflow"]

    assert (rule.queue, rule.priority, rule.cool_down_hours, rule.enabled) == ("retention", 1, 0, True)
    assert rule.amount_minor == 5_000_000
    assert rule.unless == ()


def test_the_tag_of_who_may_leave_believes_the_same_score_as_the_alert():
    (tag,) = (tag for tag in read("tags")["tag"] if tag["name"] == "churn_risk")
    floor = default_policy().models.floor_examples["churn"]

    assert f"churn_examples >= {floor}" in tag["all"]


def test_the_hash_follows_the_content_and_not_the_comments(directory):
    bank = directory / "bank.toml"
    bank.write_text("# another comment\n" + bank.read_text(encoding="utf-8"), encoding="utf-8")
    same = load_policy(directory)

    assert same.hash == default_policy().hash
    assert with_rule("large_inflow", priority=1).hash != same.hash


@pytest.mark.parametrize(
    ("file", "good", "typo"),
    [
        ("decisions", "interaction:login", "interaction:logn"),
        ("decisions", "transaction:salary", "transaction:login"),
        ("tags", "interaction:survey", "interaction:surveys"),
        ("tags", "customer:", "customer:person"),
    ],
)
def test_an_event_that_never_comes_is_refused_since_whoever_waits_for_it_would_keep_quiet(directory, file, good, typo):
    path = directory / f"{file}.toml"
    text = path.read_text(encoding="utf-8")
    assert f'"{good}"' in text
    path.write_text(text.replace(f'"{good}"', f'"{typo}"'), encoding="utf-8")

    with pytest.raises(
        PolicyError, match=rf"{file}\.toml: .*no [a-z]+ is of the kind '[a-z]+'; known: .* \(it is '{typo}'\)"
    ):
        load_policy(directory)


@pytest.mark.parametrize(
    ("sentence", "hint"),
    [
        ("aum_mnor >= 1", "unknown figure 'aum_mnor': did you mean aum_minor?"),
        ("hold:mortgage == 1", "did you mean holds:?"),
        ("consent:profile == 1", "after consent: comes one of marketing, personalisation, profiling, social_linking"),
        ("luck > 1", "docs/policy.md lists those that exist"),
    ],
)
def test_a_figure_that_does_not_exist_is_refused_with_a_hint(sentence, hint):
    tag = {"name": "lucky", "zh": "幸运", "en": "Lucky", "all": [sentence]}

    assert hint in refused(tags={"tag": [tag]})


def test_a_missing_file_is_named(directory):
    (directory / "tags.toml").unlink()

    with pytest.raises(PolicyError, match=r"tags\.toml: the file is missing"):
        load_policy(directory)


def test_what_is_no_toml_is_named_with_its_line(directory):
    (directory / "bank.toml").write_text("home_currency = CNY", encoding="utf-8")

    with pytest.raises(PolicyError, match=r"bank\.toml: .*line 1"):
        load_policy(directory)


def test_a_typo_in_a_key_names_file_and_key():
    assert refused(bank={"home_curency": "CNY"}) == (
        "bank.toml: home_curency: nobody knows this key; did you mean home_currency? (it is 'CNY')"
    )
    assert refused(bank={"colour": "red"}) == "bank.toml: colour: nobody knows this key (it is 'red')"


def test_a_typo_in_a_rule_names_the_rule():
    rules = read("rules")["rule"]
    rules[1] = {**rules[1], "week": 3}

    assert refused(rules={"rule": rules}) == (
        "rules.toml: rule[1] (unusual_outflow).week: nobody knows this key; did you mean weeks? (it is 3)"
    )


def test_a_typo_in_a_key_that_may_be_left_out_is_told_with_the_one_that_was_meant():
    rules = read("rules")["rule"]
    assert "enabled" not in rules[0]
    rules[0] = {**rules[0], "enabeld": False, "remark": "mine"}

    assert refused(rules={"rule": rules}) == (
        "rules.toml: rule[0] (large_outflow).enabeld: nobody knows this key; did you mean enabled? (it is False)"
    )


def test_a_key_of_another_check_is_not_offered():
    outflow, deviations = read("rules")["rule"][0], {"deviation": 3}

    assert refused(rules={"rule": [{**outflow, **deviations}]}) == (
        "rules.toml: rule[0] (large_outflow).deviation: nobody knows this key (it is 3)"
    )


def test_a_missing_key_names_the_rule():
    rules = read("rules")["rule"]
    rules[0] = {key: value for key, value in rules[0].items() if key != "queue"}

    assert refused(rules={"rule": rules}) == "rules.toml: rule[0] (large_outflow).queue: this key is missing"


def test_a_value_of_the_wrong_type_is_shown():
    message = refused(churn={"horizon_days": "thirty"})

    assert message.startswith("churn.toml: horizon_days:")
    assert "'thirty'" in message


def test_an_unknown_check_is_refused():
    rules = [{**read("rules")["rule"][0], "check": "astrology"}]

    assert refused(rules={"rule": rules}).startswith("rules.toml: rule[0] (large_outflow): ")


def test_an_action_whose_list_is_no_list_is_refused():
    assert refused(actions={"action": ({"name": "x", "eligible": {"all": 3}},)}).startswith(
        "actions.toml: action[0] (x)"
    )
    assert refused(actions={"action": 3}).startswith("actions.toml: action:")


@pytest.mark.parametrize(
    ("file", "changes", "says"),
    [
        ("rules", {"rule": [read("rules")["rule"][0]] * 2}, "these kinds stand twice: ['large_outflow']"),
        ("models", {"names": ["churn"]}, "names must hold ['propensity']"),
        ("models", {"names": ["churn", "propensity", "fifth"]}, "floor_examples must name every model"),
        ("models", {"challengers": {"need": ["ensemble"]}}, "only churn and propensity can have some"),
        ("models", {"challengers": {"churn": ["luck"]}}, "luck"),
        ("models", {"challengers": {"churn": ["ensemble", "ensemble"]}}, "these challengers stand twice"),
        ("models", {"contest": {"error": 0.0}}, "contest.error"),
        ("models", {"segment": [{**SEGMENT, "feature": "luck"}]}, "no feature is called 'luck'"),
        ("models", {"segment": [{**SEGMENT, "edges": [2.0, 1.0]}]}, "edges must rise"),
        ("models", {"segment": [{**SEGMENT, "groups": ["a", "b"]}]}, "groups must be one more than edges"),
        ("models", {"segment": [SEGMENT, SEGMENT]}, "these segments stand twice"),
        ("models", {"names": ["churn", "churn"]}, "these models stand twice"),
        ("tags", {"tag": [read("tags")["tag"][0]] * 2}, "these tags stand twice"),
        ("tags", {"tag": [{"name": "t", "zh": "t", "en": "t"}]}, "a tag needs a condition"),
        ("actions", {"action": [read("actions")["action"][0]] * 2}, "these actions stand twice"),
        ("decisions", {"trigger": [read("decisions")["trigger"][0]] * 2}, "these triggers stand twice"),
        ("value", {"purchases": ["card", "card"]}, "these kinds stand twice"),
        ("value", {"band": [read("value")["band"][0]] * 2}, "these bands stand twice"),
        ("value", {"band": read("value")["band"][1:]}, "bands start at 0 and rise"),
        ("value", {"band": [*read("value")["band"][:1], *read("value")["band"][:0:-1]]}, "bands start at 0 and rise"),
        ("tiers", {"tier": [{"name": "a", "zh": "", "en": "", "from_minor": 5, "keep_minor": 5}]}, "tiers start at 0"),
        ("tiers", {"tier": [{"name": "a", "zh": "", "en": "", "from_minor": 0, "keep_minor": 5}]}, "must not be above"),
    ],
)
def test_what_contradicts_itself_is_refused(file, changes, says):
    assert says in refused(**{file: changes})


@pytest.mark.parametrize(
    ("kind", "changes", "says"),
    [
        ("complaint_deadline", {"hours_before": 720}, "hours_before must be shorter"),
        ("churn_risk", {"clear_score": 0.9}, "clear_score must not be above score"),
        ("low_rating", {"unless": ["no_such_kind"]}, "names kinds that do not exist: ['no_such_kind']"),
        ("low_rating", {"title": {"zh": "{amount}", "en": "x"}}, "the text quotes unknown figures ['amount']"),
        ("low_rating", {"title": {"zh": "x", "en": "{rating:d}"}}, "title.en: figures are written already"),
        ("low_rating", {"next_step": {"zh": "{", "en": "x"}}, "next_step.zh: Single '{' encountered"),
        ("low_rating", {"title": {"zh": "字" * 250, "en": "x" * 250}}, "title: with its figures it may take 503"),
        ("low_rating", {"next_step": {"zh": "字" * 370, "en": "{channel} {channel}"}}, "next_step: with its figures"),
        (
            "low_rating",
            {"reasons": [{"code": "a", "zh": "{channel}" * 8, "en": "x"}]},
            "reasons[0].zh: with its figures it may take 512 characters of 500",
        ),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(kind, changes, says):
    with pytest.raises(PolicyError) as error:
        with_rule(kind, **changes)

    assert says in str(error.value)


def test_an_action_needs_words_for_each_of_its_channels():
    action = {**read("actions")["action"][0], "treatments": {"mobile": {"zh": "你好", "en": "hello"}}}

    assert "no treatment for the channels" in refused(actions={"action": [action]})


def test_a_title_of_an_action_must_fit_in_both_languages():
    action = {**read("actions")["action"][0], "title": {"zh": "字" * 249, "en": "x" * 249}}
    message = refused(actions={"action": [action]})
    assert message.startswith(f"actions.toml: action[0] ({action['name']})")
    assert message.endswith("title: both languages together take 501 characters of 500")


def test_a_channel_without_words_of_its_own_takes_the_default_ones():
    action = next(action for action in default_policy().actions.action if action.name == "wealth_plan")

    assert action.treatment("branch") is action.treatments["branch"]
    assert action.treatment("phone") is action.treatments["default"]
    assert action.horizon_ms == 21 * 86_400_000
    assert action.title.said("zh") == "财富规划面谈"
    assert action.title.said("en") == action.title.said("fr") == "Wealth planning talk"


@pytest.mark.parametrize("sentence", ["aum_minor ≥ 3", "aum_minor >=3", "luck > 1", "count_30d > 1", 7])
def test_a_condition_that_is_no_sentence_over_known_figures_is_refused(sentence):
    action = {**read("actions")["action"][0], "eligible": {"all": [sentence]}}

    assert refused(actions={"action": [action]}).startswith(
        "actions.toml: action[0] (high_yield_savings).eligible.all[0]"
    )


def test_conditions_hold_when_all_and_one_of_any_and_none_of_none_hold():
    conditions = Conditions(all=("products >= 1",), any=("rating >= 9", "age_years < 30"), none=("left == 1",))
    young = lived(a_profile(), a_customer(products=("fund", "loan"), birth_year=2001))
    promoter = replace(young, ratings=Ratings(1, 90, 90, BEGINNING))

    def hold(profile, conditions=conditions):
        return compiled([conditions])(Figures(profile, BEGINNING, "CNY", "CN"))[0]

    assert hold(young)
    assert conditions.figures() == ("products", "rating", "age_years")
    assert not hold(lived(young, a_customer(products=(), birth_year=2001)))
    assert not hold(lived(young, a_customer(products=("fund",), birth_year=1980)))
    assert hold(lived(promoter, a_customer(products=("fund",), birth_year=1980)))
    assert not hold(replace(young, churn_label="closed"))
    assert hold(young, Conditions(all=("products != 1",)))


@pytest.mark.parametrize("figure", ["has_tag:golden", "tier:gold", "alert:no_such_kind", "value_band:golden"])
def test_a_condition_that_names_what_no_file_knows_is_refused(figure):
    tag = {"name": "t", "zh": "t", "en": "t", "any": [f"{figure} == 1"]}

    assert refused(tags={"tag": [*read("tags")["tag"], tag]}) == f"tags.toml: t: no file knows '{figure}'"


def test_a_disabled_rule_is_not_asked():
    policy = with_rule("large_inflow", enabled=False)

    assert all(rule.kind != "large_inflow" for rules in policy.rules_on.values() for rule in rules)
    assert policy.first("large_inflow") is None
    assert policy.first("large_outflow") is policy.rule_of["large_outflow"]


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("holds:fnud", "no file knows 'holds:fnud' (products that conditions may name are listed in bank.toml)"),
        ("holds:fnud", "did you mean holds:fund?"),
        ("has_tag:chrun_risk", "no file knows 'has_tag:chrun_risk'; did you mean has_tag:churn_risk?"),
        ("holds:zzz", "are listed in bank.toml)"),
    ],
)
def test_a_condition_on_what_no_file_lists_is_refused_with_what_is_nearest(figure, said):
    tag = {"name": "lucky", "zh": "幸运", "en": "Lucky", "all": [f"{figure} == 1"]}
    told = refused(tags={"tag": [*read("tags")["tag"], tag]})

    assert told.startswith("tags.toml: lucky: ")
    assert said in told
    assert ("did you mean" in told) == (figure != "holds:zzz")


def test_a_product_that_the_bank_lists_may_be_named():
    products = [*default_policy().bank.products, "gold-plan"]
    tag = {"name": "lucky", "zh": "幸运", "en": "Lucky", "all": ["holds:gold-plan == 1"]}

    a_policy(bank={"products": products}, tags={"tag": [*read("tags")["tag"], tag]})
    assert "gold-plan" in refused(tags={"tag": [*read("tags")["tag"], tag]})
    a_policy(bank={"products": []}, tags={"tag": [*read("tags")["tag"], tag]})


@pytest.mark.parametrize(("code", "hint"), [("CNX", "; did you mean CNY?"), ("QQQ", "")])
def test_a_currency_that_does_not_exist_is_refused(code, hint):
    told = refused(bank={"home_currency": code})

    assert told == f"bank.toml: home_currency: no currency of ISO 4217 has this code{hint} (it is {code!r})"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("defualt", "; did you mean default?"),
        ("brunch", "; did you mean branch?"),
        ("fax", "; it may be branch, phone, mobile, web, wechat, email, sms, default"),
    ],
)
def test_a_channel_of_treatments_that_there_is_not_is_told_with_the_one_that_was_meant(key, hint):
    actions = read("actions")["action"]
    actions[0] = {**actions[0], "treatments": {**actions[0]["treatments"], key: {"zh": "好", "en": "good"}}}

    told = refused(actions={"action": actions})

    assert told == f"actions.toml: action[0] (high_yield_savings).treatments.{key}: nobody knows this key{hint}"


def test_a_key_of_no_list_is_told_with_what_a_name_looks_like():
    codes = {**read("reasons")["code"], "Bad Name": {"zh": "坏", "en": "bad"}}

    told = refused(reasons={"code": codes})

    assert told.startswith("reasons.toml: code.Bad Name: String should match pattern")


def test_a_mistyped_key_is_told_as_it_stands_in_the_file_with_the_one_that_was_meant(directory):
    path = directory / "contact.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("offers_per_day", "offer_per_day"), encoding="utf-8")

    with pytest.raises(PolicyError) as refusal:
        load_policy(directory)
    assert str(refusal.value) == (
        "contact.toml: offer_per_day: nobody knows this key; did you mean offers_per_day? (it is 1)"
    )


def test_a_file_of_another_encoding_is_named_with_its_line_and_a_mark_at_its_begin_is_passed_over(directory):
    path = directory / "bank.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8-sig")
    assert load_policy(directory).hash == default_policy().hash

    path.write_bytes("a = 1\n# 银行\n".encode("gb18030"))
    with pytest.raises(PolicyError, match=r"^bank\.toml: line 2 is not UTF-8: save the file in this encoding$"):
        load_policy(directory)


def test_a_file_that_cannot_be_read_is_named(directory):
    (directory / "bank.toml").unlink()
    (directory / "bank.toml").mkdir()

    with pytest.raises(PolicyError, match=r"bank\.toml: Is a directory$"):
        load_policy(directory)
