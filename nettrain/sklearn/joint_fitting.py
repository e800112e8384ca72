"""Fitting an estimator on the training rows of many folds, with many parameters, side by side."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from time import perf_counter
from traceback import format_exc
from typing import Any, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, clone

from nettrain.backend.blas_threads import borrowed_blas_threads
from nettrain.data.prepare import Prepared
from nettrain.data.reading.conversion import ConvertedTable
from nettrain.errors import NettrainError
from nettrain.experiment.replicas import replicas
from nettrain.experiment.resolution import data_settings_of, resolve
from nettrain.experiment.settings import Experiment
from nettrain.sklearn.estimator import MLPEstimator
from nettrain.sklearn.fitting import FitRequest, prepare_request, resolve_request
from nettrain.sklearn.folds import CutRows, Fold
from nettrain.sklearn.postponed import PostponedFit, RowTables, postponing, training_now
from nettrain.sklearn.threads import most_threads
from nettrain.store.summary import RunSummary
from nettrain.workflow.in_memory import MemoryRun
from nettrain.workflow.side_by_side import TrainedTogether, Trainee, populations
from nettrain.workflow.source import load_experiment


@dataclass(eq=False)
class JointFit:
    """An estimator with some parameters, on one fold: its fit, which others train beside.

    `error` is the traceback of a fit that failed, `seconds` the time of the fit, of which networks that train
    together have equal shares. Estimators that are not `described` predict, but have no history and figures.
    """

    base: BaseEstimator
    parameters: Mapping[str, Any]
    fold: Fold
    described: bool = True
    estimator: BaseEstimator = field(init=False)
    networks: list[PostponedFit] = field(default_factory=list)
    planned: list["PlannedNetwork"] = field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.estimator = self._unfitted()

    def _unfitted(self) -> BaseEstimator:
        # parameters may be estimators themselves, which fits must not share
        return clone(self.base).set_params(**clone(self.parameters, safe=False))

    def start(self, rows: CutRows, tables: RowTables) -> None:
        """Fit all but the networks, which are postponed."""
        started = perf_counter()
        try:
            with postponing(tables) as postponed:
                self.estimator.fit(*rows.positional, **rows.arguments)
            self.networks = postponed.fits
        except Exception:
            if not postponed.fits:
                raise
            self.fit_alone(rows)  # it asks a network before it has trained
        finally:
            self.seconds += perf_counter() - started

    def release(self) -> None:
        """Let go of what only training and scoring need, of which the data take the most memory."""
        self.planned = []

    def fit_alone(self, rows: CutRows | None = None) -> None:
        """Fit as outside of a cross-validation: the only way, or the one to a network's own error."""
        self.networks, self.planned, self.estimator = [], [], self._unfitted()
        rows = rows or self.fold.training(self.estimator)
        with training_now():
            self.estimator.fit(*rows.positional, **rows.arguments)


@dataclass(frozen=True, eq=False)
class PlannedNetwork:
    """A network that is ready to train: its experiment is resolved with its data."""

    fit: JointFit
    estimator: MLPEstimator
    converges: bool  # as in a FitRequest
    threads: int  # at most
    experiment: Experiment
    data: Prepared

    @classmethod
    def of(cls, fit: JointFit, postponed: PostponedFit, experiment: Experiment, data: Prepared) -> Self:
        """The network of a postponed fit, whose table is no longer needed."""
        request = postponed.request
        asked = request.values.get("backend", {}).get("threads", "auto")
        threads = most_threads() if asked == "auto" else int(experiment.backend.threads)
        return cls(fit, postponed.estimator, request.converges, threads, experiment, data)

    def trained(self, population: TrainedTogether, number: int) -> None:
        """Give the estimator its network, the one of this number in a population."""
        estimator = self.estimator
        experiment = self.experiment
        if self.fit.described or experiment.postprocesses or experiment.leaves_out_sub_members:
            estimator._network = population.run(number)
            estimator._fitted(converges=self.converges)
        else:
            undescribed = cast(RunSummary, {})
            estimator._network = MemoryRun(population.trained(number), undescribed, [], None, False)
            ending = population.stopped(number)[0]
            estimator._warn_of_epochs(ending.epoch, ending.reason, converges=self.converges)


def fit_jointly(fits: Sequence[JointFit], *, raises: bool = False) -> None:
    """Fit all estimators; those of one form train as one population.

    Each ends bit-equal to a clone with its parameters that is fitted alone on the training rows of its fold.
    An estimator that cannot be fitted has an `error`, which with `raises` is raised.
    """
    failed: list[JointFit] = []
    with borrowed_blas_threads():
        for network in _trained(list(_planned(fits, raises=raises))):
            failed.append(network.fit)
    for fit in dict.fromkeys(failed):
        with _failing(fit, raises=raises):
            fit.fit_alone()


