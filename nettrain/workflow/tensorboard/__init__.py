"""Runs and sweeps in event files for TensorBoard, while they train or afterwards."""
