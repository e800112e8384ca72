"""The folds of a cross-validation: their plan, their training, the rows they hold out, and their files."""
