"""The curves of trials while a sweep trains, written by its workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic, time

from nettrain.export.tensorboard.event_file import flush_all
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.export.tensorboard.messages import scalars
from nettrain.store.history import history_row
from nettrain.sweep.kept_networks import TrialNetwork
from nettrain.training.events import EpochDone
from nettrain.workflow.tensorboard.tags import history_figures

MOST_POINTS = 100  # of a curve: there may be thousands of them
SECONDS = 1.0  # between two times that they are written


def trial_folder(sweep: LogFolder, trial: int) -> LogFolder:
    """The folder of a trial in that of its sweep."""
    return sweep.part(f"trial-{trial}")


@dataclass(frozen=True)
class TrialCurves:
    """Writes the curves of trials into folders of a sweep's, those of folds below them."""

    place: LogFolder

    def watch(self, networks: Sequence[TrialNetwork], folds: int, epochs: int) -> "PopulationCurves":
        """The curves of a population; what is left of an earlier attempt is removed."""
        places = [trial_folder(self.place, one.trial) for one in networks]
        if folds > 1:
            pairs = zip(places, networks, strict=True)
            places = [place.part(f"fold-{one.fold + 1}") for place, one in pairs]
        for place in places:
            place.clear()
        return PopulationCurves(places, epochs)


class PopulationCurves:
    """Writes the curves of one population, a file for each network: of long trainings every k-th epoch."""

    def __init__(self, places: Sequence[LogFolder], epochs: int) -> None:
        self._files = [place.file() for place in places]
        self._every, self._epochs = ceil(epochs / MOST_POINTS), epochs
        self._next = monotonic() + SECONDS

    def epoch(self, event: EpochDone) -> None:
        """Add an epoch, and write if it is time."""
        if event.evaluated and (event.epoch % self._every == 0 or event.epoch == self._epochs):
            now = time()
            for k, member in enumerate(event.members.tolist()):
                self._files[member].add(
                    now, int(event.epoch), scalars(history_figures(history_row(event, k)))
                )
        if monotonic() >= self._next:
            self.flush()
            self._next = monotonic() + SECONDS

    def flush(self) -> None:
        """Write what was added."""
        flush_all(self._files)
