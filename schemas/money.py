"""Money: decimal text or a JSON number on the wire, integer minor units inside; never a float in the state.

Currencies are ISO 4217 list one as published on 2026-01-01, pinned: with XCG for ANG, SLE for SLL, ZWG for ZWL, EUR
for HRK and (since that day) BGN. Left out: metals (XAU…), funds and units of account (BOV, CHE, CHW, CLF, COU, MXV,
USN, UYI, UYW, XAD, XDR, XSU, XUA), bond market units, and the codes for testing (XTS) and for none (XXX).
"""

from decimal import Decimal

from schemas.errors import BadMessage

_BY_MINOR_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
        "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
        "JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD "
        "NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
        "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
}

MINOR_DIGITS: dict[str, int] = {code: digits for digits, codes in _BY_MINOR_DIGITS.items() for code in codes.split(" ")}

AMOUNT_PATTERN = r"^[0-9]{1,13}(\.[0-9]+)?$"
SIGNED_AMOUNT_PATTERN = r"^-?[0-9]{1,13}(\.[0-9]+)?$"
MAX_SIGNIFICANT_DIGITS = 15  # what a double carries exactly; beyond it only a string is exact
TOO_LARGE = 10**13


def minor_digits(currency: str) -> int:
    """Digits behind the decimal point of an active currency; raises BadMessage `bad_currency`."""
    digits = MINOR_DIGITS.get(currency)
    if digits is None:
        raise BadMessage("bad_currency", "currency: not an active ISO 4217 currency")
    return digits


def parse_minor(amount: str | float, digits: int, field: str = "amount") -> int:
    """Minor units of an amount whose text has the shape of `SIGNED_AMOUNT_PATTERN`, or of a JSON number.

    `digits` is the currency's number of decimals. Raises BadMessage `bad_amount` when digits beyond them are not
    zero, when a number has more than 15 significant digits, or is 10^13 or more.

    >>> parse_minor("12.50", 2), parse_minor(12.5, 2), parse_minor("7", 0), parse_minor("-0.100", 3)
    (1250, 1250, 7, -100)
    """
    text = amount if isinstance(amount, str) else _plain_digits(amount, field)
    whole, _, fraction = text.partition(".")
    if len(fraction) > digits:
        if fraction[digits:].strip("0"):
            raise BadMessage("bad_amount", f"{field}: digits beyond the currency's minor unit")
        fraction = fraction[:digits]
    return int(whole + fraction.ljust(digits, "0"))


def _plain_digits(number: float, field: str) -> str:
    """Write a number's shortest form without an exponent; raises BadMessage `bad_amount` beyond the bounds."""
    if not -TOO_LARGE < number < TOO_LARGE:
        raise BadMessage("bad_amount", f"{field}: 10^13 or more")
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    if (
        len(text) > MAX_SIGNIFICANT_DIGITS
        and len(text.lstrip("-").replace(".", "").strip("0")) > MAX_SIGNIFICANT_DIGITS
    ):
        raise BadMessage("bad_amount", f"{field}: a number of more than {MAX_SIGNIFICANT_DIGITS} significant digits")
    return text


def to_decimal_text(minor: int, currency: str) -> str:
    """Write the amount as the wire has it.

    >>> to_decimal_text(1250, "CNY"), to_decimal_text(-5, "KWD"), to_decimal_text(7, "JPY")
    ('12.50', '-0.005', '7')
    """
    digits = minor_digits(currency)
    sign, text = ("-" if minor < 0 else ""), str(abs(minor)).rjust(digits + 1, "0")
    return f"{sign}{text[:-digits]}.{text[-digits:]}" if digits else sign + text
