"""A trained run in other forms: as a graph of array operations, and as files that other programs read."""
