"""A search over an experiment's parameters: trials drawn, grouped into populations, and spread over processes."""
