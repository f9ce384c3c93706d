"""The models whose scores customers are given, and their calibration; begin with `churn.py` and `calibrated.py`."""
