"""Schedules that look at a figure: the rate is cut when it no longer gets better.

`cut` (R, 1) is what the cuts so far multiply to; whoever trains counts the evaluations, see training.plateau.
"""

from typing import ClassVar, Self

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules.base import Schedule, schedules
from nettrain.catalogue.settings import Number, number, option


class Reactive(Schedule):
    """α₀·factor^k after k times `patience` evaluations in a row that were not better, never below the floor.

    Better means by more than min_delta, strictly. A rate that begins below the floor stays there.
    """

    monitor: str | None = option(None, "the figure that must get better; default: the run's own")
    factor: float = number(0.1, "multiplies the rate", gt=0, lt=1)
    patience: int = number(10, "evaluations in a row without improvement", ge=1)
    min_delta: float = number(1e-4, "better means by more than this", ge=0)
    floor: float = number(0.0, "no rate is cut below this", ge=0)
    timeless: ClassVar[bool] = True
    cut: ClassVar[Number] = 1.0  # in a run what the cuts so far multiply to (R, 1), see `with_cut`

    def with_cut(self, cut: Floats) -> Self:
        """These settings after cuts that multiply to so much, (R, 1)."""
        return self.model_copy(update={"cut": cut})

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return np.maximum(base * self.cut, np.minimum(self.floor, base)) + np.zeros_like(clock)


@schedules.register("plateau")
class PlateauSchedule(Reactive):
    """The rate is cut at the patience-th evaluation in a row without improvement (PyTorch waits one more)."""


@schedules.register("adaptive", source="the idea of scikit-learn's learning_rate='adaptive'")
class Adaptive(Reactive):
    """A plateau of the training loss: a fifth at the second evaluation in a row without improvement."""

    monitor: str | None = option("train_loss", "the figure that must get better")
    factor: float = number(0.2, "multiplies the rate", gt=0, lt=1)
    patience: int = number(2, "evaluations in a row without improvement", ge=1)
    floor: float = number(1e-6, "no rate is cut below this", ge=0)
