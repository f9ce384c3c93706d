"""Champion against challengers, from drift and trial to promotion and return; begin with `contest.py`."""