def _trained(planned: Sequence[PlannedNetwork]) -> Iterator[PlannedNetwork]:
    """Train networks, as few populations as possible; yields those that diverge or cannot be trained."""
    trainees = [Trainee(network.experiment, network.data) for network in planned]
    for positions in populations(trainees):
        some, started = [planned[position] for position in positions], perf_counter()
        try:
            threads = min(network.threads for network in some)
            population = TrainedTogether(trainees, positions, recorded=False, threads=threads)
        except NettrainError:
            yield from some
            continue
        for number, network in enumerate(some):
            if population.stopped(number)[0].reason == "diverged":
                yield network
            else:
                network.trained(population, number)
        share = (perf_counter() - started) / len(some)
        for network in some:
            network.fit.seconds += share


def _planned(fits: Sequence[JointFit], *, raises: bool) -> Iterator[PlannedNetwork]:
    """The networks to train, fold by fold, so that the rows of one fold are cut out at a time."""
    data = PreparedRequests()
    in_folds = sorted(fits, key=lambda fit: fit.fold.number)
    for _, of_fold in groupby(in_folds, key=lambda fit: fit.fold.number):
        some = list(of_fold)
        rows, tables = some[0].fold.training(some[0].estimator), RowTables()
        for fit in some:
            with _failing(fit, raises=raises):
                fit.start(rows, tables)
                _plan(fit, data)
            yield from fit.planned


def _plan(fit: JointFit, data: "PreparedRequests") -> None:
    """Resolve the experiments of a fit with their data, or fit it alone where it has to be."""
    try:
        resolved = [data.resolved(one.request) for one in fit.networks]
    except NettrainError:
        resolved = []
    if len(resolved) < len(fit.networks) or any(_trains_alone(experiment) for experiment, _ in resolved):
        fit.fit_alone()
    else:
        pairs = zip(fit.networks, resolved, strict=True)
        fit.networks, fit.planned = [], [PlannedNetwork.of(fit, one, *both) for one, both in pairs]


def _trains_alone(experiment: Experiment) -> bool:
    """Whether an experiment is more than one network's, or ends by the clock."""
    training = experiment.training
    return len(replicas(experiment)) > 1 or training.snapshots > 1 or training.max_seconds is not None


@contextmanager
def _failing(fit: JointFit, *, raises: bool) -> Iterator[None]:
    """Note the error with which a fit fails."""
    try:
        yield
    except Exception:
        if raises:
            raise
        fit.error, fit.planned = format_exc(), []


class PreparedRequests:
    """The data of networks, prepared once for all with the same rows and settings."""

    def __init__(self) -> None:
        self._prepared: dict[object, Prepared] = {}
        self._digests: dict[int, tuple[ConvertedTable, bytes]] = {}  # by id of a table, which is kept

    def resolved(self, request: FitRequest) -> tuple[Experiment, Prepared]:
        """The experiment of a request, resolved with its data, and the data."""
        experiment = resolve(load_experiment(request.values, (), request.memory).experiment)
        settings = data_settings_of(experiment)
        drawn = any(size and not isinstance(size, str) for size in (settings.validation, settings.test))
        same = settings if drawn else settings.model_copy(update={"seed": None})
        tables = tuple((name, self._digest(one)) for name, one in request.memory.tables.items())
        classes = None if request.classes is None else tuple(request.classes)
        key = (tables, same.model_dump_json(), experiment.backend.dtype, classes)
        if key not in self._prepared:
            self._prepared[key] = prepare_request(request, experiment)
        data = self._prepared[key]
        resolved = resolve_request(experiment, data)
        own_seed = resolved.data.model_copy(update={"seed": settings.seed})
        return resolved.model_copy(update={"data": own_seed}), data

    def _digest(self, table: ConvertedTable) -> bytes:
        """What tells the content of a table from that of others."""
        known = self._digests.get(id(table))
        if known is None:
            known = self._digests[id(table)] = (table, digest(table))
        return known[1]


def digest(table: ConvertedTable) -> bytes:
    """A hash of the names and all cells of a table."""
    kinds = [str(kind) for kind in table.cells.dtypes]
    hashed = hashlib.blake2b(repr((table.names, table.header, table.targets, kinds)).encode())
    if table.cells.width:
        for seed in (1, 2):
            hashed.update(np.ascontiguousarray(table.cells.hash_rows(seed).to_numpy()).data)
    if table.numbers is not None:
        hashed.update(f"{table.numbers.dtype} {table.numbers.shape}".encode())
        hashed.update(np.ascontiguousarray(table.numbers).data)
    return hashed.digest()
