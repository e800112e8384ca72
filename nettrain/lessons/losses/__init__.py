"""Lessons on what is minimised, and on the rows that it is minimised on."""
