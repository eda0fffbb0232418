"""The page of sensors of unknown place and the network that is wired to them."""
