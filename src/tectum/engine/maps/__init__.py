"""Map of one layer, driven by volleys of its oscillating input."""
