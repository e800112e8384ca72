"""Lessons on features and parameters of different scale."""
