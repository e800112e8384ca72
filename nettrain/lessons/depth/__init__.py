"""Lessons on deep networks."""
