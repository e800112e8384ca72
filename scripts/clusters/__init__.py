"""Sweeps on clusters, measured and simulated on one machine."""
