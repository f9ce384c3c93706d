"""Which product an id speaks of: ids are made of a product's name and what tells one contract from another."""

from functools import lru_cache

_SEPARATORS = frozenset("-_:")


@lru_cache(maxsize=4096)  # ids come again with every look at who holds them
def names_in(product_id: str) -> frozenset[str]:
    """List what a product's id may be the name of: all of it, and what stands before each of its separators.

    >>> sorted(names_in("credit_card-778"))
    ['credit', 'credit_card', 'credit_card-778']
    """
    ends = [place for place, letter in enumerate(product_id) if letter in _SEPARATORS]
    return frozenset([product_id, *[product_id[:end] for end in ends]])
