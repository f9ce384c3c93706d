"""How good scores are, told as they come; begin with `meters.py`, then `evidence.py` (one model against another)."""
