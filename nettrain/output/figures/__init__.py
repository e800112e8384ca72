"""Pictures of a run as PNG bytes, drawn from plain data. They are also clear when printed in grey."""
