"""What `Network` is made of."""
