"""Page of a dictionary."""
