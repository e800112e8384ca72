"""Tables, progress, reports and pictures: what the user sees. Only this room imports Rich and Matplotlib.

It draws plain objects and never computes.
"""
