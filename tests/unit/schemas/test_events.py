import pytest
from pydantic import ValidationError

from schemas.errors import BadMessage
from schemas.events import Customer, Transaction, linked
from tests.builders import BEGINNING, a_customer, a_mention, a_transaction, after, an_interaction, an_outcome, wire_form


def test_a_transaction_is_ready_to_use_in_minor_units_and_epoch_ms():
    event = a_transaction(amount="9000.00", balance_after="-1.50", occurred_at=after(minutes=5))
    assert (event.amount_minor, event.balance_after_minor) == (900_000, -150)
    assert event.occurred_ms == BEGINNING + 300_000


def test_a_transaction_without_status_and_channel_is_booked_elsewhere():
    event = a_transaction(channel=...)
    assert (event.status, event.channel, event.balance_after_minor) == ("booked", "other", None)


def test_unknown_words_are_folded_and_named():
    event = an_interaction(kind="teleport", channel="pigeon", source="beacon")
    assert (event.kind, event.channel, event.source) == ("other", "other", "beacon")
    assert event.unknown_fields == ("channel", "kind")


def test_known_words_and_absent_ones_are_not_unknown():
    assert an_interaction(kind="visit", source=...).unknown_fields == ()
    assert a_customer(kind="business").unknown_fields == ()


def test_an_event_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        a_transaction().amount = "1"


def test_text_is_not_taken_for_a_number():
    with pytest.raises(ValidationError):
        an_interaction(rating="9")


def test_a_mention_keeps_the_key_of_a_platform_that_it_folds():
    event = a_mention(platform="tiktok", author="a:b")
    assert (event.platform, event.author_key, event.unknown_fields) == ("other", "tiktok:a:b", ("platform",))


def test_a_linked_mention_is_the_mention_with_its_customer():
    mention = a_mention(platform="tiktok", author="a:b", reach=10)
    event = linked(mention, "C7")
    assert (event.customer_id, event.author_key, event.reach) == ("C7", mention.author_key, mention.reach)
    assert event.occurred_ms == mention.occurred_ms


@pytest.mark.parametrize(
    "consents", [["profiling", "marketing", "x"], {"marketing": True, "profiling": True, "social_linking": False}]
)
def test_consents_come_as_names_or_as_yes_and_no(consents: object):
    assert a_customer(consents=consents).consents == ("marketing", "profiling")


@pytest.mark.parametrize("consents", [7, {"marketing": "yes"}, [7]])
def test_consents_in_other_forms_are_refused(consents: object):
    with pytest.raises(ValidationError):
        a_customer(consents=consents)


def test_a_customer_holds_what_was_told():
    event = a_customer(handles=["weibo:me"], products=["loan.1"], opened_on="2020-02-29", birth_year=1980)
    assert (event.handles, event.products, event.opened_on) == (("weibo:me",), ("loan.1",), "2020-02-29")


def test_a_customer_is_not_opened_on_a_day_that_does_not_exist():
    with pytest.raises(BadMessage, match="opened_on"):
        a_customer(opened_on="2021-02-29")


def test_only_the_id_of_a_customer_is_required_on_the_wire():
    assert Customer.model_json_schema()["required"] == ["customer_id"]


@pytest.mark.parametrize(
    ("alias", "label"),
    [("TAKEN", "Accepted"), ("NOT_TAKEN", "Rejected"), ("VIEWED", "Impression"), ("Clicked", "Clicked")],
)
def test_aliases_of_labels_read_as_labels(alias: str, label: str):
    assert an_outcome(label=alias).label == label


def test_an_outcome_about_nothing_is_refused():
    with pytest.raises(BadMessage, match="missing_field"):
        an_outcome(action_id=...)


@pytest.mark.parametrize("changes", [{"label": "Confirmed"}, {"about_event_id": "t-1", "label": "Accepted"}])
def test_findings_are_about_events_and_nothing_else_is(changes: dict[str, str]):
    with pytest.raises(BadMessage, match="bad_value"):
        an_outcome(**changes)


def test_a_finding_is_about_an_event():
    assert an_outcome(action_id=..., about_event_id="t-1", label="Dismissed").about_event_id == "t-1"


def test_two_readings_of_one_message_are_equal():
    fields = wire_form("transactions")
    assert Transaction.model_validate(fields) == Transaction.model_validate(fields)


def test_what_a_channel_knows_of_a_contact_comes_along():
    known = {"job": "student", "emp.var.rate": -1.8, "age": 31, "n" + "9" * 31: "x" * 64}
    event = an_interaction(attributes=known, offered_action="high_yield_savings")
    assert (event.attributes, event.offered_action) == (known, "high_yield_savings")
    assert an_interaction(attributes=None).attributes is None


@pytest.mark.parametrize(
    "attributes",
    [
        [],
        "job=student",
        {"Job": "student"},
        {"9": 1},
        {"": 1},
        {"n" * 33: 1},
        {"job": "x" * 65},
        {"job": None},
        {"job": True},
        {"job": ["student"]},
        {f"k{n}": n for n in range(33)},
    ],
)
def test_attributes_of_another_form_are_refused(attributes: object):
    with pytest.raises(ValidationError):
        an_interaction(attributes=attributes)
