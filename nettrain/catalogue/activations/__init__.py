"""Activations: each entry is a function and its derivative, a family per file."""

from nettrain.catalogue.activations.base import Activation, activations
from nettrain.catalogue.discovery import import_families

__all__ = ["Activation", "activations"]

import_families(__name__, __path__)
