"""Numbers, laws and compiled kernels: what the rest is built on; imports nothing of tectum."""
