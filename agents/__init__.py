"""Who listens: plain async functions over ports."""
