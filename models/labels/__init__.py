"""What came true, and the examples that wait for it; begin with `outcomes.py`."""
