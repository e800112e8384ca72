"""The command line: one file per command; each loads, runs, renders and returns an exit code."""
