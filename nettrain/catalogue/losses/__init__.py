"""Losses: each entry is the loss of every row, and a fused pass of loss and gradient, a family per file."""

from nettrain.catalogue.discovery import import_families
from nettrain.catalogue.losses.base import Loss, NumberForm, losses, targets_for

__all__ = ["Loss", "NumberForm", "losses", "targets_for"]

import_families(__name__, __path__)
