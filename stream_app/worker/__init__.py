"""A worker: built, run, asked for its health, and as a process of its own."""
