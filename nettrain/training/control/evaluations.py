"""When a run is evaluated: after every so many epochs, or several times in each of them."""

from bisect import bisect
from dataclasses import dataclass
from functools import cached_property

from nettrain.experiment.training_settings import TrainingSettings
from nettrain.training.progress import Progress


@dataclass(frozen=True)
class EvaluationPlan:
    """Evaluations after steps of a run, which has so many steps in each epoch.

    An epoch is cut into `parts` that end with an evaluation, or is itself the only part, at the end of which
    there is an evaluation `every` so many epochs and after the last one. A part ends with the step that is
    nearest to its share of the epoch, so that steps alone decide.
    """

    steps: int
    epochs: int
    every: int = 1
    parts: int = 1

    @classmethod
    def of(cls, settings: TrainingSettings, steps: int) -> "EvaluationPlan":
        """The evaluations of a run with so many steps in each epoch."""
        parts = settings.evaluations_per_epoch
        return cls(steps, settings.epochs, int(settings.evaluate_every) if parts == 1 else 1, parts)

    @cached_property
    def stops(self) -> tuple[int, ...]:
        """The steps of an epoch after which its parts end; the last is the whole epoch."""
        return tuple((2 * k * self.steps + self.parts) // (2 * self.parts) for k in range(1, self.parts + 1))

    def next_stop(self, position: int) -> int:
        """The step of an epoch after which the part that is under way after so many steps ends."""
        return self.stops[bisect(self.stops, position)]

    def is_evaluated(self, epoch: int) -> bool:
        """Whether there is an evaluation at the end of this epoch."""
        return self.parts > 1 or epoch % self.every == 0 or epoch == self.epochs

    def epochs_done(self, progress: Progress) -> float:
        """The epochs that are done, with parts of one, as the `epoch` of an evaluation: 3, or 3.25."""
        parts = sum(stop <= progress.position for stop in self.stops)
        return round(progress.epoch + parts / self.parts, 4) if parts else progress.epoch
