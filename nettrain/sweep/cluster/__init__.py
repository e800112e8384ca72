"""Sweeps on many machines: Dask carries chunks of trials to its workers, and their results back."""
