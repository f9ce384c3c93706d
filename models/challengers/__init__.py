"""Who learns beside a champion to take its place; begin with `kinds.py`, which lists them by policy's names."""
