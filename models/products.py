"""Which product an id speaks of: ids are made of a product's name and what tells one contract from another."""

from collections.abc import Iterable
from functools import lru_cache


def is_of(product_id: str, name: str) -> bool:
    """Whether it is the name itself, or an id that begins with it.

    >>> is_of("credit_card-778", "credit_card"), is_of("funding", "fund")
    (True, False)
    """
    return product_id == name or product_id.startswith(_begins(name))


def holds(product_ids: Iterable[str], name: str) -> bool:
    """Whether one of the ids is of the product.

    >>> holds(("fund", "credit_card-778"), "credit_card"), holds((), "fund")
    (True, False)
    """
    begins = _begins(name)
    for product_id in product_ids:  # noqa: SIM110 - a generator takes twice as long
        if product_id == name or product_id.startswith(begins):
            return True
    return False


@lru_cache(maxsize=1024)
def _begins(name: str) -> tuple[str, ...]:
    return f"{name}-", f"{name}_", f"{name}:"
