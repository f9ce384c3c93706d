"""The product without a broker, in one process: over files, against the synthetic bank, under two policies."""
