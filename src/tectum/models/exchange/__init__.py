"""Networks for other simulators and for chips: the neuromorphic intermediate representation (NIR)."""
