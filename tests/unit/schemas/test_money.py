import pytest

from schemas.errors import BadMessage
from schemas.money import MINOR_DIGITS, minor_digits, parse_minor, to_decimal_text


@pytest.mark.parametrize(
    ("amount", "digits", "minor"),
    [
        ("0", 2, 0),
        ("12.5", 2, 1250),
        ("12.5000", 2, 1250),
        ("0012", 2, 1200),
        ("-0.05", 2, -5),
        ("7.000", 0, 7),
        ("1.234", 3, 1234),
        ("9999999999999.99", 2, 999_999_999_999_999),
        (12, 2, 1200),
        (12.5, 2, 1250),
        (0.1, 2, 10),
        (-0.0, 2, 0),
        (1e3, 2, 100_000),
        (1e12, 2, 10**14),
        (9999999999999, 2, 999_999_999_999_900),
        (1e-2, 2, 1),
    ],
)
def test_an_amount_becomes_minor_units(amount: str | float, digits: int, minor: int):
    assert parse_minor(amount, digits) == minor


@pytest.mark.parametrize(
    ("amount", "digits"),
    [("12.505", 2), ("0.5", 0), (12.505, 2), (1e-7, 2), (1e13, 2), (-1e13, 2), (10**400, 2), (1234567890123.125, 3)],
)
def test_what_the_minor_unit_or_a_double_cannot_hold_is_refused(amount: str | float, digits: int):
    with pytest.raises(BadMessage) as refused:
        parse_minor(amount, digits)
    assert refused.value.reason == "bad_amount"


def test_the_field_is_named_and_the_amount_is_not_quoted():
    with pytest.raises(BadMessage, match="balance_after") as refused:
        parse_minor("77.777", 2, "balance_after")
    assert "77" not in refused.value.detail


@pytest.mark.parametrize(
    ("minor", "currency", "text"), [(5, "CNY", "0.05"), (-1250, "CNY", "-12.50"), (7, "JPY", "7"), (7, "KWD", "0.007")]
)
def test_minor_units_are_written_as_decimals(minor: int, currency: str, text: str):
    assert to_decimal_text(minor, currency) == text


@pytest.mark.parametrize(
    ("currency", "digits"), [("CNY", 2), ("JPY", 0), ("KWD", 3), ("XCG", 2), ("ZWG", 2), ("UGX", 0)]
)
def test_active_currencies_have_the_decimals_of_iso_4217(currency: str, digits: int):
    assert minor_digits(currency) == digits


@pytest.mark.parametrize(
    "code", ["XAU", "XXX", "XTS", "CHE", "CLF", "USN", "XDR", "HRK", "BGN", "ANG", "SLL", "ZWL", "156", "cny", ""]
)
def test_metals_funds_test_historic_and_numeric_codes_are_no_currencies(code: str):
    with pytest.raises(BadMessage, match="bad_currency"):
        minor_digits(code)


def test_the_list_is_the_one_of_2026():
    # List one of 2026-01-01 has 178 codes; 23 of them are metals, funds, units of account, XTS and XXX.
    assert len(MINOR_DIGITS) == 178 - 23
