"""Recording the networks of a small world while they train, to show how their predictions came about."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import HostArray
from nettrain.data.preprocessing import Preprocessing
from nettrain.errors import SpecError
from nettrain.inference.model import TrainedNetworks
from nettrain.training.events import EpochDone, Event, MemberStopped
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.small_world import SmallWorld, WorldMap, affordable, look, predicting, refusal
from nettrain.workflow.training import TrainingResult

FRAMES = 60  # of an animation, at most
DENSE, SPARSE = 30, 8  # recorded epochs for each doubling or so of the epochs, of small and of large networks
MOST_RECORDED = 300
SMALL_BYTES = 1e6  # of all parameters
SHOWN = ("val_loss", "train_loss", "running_loss")  # the first of these figures that there is
PLACES, WORK = 81, 2e9  # along each axis of a frame, and multiplications that they may take


@dataclass(frozen=True, eq=False)
class RecordedEpoch:
    """All members' parameters (R, P) and statistics (R, Q) after an epoch, and the first one's figures."""

    epoch: float
    step: int
    parameters: HostArray
    statistics: HostArray
    figures: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of an animation."""

    label: str
    seen: WorldMap


def refuse_animation(preprocessing: Preprocessing, *, figures: bool = True) -> None:
    """Raise SpecError when the inputs are no small world, or no figures are drawn."""
    if not figures:
        raise SpecError("--animate: does not go with --no-figures")
    reason = refusal(preprocessing)
    if reason:
        raise SpecError(f"--animate: {reason}")


class EpochRecorder:
    """Copies the parameters between epochs: of all at the start, of fewer and fewer later.

    Call `on_event` with every event of the training.
    """

    def __init__(self, prepared: PreparedTraining) -> None:
        self._prepared, run = prepared, prepared.training.run
        # of members that had stopped before a resumption, what they ended with
        self._parameters, self._statistics = run.final.parameters.copy(), run.final.statistics.copy()
        self._spacing = DENSE if self._parameters.nbytes <= SMALL_BYTES else SPARSE
        self._next, self._ended = 0.0, dict[int, MemberStopped]()
        progress = prepared.training.progress
        self.recorded: list[RecordedEpoch] = []
        self._record(progress.epoch, progress.step, {})

    def on_event(self, event: Event) -> None:
        """Record the networks after an epoch, if it is time."""
        if isinstance(event, MemberStopped):
            self._ended[event.member] = event
        if isinstance(event, EpochDone) and event.epoch >= self._next:
            first = int(np.argmin(event.members))
            figures = {name: float(values[first]) for name, values in event.figures.items()}
            self._record(event.epoch, event.step, figures)

    def frames(self, result: TrainingResult, world: SmallWorld) -> list[Frame]:
        """At most FRAMES epochs, more of the first ones, and at last the networks that the run ended with."""
        shown = [self.recorded[k] for k in chosen([one.epoch for one in self.recorded])]
        places = min(PLACES, affordable(world, [("", result.networks)], WORK))
        frames = []
        for one in shown:
            networks = predicting(self._networks(one))
            if networks is not None:
                frames.append(Frame(_label(one), look(world, [("", networks)], places)))
        last = None if self._ends_with_the_last_recorded else predicting(result.networks)
        if last is not None:
            frames.append(Frame(self._last_label(), look(world, [("", last)], places)))
        return frames

    def _record(self, epoch: float, step: int, figures: Mapping[str, float]) -> None:
        run = self._prepared.training.run
        rows, to_host = run.population["original"], run.backend.to_host
        self._parameters[rows] = to_host(run.population["parameters"])
        self._statistics[rows] = to_host(run.population["statistics"])
        if self.recorded and self.recorded[-1].step == step:
            self.recorded.pop()  # the weights before training, of which the loop brings the figures
        copies = self._parameters.copy(), self._statistics.copy()
        self.recorded.append(RecordedEpoch(epoch, step, *copies, figures))
        self._next = epoch + epoch // self._spacing
        if len(self.recorded) > MOST_RECORDED:  # of evaluations within epochs
            del self.recorded[1:-1:2]

    def _networks(self, one: RecordedEpoch) -> TrainedNetworks:
        run = self._prepared.training.run
        arrays = one.parameters, one.statistics
        return TrainedNetworks.of_members(run.model, run.backend, *arrays, self._prepared.members)

    @property
    def _ends_with_the_last_recorded(self) -> bool:
        """Whether the run ended with the weights that were recorded last, and not with earlier ones."""
        ended = self._ended.get(0)
        return ended is not None and not ended.restored and ended.step == self.recorded[-1].step

    def _last_label(self) -> str:
        ended = self._ended.get(0)
        if ended is not None and ended.restored:
            return f"epoch {ended.best_epoch}: the best, which is kept"
        return f"epoch {self._prepared.training.progress.epoch}: the end"


def chosen(epochs: list[float], count: int = FRAMES - 1) -> list[int]:
    """The positions of at most `count` epochs, evenly spaced in the square root of the epoch."""
    if len(epochs) <= count:
        return list(range(len(epochs)))
    first, last = epochs[0], epochs[-1]
    wanted = first + (last - first) * np.linspace(0, 1, count) ** 2
    found = np.searchsorted(epochs, wanted - 1e-9)
    return sorted({int(k) for k in np.minimum(found, len(epochs) - 1)})


def _label(one: RecordedEpoch) -> str:
    """`epoch 12, validation loss 0.1234`."""
    name = next((name for name in SHOWN if name in one.figures), "")
    words = {"val": "validation", "train": "training", "running": "running"}
    kind, _, figure = name.partition("_")
    return f"epoch {one.epoch:g}" + (f", {words[kind]} {figure} {one.figures[name]:.3f}" if name else "")
