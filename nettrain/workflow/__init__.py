"""Everything nettrain can do, one file per task: functions of plain objects that report events.

The command line and the Python interface call them; nothing here prints, draws or exits.
"""
