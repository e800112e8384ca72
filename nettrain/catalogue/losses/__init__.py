"""Losses: each entry is the loss of every row, and a fused pass of loss and gradient for training."""

from nettrain.catalogue.losses import counts, cross_entropy, errors, focal, margins
from nettrain.catalogue.losses.base import Loss, losses, targets_for

__all__ = ["Loss", "losses", "targets_for"]

_ = counts, cross_entropy, errors, focal, margins
