"""The figures of models and alerts that documents quote: `python -m stream_app.figures`; `truth.py` is the judge."""
