"""Inputs of every kind, mutated by grammar, and what is said of how nettrain takes them.

`mutation` registers what is in `formats/`; `world` makes valid inputs, `subjects` says which command reads
which; `case` draws a subject and its mutations by a number, `execution` runs the command under limits, and
`judge` says what is wrong with how it ended.
"""
