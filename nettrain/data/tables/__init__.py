"""A table of cells as its source gave it, and how its cells are spelled."""
