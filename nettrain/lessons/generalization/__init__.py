"""Lessons on training rows learned by heart, and on new rows."""
