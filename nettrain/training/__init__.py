"""Training: a population of networks, stepped in place, telling what happens as events."""
