"""Page of a network of Diehl & Cook."""
