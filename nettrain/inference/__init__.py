"""Inference: predictions of trained networks for any number of rows, and the metrics of them."""
