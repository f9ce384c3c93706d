"""Bucket rings: how often and how much in the last hour, day, week; begin with `windows.py`, which reads them."""
