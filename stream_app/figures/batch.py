"""The batch model that ours are held against: scikit-learn's gradient boosting (a dependency of development)."""

from collections.abc import Mapping, Sequence
from typing import Any

FOLDS = 5

Example = Mapping[str, Any]


def in_batch(examples: Sequence[Example], labels: Sequence[bool]) -> list[float]:
    """Score each example by a gradient boosting that has seen all customers but those of its fold."""
    # Not at the top: a worker that is installed without the dependencies of development has no scikit-learn.
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
    from sklearn.model_selection import GroupKFold, cross_val_predict  # noqa: PLC0415

    said = cross_val_predict(
        HistGradientBoostingClassifier(random_state=0),
        [list(example["features"]) for example in examples],
        labels,
        groups=[example["customer_id"] for example in examples],
        cv=GroupKFold(FOLDS),
        method="predict_proba",
    )
    return [float(chance) for _, chance in said]
