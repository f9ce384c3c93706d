"""The model report: one page that a risk officer can read, and the same numbers as JSON."""
