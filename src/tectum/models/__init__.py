"""The models: what a user fits."""
