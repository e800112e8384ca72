"""A sweep in its folder: what is left to train, and how the trials compare."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nettrain.catalogue.searches import ToldTrial, Values
from nettrain.experiment.settings import Experiment
from nettrain.store.sweep_folder import SweepFolder
from nettrain.sweep.borders import at_border
from nettrain.sweep.chunks import Sizing, chunks_of
from nettrain.sweep.cluster.cluster_pool import ClusterPool
from nettrain.sweep.cluster.connection import Cluster
from nettrain.sweep.evolution import EvolvingBracket, TakenOver
from nettrain.sweep.halving import Bracket, Segment, make_brackets, planned_brackets
from nettrain.sweep.influence import Influence, influences
from nettrain.sweep.jobs import Preparation
from nettrain.sweep.loop import Extension, SweepProgress, train_chunks
from nettrain.sweep.messages import TrialChunk, TrialResult
from nettrain.sweep.process_pool import ProcessPool
from nettrain.sweep.ranking import Goal, best_first
from nettrain.sweep.search_space import SearchSpace, Trial
from nettrain.sweep.sweep_journal import SweepJournal
from nettrain.sweep.watching import TrialWatcher
from nettrain.sweep.worker_pool import W, WorkerPool


@dataclass
class Sweep:
    """A sweep whose folder is locked; `chunks` are what is left to train.

    Where trials come in generations, `trials` are those of the generations so far, and `planned` is how many
    there will be.
    """

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
    preparation: Preparation | None = None
    sizing: Sizing | None = None
    kept_in: Path | None = None  # a folder for the networks of trials
    watcher: TrialWatcher | None = None  # is told of every epoch, in the workers
    deadline: float | None = None  # a time of day (s) at which all training ends
    planned: int = 0
    cluster: Cluster | None = None  # trains in place of processes on this machine
    most_workers: int | None = None  # of the cluster

    def __post_init__(self) -> None:
        self._complete(self.brackets)

    def run(
        self, interrupted: Callable[[], bool], further: Callable[[], Extension | None] | None = None
    ) -> Iterator[SweepProgress]:
        """Train what is left; every result is in the journal before it is yielded.

        `further` is called when a worker has nothing to do, and returns what `extend` makes, or None; by
        default, that is the next generation.
        """
        grows = further is not None or self.planned > len(self.trials)
        if self.cluster is not None:
            device = 0 if self.devices else None  # the one that a worker sees
            with ClusterPool(self.cluster, device, self.most_workers) as cluster_pool:
                yield from self.train_in(cluster_pool, interrupted, further)
            return
        workers = self.workers if grows else min(self.workers, len(self.chunks))
        with ProcessPool(workers, self.devices) as pool:
            yield from self.train_in(pool, interrupted, further)

    def train_in(
        self,
        pool: WorkerPool[W],
        interrupted: Callable[[], bool],
        further: Callable[[], Extension | None] | None = None,
    ) -> Iterator[SweepProgress]:
        """Train what is left in a pool of workers, as `run` does."""
        before = len(self.results)
        for progress in train_chunks(
            [self._limited(chunk) for chunk in self.chunks],
            self.brackets,
            list(self.results.values()),
            goal=self.goal,
            pool=pool,
            interrupted=interrupted,
            further=further or self.next_generation,
        ):
            self.journal.add(progress.new_results)
            if progress.new_results:
                self._complete(self.brackets)
            yield replace(progress, remaining=self._share_left(progress.remaining, before))

    @property
    def total(self) -> int:
        """How many trials there will be, as far as it is known."""
        return max(self.planned, len(self.trials))

    def next_generation(self) -> Extension | None:
        """The trials of the next generation, once all others have ended, or None."""
        known, size = len(self.trials), self.space.method.size
        if size is None or known >= self.planned or len(self.results) < known:
            return None
        return self.extend(min(generation_end(known + 1, size), self.planned) - known)

    def extend(self, count: int, chosen: Sequence[Values] = ()) -> Extension:
        """Further trials: those that are `chosen`, which no rung ends, or else so many that are drawn.

        Raises SpecError or DataError when one of them would be refused; then nothing is extended.
        """
        assert self.preparation is not None
        assert self.sizing is not None
        first = len(self.trials) + 1
        numbers = range(first, first + (len(chosen) or count))
        values = dict(zip(numbers, chosen, strict=False))
        trials = self.space.numbered(numbers, values, self._told())
        jobs = self.preparation.jobs(trials)
        self.journal.extend(
            first - 1 + len(trials), values, {} if values else learned_values(self.space, trials)
        )
        self.trials += trials
        brackets = [] if values else _brackets(self.space, trials, [(first, first - 1 + len(trials))])
        self.brackets += brackets
        self._complete(brackets)
        chunks = chunks_of(jobs.jobs, brackets, self.sizing, self.goal.metric)
        return Extension([self._limited(chunk) for chunk in chunks], brackets, jobs.notes)

    @property
    def populations(self) -> list[EvolvingBracket]:
        """Those whose trials take over the weights of others."""
        return [one for one in self.brackets if isinstance(one, EvolvingBracket)]

    def taken_over(self) -> list[TakenOver]:
        """What trials have taken over in populations that have ended."""
        return [one for population in self.populations if population.ended for one in population.history()]

    def _complete(self, brackets: Sequence[Bracket]) -> None:
        """Let populations make experiments; of those that have ended, trials have the values of their end."""
        for one in brackets:
            if isinstance(one, EvolvingBracket):
                one.make = self._experiments
                if not one.ended and set(one.trials) <= set(self.results):
                    one.ended = True
                    self._take_last_values(one)

    def _take_last_values(self, population: EvolvingBracket) -> None:
        for trial in population.trials:
            for rung, figure in self.results[trial].rungs.items():
                population.add_score(rung, trial, self.goal.sign * figure)
        for made in self.space.numbered(population.trials, population.last_values()):
            self.trials[made.number - 1] = made

    def _experiments(self, values: Mapping[int, Values]) -> dict[int, Experiment]:
        """The experiments that trials go on with."""
        assert self.preparation is not None
        jobs = self.preparation.jobs(self.space.numbered([*values], values)).jobs
        return {job.trial: job.experiments[0] for job in jobs}

    def _told(self) -> dict[int, ToldTrial]:
        """What a method of search is told of the trials that have ended, by number."""
        return {
            number: ToldTrial(
                self.trials[number - 1].values,
                self.goal.score(result),
                {rung: self.goal.sign * figure for rung, figure in result.rungs.items()},
                result.status == "pruned",
            )
            for number, result in sorted(self.results.items())
        }

    def _share_left(self, remaining: float, before: int) -> float:
        """The share of the work since there were so many results, where later generations are to come."""
        made, unmade = len(self.trials) - before, self.total - len(self.trials)
        return (remaining * made + unmade) / (made + unmade) if unmade else remaining

    def _limited(self, chunk: TrialChunk) -> TrialChunk:
        return replace(chunk, kept_in=self.kept_in, watcher=self.watcher, deadline=self.deadline)

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


def brackets_of(space: SearchSpace, trials: Sequence[Trial], journal: SweepJournal) -> list[Bracket]:
    """The brackets of all trials, those in the journal and new ones, but of those that were chosen."""
    segments = journal.segments(len(trials))
    return _brackets(space, trials, [one for one in segments if one[0] not in journal.chosen])


def _brackets(space: SearchSpace, trials: Sequence[Trial], segments: Sequence[Segment]) -> list[Bracket]:
    """The brackets of these segments, which are among the trials."""
    halving = space.settings.early_terminate
    if plans := space.method.brackets(space.epochs):
        planned = planned_brackets(segments, plans)
        return [_evolving(space, one) for one in planned] if space.method.evolves else planned
    if halving is None or not trials:
        return []
    rungs = halving.rungs(max(trial.experiment.training.epochs for trial in trials))
    return make_brackets(segments, halving.bracket, rungs, halving.eta)


def _evolving(space: SearchSpace, bracket: Bracket) -> Bracket:
    """A bracket whose trials take over the weights of others."""
    first = {trial: space.sampler.values(trial, {}) or {} for trial in bracket.trials}
    exchange = partial(space.method.exchange, space.space)
    return EvolvingBracket(bracket.trials, bracket.rungs, bracket.keep, first_values=first, exchange=exchange)


def unfinished(brackets: Sequence[Bracket], done: Collection[int]) -> list[int]:
    """The trials of populations of which not all have a result: they train together or not at all."""
    populations = [one.trials for one in brackets if isinstance(one, EvolvingBracket)]
    return [trial for trials in populations if not set(trials) <= set(done) for trial in trials]


def learned_values(space: SearchSpace, trials: Sequence[Trial]) -> dict[int, Values]:
    """The values of these trials that the journal keeps, as they do not follow from their numbers."""
    return {} if space.method.size is None else {one.number: one.values for one in trials}


def generation_end(trial: int, size: int) -> int:
    """The last trial in the generation of this one."""
    return -(-trial // size) * size
