"""A bank's own files: rows to events by a mapping, and what the input topics hold as a file again."""
