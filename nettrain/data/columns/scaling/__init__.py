"""Scalings of numeric columns, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.data.columns.scaling.base import Fitted, Scaling, scalings

__all__ = ["Fitted", "Scaling", "scalings"]

import_families(__name__, __path__)
