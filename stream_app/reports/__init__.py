"""What the figures of models and alerts are reckoned with; `stream_app.figures` asks each, `truth.py` is the judge."""
