"""A search over parameters: trials are drawn, grouped into populations and spread over processes."""
