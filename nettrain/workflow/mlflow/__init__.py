"""Runs and sweeps that have been trained in a store of MLflow."""
