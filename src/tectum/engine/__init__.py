"""Time loops, one folder per kind of layer: the only code that knows time steps."""
