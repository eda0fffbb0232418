"""The page of a dictionary that sees a recording of an event camera."""
