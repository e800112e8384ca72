"""Activations: each entry is a function and its derivative."""

from nettrain.catalogue.activations import (
    clipped,
    exponential,
    gated,
    joint,
    learned,
    rectified,
    sigmoidal,
    soft,
)
from nettrain.catalogue.activations.base import Activation, activations

__all__ = ["Activation", "activations"]

_ = clipped, exponential, gated, joint, learned, rectified, sigmoidal, soft
