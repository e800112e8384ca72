"""The parts of a comparison: what is compared, how it is trained, what differs, and whether it is chance."""
