"""Why a score is what it is, in words and figures; begin with `reasons.py`, `explain.py` puts the parts together."""
