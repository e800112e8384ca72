"""What advice is given on: the curves of one network, evaluation by evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from nettrain.backend.base import Floats
from nettrain.experiment.settings import Experiment

RECENT = 5  # evaluations whose median is the level of a curve: one that sticks out decides nothing


@dataclass(frozen=True, eq=False)
class Evidence:
    """The curves of a network after E evaluations: epochs (E,), figures (E,) by name, NaN where missing.

    `layers` (E', L) are the diagnostics by quantity of the last evaluations of whole epochs, {} where none
    were recorded, and `names` those of the layers. `constant_loss` computes the training loss of the best
    constant predictions, NaN where it is not known.
    """

    experiment: Experiment
    epochs: Floats
    figures: Mapping[str, Floats]
    names: tuple[str, ...] = ()
    layers: Mapping[str, Floats] = field(default_factory=dict)
    constant_loss: Callable[[], float] = lambda: float("nan")

    @property
    def baseline(self) -> float:
        """The training loss of the best constant predictions, NaN where it is not known."""
        return self.constant_loss()

    @property
    def train(self) -> Floats:
        """The training loss (E,): of evaluated training rows, or else the running loss."""
        evaluated = self.figures.get("train_loss")
        return self.figures["running_loss"] if evaluated is None else evaluated

    @property
    def validation(self) -> Floats | None:
        """The validation loss (E,), if there are validation rows."""
        return self.figures.get("val_loss")

    @property
    def start(self) -> float:
        """The training loss of a network that has learned nothing: of constants, or else the first one."""
        known = self.train[np.isfinite(self.train)]
        return self.baseline if np.isfinite(self.baseline) else float(known[0]) if len(known) else np.nan

    @property
    def steady_rate(self) -> bool:
        """Whether the learning rate neither changes by a schedule nor is chosen by a line search."""
        experiment = self.experiment
        return experiment.schedule.name == "constant" and not experiment.optimizer.full_batch

    def recent(self, quantity: str, evaluations: int) -> Floats:
        """The diagnostics (E', L) of the last evaluations."""
        table = self.layers.get(quantity)
        return np.empty((0, 0)) if table is None else table[-evaluations:]

    @property
    def update_ratio(self) -> float:
        """The recent update-to-weight ratio of the layer that changes most; NaN where it is not recorded."""
        ratios = self.recent("update_ratio", RECENT)
        return float(np.median(ratios.max(axis=1))) if ratios.size else np.nan


def level(curve: Floats) -> float:
    """Where a curve is at its end."""
    return float(np.median(curve[-RECENT:]))
