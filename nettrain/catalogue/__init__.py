"""What a network is made of: one registry per kind, one entry per variant."""
