"""What follows: folding, scoring, rules and decisions, all pure."""
