"""Lessons on the mean of several networks, and on the search for good settings."""
