"""Learners of any yes or no, and what scores of them; begin with `learner.py` (the seam), `scoring.py` (hot path)."""
