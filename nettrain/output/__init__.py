"""What a person sees: the only room that imports Rich. It draws and never computes."""
