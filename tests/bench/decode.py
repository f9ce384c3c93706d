"""Time one decode of each input event, in µs: `python -m tests.bench.decode`; the best of seven rounds counts."""

import json
import sys
import timeit

from schemas.times import parse_rfc3339
from schemas.wire import decode
from tests.builders import wire_form

ROUNDS, CALLS = 7, 20_000
TRACED = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
RECEIVED_MS = parse_rfc3339("2026-03-02T12:00:00Z")
FULL_TRANSACTION = {
    "counterparty_id": "shop-1",
    "merchant_category_code": "5411",
    "country": "CN",
    "balance_after": "1000.00",
    "status": "booked",
    "amount": "12.50",
    "occurred_at": "2026-03-02T09:15:00.123+08:00",
}


def microseconds(topic: str, **changes: object) -> float:
    """Best time of one decode, everything included: validation, ready attributes, key and future check."""
    fields = wire_form(topic, **changes)
    value = json.dumps(fields).encode()
    key = f"{fields['platform']}:{fields['author']}" if topic == "mentions" else fields["customer_id"]
    arguments = (topic, key.encode(), value, TRACED, RECEIVED_MS, ("topic", 0, 1))
    return min(timeit.repeat(lambda: decode(*arguments), number=CALLS, repeat=ROUNDS)) / CALLS * 1e6


def main() -> None:
    figures = {
        "transaction": microseconds("transactions", **FULL_TRANSACTION),
        "interaction": microseconds("interactions", branch_id="B001", product_id="loan.1", text="hello", rating=7),
        "mention": microseconds("mentions", language="zh", reach=10),
        "customer": microseconds("customers", products=["p1"], handles=["weibo:me"], consents=["marketing"]),
        "outcome": microseconds("outcomes"),
    }
    sys.stdout.writelines(f"{name:12} {figure:6.2f} µs\n" for name, figure in figures.items())


if __name__ == "__main__":
    main()
