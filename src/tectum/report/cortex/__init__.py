"""The page of a piece of cortex."""
