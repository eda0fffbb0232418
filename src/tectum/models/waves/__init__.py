"""What `WaveNetwork` is made of."""
