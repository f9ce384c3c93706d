"""The pure core of the trainers: examples in, versions out; begin with `release.py`, `learners.py` says who learns."""
