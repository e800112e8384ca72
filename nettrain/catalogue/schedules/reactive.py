"""Schedules that watch a figure: the rate is cut when it no longer improves.

`cut` (R, 1) is the product of the cuts so far; training.plateau counts the evaluations.
"""

from typing import ClassVar, Self

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.schedules.base import Schedule, schedules
from nettrain.catalogue.settings import Number, number, option


class Reactive(Schedule):
    """α₀·factor^k after k times `patience` evaluations in a row without improvement, never below `floor`.

    An improvement is one by more than min_delta. A rate that begins below the floor stays there.
    """

    monitor: str | None = option(None, "the figure that must get better; default: the run's own")
    factor: float = number(0.1, "multiplies the rate", gt=0, lt=1)
    patience: int = number(10, "evaluations in a row without improvement", ge=1)
    min_delta: float = number(1e-4, "better means by more than this", ge=0)
    floor: float = number(0.0, "no rate is cut below this", ge=0)
    timeless: ClassVar[bool] = True
    cut: ClassVar[Number] = 1.0  # the product of the cuts so far; in a run (R, 1), see `with_cut`

    def with_cut(self, cut: Floats) -> Self:
        """These settings after cuts whose product is `cut` (R, 1)."""
        return self.model_copy(update={"cut": cut})

    def rate(self, base: Floats, clock: Floats, length: float) -> Floats:
        return np.maximum(base * self.cut, np.minimum(self.floor, base)) + np.zeros_like(clock)


@schedules.register("plateau", source="He et al. 2016, section 3.4")
class PlateauSchedule(Reactive):
    """The rate is cut at the patience-th evaluation in a row without improvement (PyTorch waits one more).

    For when the number of epochs is not known in advance. As torch.optim.lr_scheduler.ReduceLROnPlateau.
    """


@schedules.register("adaptive", source="the idea of scikit-learn's learning_rate='adaptive'")
class Adaptive(Reactive):
    """A plateau of the training loss: a fifth at the second evaluation in a row without improvement.

    Needs no validation rows. As scikit-learn's learning_rate="adaptive", which also stops at the floor.
    """

    monitor: str | None = option("train_loss", "the figure that must get better")
    factor: float = number(0.2, "multiplies the rate", gt=0, lt=1)
    patience: int = number(2, "evaluations in a row without improvement", ge=1)
    floor: float = number(1e-6, "no rate is cut below this", ge=0)
