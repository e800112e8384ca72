"""Losses for which a network describes the distribution of each target by several outputs."""

from abc import abstractmethod
from typing import ClassVar

from nettrain.backend.base import Array, ArrayModule, Floats, HostArray
from nettrain.catalogue.losses.base import Loss
from nettrain.catalogue.losses.target_distribution import TargetDistribution


class DistributionalLoss(Loss):
    """A loss of T numbers with `outputs_per_target` C outputs for each: those of a target lie side by side.

    `predictions` makes one number of them, which metrics compare with the target; `distribution` has all.
    """

    fits: ClassVar[tuple[str, ...]] = ("numbers",)

    @abstractmethod
    def distribution(self, output: HostArray) -> TargetDistribution:
        """What raw outputs (N, T·C) say of the scaled targets."""

    @abstractmethod
    def constant_outputs(self, y: Floats, weight: Floats) -> Floats:
        """Raw outputs (T·C,), the same for all rows, with the smallest loss of y (N, T), weighted (N,)."""

    @property
    @abstractmethod
    def levels(self) -> tuple[float, ...] | None:
        """The levels of the quantiles that a distribution has; None where it has all."""


def softplus(xp: ArrayModule, z: Array) -> Array:
    """log(1+e^z) without overflow."""
    return xp.maximum(z, 0.0) + xp.log1p(xp.exp(-xp.absolute(z)))
