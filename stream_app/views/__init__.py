"""What is kept for programs, made readable: a profile, a decision, a score taken apart."""
