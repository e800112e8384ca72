"""A sweep in its folder: what is left to train, and how the trials compare."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from nettrain.catalogue.searches import ToldTrial, Values
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_goals import COSTS, PARAMETERS, SECONDS
from nettrain.store.sweep_folder import SweepFolder
from nettrain.sweep.anova.analysed import AnalysedTrial
from nettrain.sweep.anova.analysis import Anova, NoAnova, what_mattered
from nettrain.sweep.borders import at_border
from nettrain.sweep.chunks import Sizing, chunks_of
from nettrain.sweep.cluster.cluster_pool import ClusterPool
from nettrain.sweep.cluster.connection import Cluster
from nettrain.sweep.constraints import excesses
from nettrain.sweep.epoch_time import SHORT, seconds_per_epoch, timing_key
from nettrain.sweep.evolution import EvolvingBracket, TakenOver
from nettrain.sweep.halving import Bracket, Segment, make_brackets, planned_brackets, without
from nettrain.sweep.influence import Influence, influences
from nettrain.sweep.jobs import Preparation
from nettrain.sweep.loop import Extension, SweepProgress, train_chunks
from nettrain.sweep.messages import TrialChunk, TrialResult
from nettrain.sweep.process_pool import ProcessPool
from nettrain.sweep.ranking import Criteria, Goal
from nettrain.sweep.refusals import oversized, refusal
from nettrain.sweep.search_space import SearchSpace, Trial
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.sweep_journal import SweepJournal
from nettrain.sweep.watching import TrialWatcher
from nettrain.sweep.worker_pool import W, WorkerPool
from nettrain.training.loop import never


@dataclass
class Sweep:
    """A sweep whose folder is locked; `chunks` are what is left to train.

    Where trials come in generations, `trials` are those of the generations so far, and `planned` is how many
    there will be. `parameters` has the size of the network of each trial that has no result. `refused` are
    results that are not in the journal yet, of trials that are not trained.
    """

    space: SearchSpace
    trials: list[Trial]
    criteria: Criteria
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
    parameters: dict[int, int] = field(default_factory=dict)
    refused: list[TrialResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._timing = False  # whether this process has measured a time
        self._times: dict[int, float] = {}  # seconds per epoch of trials that are to be trained
        self._fronts: tuple[int, dict[int, int]] = (-1, {})  # of so many results
        self._mattered: tuple[int, list[Anova | NoAnova]] = (-1, [])  # in so many results
        self._complete(self.brackets)

    @property
    def goal(self) -> Goal:
        """The goal that decides which trial is the best."""
        return self.criteria.first

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
        yield from self._begin(interrupted)
        for progress in train_chunks(
            [self._limited(chunk) for chunk in self.chunks],
            self.brackets,
            list(self.results.values()),
            goal=self.goal,
            pool=pool,
            interrupted=interrupted,
            further=further or self.next_generation,
        ):
            new = self.record(progress.new_results)
            if new:
                self._complete(self.brackets)
            remaining = self._share_left(progress.remaining, before)
            yield replace(progress, new_results=new, remaining=remaining)

    def begin(self) -> list[TrialChunk]:
        """Refuse what breaks constraints before it trains, as `train_in` does; returns what is to train."""
        for _ in self._begin(never):
            pass
        return [self._limited(chunk) for chunk in self.chunks]

    def record(self, results: Iterable[TrialResult]) -> tuple[TrialResult, ...]:
        """Put results into the journal, with what their trials cost; returns them so."""
        new = tuple(self._with_costs(one) for one in results)
        self.journal.add(new)
        return new

    def _begin(self, interrupted: Callable[[], bool]) -> Iterator[SweepProgress]:
        """Measure times if they are asked for, and yield the trials that are not trained."""
        for key, chunk in self._unmeasured(self.chunks).items():
            if interrupted():
                return
            self._measure(key, chunk)
            yield SweepProgress((), (), 1.0, 0.0)
        self.chunks, slow = self._in_time(self.chunks)
        self.brackets[:] = without(self.brackets, {one.trial for one in slow})
        refused, self.refused = [*self.refused, *slow], []
        if refused:
            yield SweepProgress(self.record(refused), (), 1.0, 0.0)

    @property
    def to_be_timed(self) -> int:
        """How many kinds of networks train some epochs alone before all else, to measure their time."""
        return len(self._unmeasured(self.chunks))

    def _unmeasured(self, chunks: Sequence[TrialChunk]) -> dict[str, TrialChunk]:
        """Chunks whose epochs are to be timed, one of each key."""
        if SECONDS not in self.criteria.figures:
            return {}
        keyed = {timing_key(chunk.experiments[0]): chunk for chunk in reversed(chunks)}
        return {key: chunk for key, chunk in reversed(keyed.items()) if key not in self.journal.timed}

    def _measure(self, key: str, chunk: TrialChunk) -> None:
        device = self.devices[0] if self.devices else None
        work = chunk.experiments[0], map_shared(chunk.data), device
        seconds = seconds_per_epoch(*work)
        if not self._timing and seconds < SHORT:  # a process that has just begun is still busy with itself
            seconds = min(seconds, seconds_per_epoch(*work))
        self._timing = True
        self.journal.add_time(key, seconds)

    def _in_time(self, chunks: Sequence[TrialChunk]) -> tuple[list[TrialChunk], list[TrialResult]]:
        """The chunks whose epochs take no longer than constraints allow, and the results of other trials."""
        if SECONDS not in self.criteria.figures:
            return list(chunks), []
        kept, slow = [], []
        for chunk in chunks:
            seconds = self.journal.timed[timing_key(chunk.experiments[0])]
            self._times |= dict.fromkeys(chunk.trials, seconds)
            refused = [refusal(trial, {SECONDS: seconds}, self.criteria) for trial in chunk.trials]
            slow += [one for one in refused if one is not None]
            if None in refused:
                kept.append(chunk)
        return kept, slow

    def _with_costs(self, result: TrialResult) -> TrialResult:
        """The result with the costs that are asked for; a failed one has no figures."""
        if result.status == "failed":
            return result
        known: dict[str, Mapping[int, float]] = {PARAMETERS: self.parameters, SECONDS: self._times}
        asked = [name for name in known if name in self.criteria.figures and result.trial in known[name]]
        costs = {name: known[name][result.trial] for name in asked}
        return replace(result, figures={**result.figures, **costs}) if costs else result

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
        self.journal.add_data(self.preparation.fingerprints)
        self.trials += trials
        self.parameters |= {job.trial: job.parameters for job in jobs.jobs}
        refused = oversized(jobs.jobs, self.criteria)
        left = [job for job in jobs.jobs if job.trial not in {one.trial for one in refused}]
        chunks = chunks_of(left, [], self.sizing, self.goal.metric)
        for key, chunk in self._unmeasured(chunks).items():
            self._measure(key, chunk)
        refused += self._in_time(chunks)[1]
        out = {one.trial for one in refused}
        brackets = [] if values else _brackets(self.space, trials, [(first, first - 1 + len(trials))])
        brackets = without(brackets, out)
        self.brackets += brackets
        self._complete(brackets)
        left = [job for job in left if job.trial not in out]
        chunks = chunks_of(left, brackets, self.sizing, self.goal.metric)
        return Extension([self._limited(chunk) for chunk in chunks], brackets, jobs.notes, refused)

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
                tuple(goal.score(result) for goal in self.criteria.goals[1:]),
                excesses(self.criteria.constraints, result.figures, untrained=result.status == "infeasible"),
            )
            for number, result in sorted(self.results.items())
        }

    def _share_left(self, remaining: float, before: int) -> float:
        """The share of the work since there were so many results, where later generations are to come."""
        made, unmade = len(self.trials) - before, self.total - len(self.trials)
        return (remaining * made + unmade) / (made + unmade) if unmade else remaining

    def _limited(self, chunk: TrialChunk) -> TrialChunk:
        measured = tuple(name for name in self.criteria.figures[1:] if name not in COSTS)
        return replace(
            chunk,
            kept_in=self.kept_in,
            watcher=self.watcher,
            deadline=self.deadline,
            measured=measured,
        )

    @property
    def results(self) -> dict[int, TrialResult]:
        """The results of this sweep's trials, by number."""
        results = self.journal.results
        return {trial.number: results[trial.number] for trial in self.trials if trial.number in results}

    @property
    def best(self) -> list[TrialResult]:
        """Finished trials that keep to all constraints, the best first."""
        return self.criteria.best_first(self.results.values())

    @property
    def fronts(self) -> dict[int, int]:
        """The front of each of the best trials, 1 for the Pareto front; empty where there is one goal."""
        results = self.results
        if self._fronts[0] != len(results):
            self._fronts = len(results), self.criteria.fronts(results.values())
        return self._fronts[1]

    @property
    def front(self) -> list[TrialResult]:
        """The trials of the Pareto front, the best by the first goal first."""
        fronts = self.fronts
        return [one for one in self.best if fronts.get(one.trial) == 1] if fronts else []

    def experiment_of(self, trial: int) -> Experiment:
        """The experiment of a trial, to be trained on its own."""
        return self._named(trial, "best")

    def experiment_on_front(self, trial: int) -> Experiment:
        """The same, with the number of the trial in its name."""
        return self._named(trial, str(trial))

    def _named(self, trial: int, end: str) -> Experiment:
        experiment = self.trials[trial - 1].experiment
        return experiment.model_copy(update={"experiment": f"{experiment.experiment}-{end}"})

    def influences(self) -> list[Influence]:
        """The influence of each parameter, the strongest first."""
        return influences(self.space.parameters, self.trials, self.results, self.goal)

    def what_mattered(self) -> list[Anova | NoAnova]:
        """What mattered for each goal, by a functional ANOVA of the results so far."""
        results = len(self.results)
        if self._mattered[0] != results:
            self._mattered = results, [self._mattered_for(goal) for goal in self.criteria.goals]
        return self._mattered[1]

    def _mattered_for(self, goal: Goal) -> Anova | NoAnova:
        trials = [
            AnalysedTrial(number, self.trials[number - 1].values, one.status, one.epochs, goal.score(one))
            for number, one in self.results.items()
            if one.status != "infeasible"
        ]
        evolves = self.space.method.evolves
        return what_mattered(self.space.parameters, trials, goal, evolves=evolves)

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
