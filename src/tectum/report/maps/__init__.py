"""Page of a map."""
