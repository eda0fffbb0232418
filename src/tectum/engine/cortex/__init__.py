"""Cortical sheets: local fields, a race of first spikes in each neighbourhood, and plasticity around the winners."""
