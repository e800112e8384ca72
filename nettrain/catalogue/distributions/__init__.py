"""Distributions: each entry draws the values of one parameter of a search, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.distributions.base import Distribution, distributions
from nettrain.catalogue.distributions.shorthand import implied

__all__ = ["Distribution", "distributions", "implied"]

import_families(__name__, __path__)
