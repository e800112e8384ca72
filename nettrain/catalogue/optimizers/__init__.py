"""Optimizers: each entry is a fused pass over all parameters of all members, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.optimizers.base import DECAYS, Optimizer, Rule, blocks, optimizers

__all__ = ["DECAYS", "Optimizer", "Rule", "blocks", "optimizers"]

import_families(__name__, __path__)
