"""The published figures of networks for tables: their rows, runs and table."""
