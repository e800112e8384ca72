"""What one can do with nettrain: functions that take and return plain objects and report events.

The command line, the Python interface and other front ends call them; nothing here prints, draws or exits.
"""
