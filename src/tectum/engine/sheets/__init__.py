"""Sheets with travelling waves, the projections they wire, and the images they see."""
