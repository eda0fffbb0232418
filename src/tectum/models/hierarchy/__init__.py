"""What `MapHierarchy` is made of."""
