"""Dictionaries: input spikes, neurons that compete, plasticity at their spikes."""
