"""nettrain: multilayer perceptrons from one YAML file, trained as populations."""

__version__ = "0.1.0"
