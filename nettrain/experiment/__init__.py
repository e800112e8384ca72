"""The experiment as a whole: one YAML file, every key checked, every error with its line."""
