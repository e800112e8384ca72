"""Schedules without an end: the rate stays, or falls by a formula."""

from typing import Annotated

import numpy as np
from pydantic import Field

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules.base import Schedule, schedules
from nettrain.catalogue.settings import number, option


@schedules.register("constant")
class ConstantSchedule(Schedule):
    """α₀ throughout.

    For rules that adapt their own steps, or short runs.
    """

    timeless = True

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base + np.zeros_like(clock)


@schedules.register("step")
class StepDecay(Schedule):
    """α₀·factor^⌊e/every⌋ in epoch e.

    Large steps first, then smaller ones to settle. As torch.optim.lr_scheduler.StepLR.
    """

    factor: float = number(0.5, "multiplies the rate", gt=0)
    every: float = number(10, "epochs between two cuts", gt=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        factor: Floats = np.exp(np.floor(clock / self.every) * np.log(self.factor))
        return base * factor


@schedules.register("multi_step", source="He et al. 2016, section 4.2")
class MultiStep(Schedule):
    """α₀·factor^k after k milestones, from the milestone itself on.

    For when it is known in which epochs progress stops. As torch.optim.lr_scheduler.MultiStepLR.
    """

    factor: float = number(0.1, "multiplies the rate", gt=0)
    milestones: list[Annotated[float, Field(ge=0)]] = option([30.0, 60.0, 90.0], "epochs of the cuts")

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        passed = sum((clock >= milestone).astype(float) for milestone in self.milestones)
        factor: Floats = np.exp((passed + np.zeros_like(clock)) * np.log(self.factor))
        return base * factor


@schedules.register("exponential")
class Exponential(Schedule):
    """α₀·e^{-kt} in epoch t.

    Falls by the same share in every epoch. As torch.optim.lr_scheduler.ExponentialLR with gamma e^{-k}.
    """

    decay: float = number(0.1, "k, per epoch", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base * np.exp(-self.decay * clock)


@schedules.register("inverse_time", source="Robbins & Monro 1951 ask for rates of this order")
class InverseTime(Schedule):
    """α₀/(1+kt) in epoch t.

    Slow enough to reach any point and fast enough to come to rest: what theory asks of plain descent.
    """

    decay: float = number(0.1, "k, per epoch", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base / (1 + self.decay * clock)


@schedules.register("inverse_scaling", source="scikit-learn's learning_rate='invscaling'")
class InverseScaling(Schedule):
    """α₀/(t+1)^power in epoch t.

    As scikit-learn's learning_rate="invscaling", which counts rows instead of epochs.
    """

    power: float = number(0.5, "how fast it falls", ge=0)

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return base * np.exp(-self.power * np.log1p(clock))
