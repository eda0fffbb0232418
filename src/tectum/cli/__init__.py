"""The command ``tectum``."""
