"""Learning live: promises about examples, the trainer, the versions it publishes, and who is on duty."""
