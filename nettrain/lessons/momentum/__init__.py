"""Lessons on momentum."""
