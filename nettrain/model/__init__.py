"""The network: its architecture, where its parameters lie, and how signals pass through it."""
