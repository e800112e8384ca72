"""The files of runs and sweeps: each is whole or absent, and none is a pickle."""
