"""Whole commands, from the start of a process to a model on disk: nettrain, and minimal scripts of others.

Each script takes a table, a file of settings and the path of the model that it writes, and prints how many of
the held-out rows are right. They are written as users write them, and do not import each other.
"""
