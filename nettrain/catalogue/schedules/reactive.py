"""Schedules that watch a figure: the rate is cut when it no longer improves."""

from nettrain.catalogue.schedules.base import Reactive, schedules
from nettrain.catalogue.settings import number, option


@schedules.register("plateau", source="He et al. 2016, section 3.4")
class PlateauSchedule(Reactive):
    """The rate is cut at the patience-th evaluation in a row without improvement (PyTorch waits one more).

    For when the number of epochs is not known in advance. As torch.optim.lr_scheduler.ReduceLROnPlateau.
    """


@schedules.register("adaptive", source="the idea of scikit-learn's learning_rate='adaptive'")
class Adaptive(Reactive):
    """A plateau of the training loss: α/5 after two evaluations in a row without improvement.

    Needs no validation rows. As scikit-learn's learning_rate="adaptive", which also stops at the floor.
    """

    monitor: str | None = option("running_loss", "the figure that must improve")
    factor: float = number(0.2, "multiplies the rate", gt=0, lt=1)
    patience: int = number(2, "evaluations in a row without improvement", ge=1)
    floor: float = number(1e-6, "no rate is cut below this", ge=0)
