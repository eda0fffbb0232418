"""Graphs of populations that exchange spikes with conduction delays."""
