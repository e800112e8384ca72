"""Which rows train, validate and test."""
