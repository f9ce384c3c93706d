"""What a worker tells of itself: its metrics, where each comes from, and its log."""
