"""Optimizers: each entry is a fused pass over all parameters of all members, a family per file."""

from nettrain.catalogue.optimizers import adam, adaptive, descent, quasi_newton, sign
from nettrain.catalogue.optimizers.base import DECAYS, Optimizer, Rule, blocks, optimizers

__all__ = ["DECAYS", "Optimizer", "Rule", "blocks", "optimizers"]

_ = adam, adaptive, descent, quasi_newton, sign
