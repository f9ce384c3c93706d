"""What the data is: events, actions, profiles, and their bytes."""
