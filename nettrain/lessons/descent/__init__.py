"""Lessons on steps downhill: learning rate, batch, schedules."""
