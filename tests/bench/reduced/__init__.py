"""The reduced job of the peers' comparison: the same events, state and alerts for every engine."""
