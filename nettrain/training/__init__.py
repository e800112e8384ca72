"""Training: a population of networks is stepped in place, and what happens is yielded as events."""
