"""Pictures of runs and sweeps as PNG bytes, drawn from plain data. They stay clear when printed in grey."""
