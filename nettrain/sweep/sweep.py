"""A sweep in its folder: what is left to train, and how the trials compare."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nettrain.experiment.settings import Experiment
from nettrain.store.sweep_folder import SweepFolder
from nettrain.sweep.borders import at_border
from nettrain.sweep.halving import Bracket
from nettrain.sweep.influence import Influence, influences
from nettrain.sweep.loop import SweepProgress, train_chunks
from nettrain.sweep.messages import TrialChunk, TrialResult
from nettrain.sweep.ranking import Goal, best_first
from nettrain.sweep.search_space import SearchSpace, Trial
from nettrain.sweep.sweep_journal import SweepJournal
from nettrain.sweep.worker_pool import WorkerPool


@dataclass
class Sweep:
    """A sweep whose folder is locked; `chunks` are what is left to train."""

    space: SearchSpace
    trials: list[Trial]
    goal: Goal
    folder: SweepFolder
    journal: SweepJournal
    workers: int
    chunks: list[TrialChunk]
    brackets: list[Bracket]
    notes: tuple[str, ...]
    devices: tuple[int, ...] = ()  # GPUs that the workers share out

    def run(self, interrupted: Callable[[], bool]) -> Iterator[SweepProgress]:
        """Train what is left; every result is in the journal before it is yielded."""
        known = list(self.results.values())
        with WorkerPool(min(self.workers, len(self.chunks)), self.devices) as pool:
            for progress in train_chunks(
                self.chunks, self.brackets, known, goal=self.goal, pool=pool, interrupted=interrupted
            ):
                self.journal.add(progress.new_results)
                yield progress

    @property
    def results(self) -> dict[int, TrialResult]:
        """The results of this sweep's trials, by number."""
        results = self.journal.results
        return {trial.number: results[trial.number] for trial in self.trials if trial.number in results}

    @property
    def best(self) -> list[TrialResult]:
        """Finished trials, the best first."""
        return best_first(self.results.values(), self.goal)

    def experiment_of(self, trial: int) -> Experiment:
        """The experiment of a trial, to be trained on its own."""
        experiment = self.trials[trial - 1].experiment
        return experiment.model_copy(update={"experiment": f"{experiment.experiment}-best"})

    def influences(self) -> list[Influence]:
        """The influence of each parameter, the strongest first."""
        return influences(self.space.parameters, self.trials, self.results, self.goal)

    def borders(self) -> list[str]:
        """Warnings about numbers of the best trial at the ends of their ranges."""
        if not self.best:
            return []
        return at_border(self.space, self.trials[self.best[0].trial - 1].values, self.influences())
