"""A piece of cortex: a sheet without borders that wires itself by waves, then by what it sees."""
