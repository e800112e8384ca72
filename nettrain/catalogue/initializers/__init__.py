"""Initializers: each entry draws the weights of a layer, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.initializers.base import Initializer, initializers

__all__ = ["Initializer", "initializers"]

import_families(__name__, __path__)
