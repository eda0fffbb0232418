"""Page of a network of sheets."""
