"""Customer lifetime value: how often he will come, how much he spends; begin with `model.py`, the model "value"."""
