"""Gradient checks of a network, of a function, or of the whole catalogue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from nettrain.checks.catalogue import catalogue_report
from nettrain.checks.comparison import TOLERANCE
from nettrain.checks.differences import STEP
from nettrain.checks.function import UserFunction, compare_function, function_report
from nettrain.checks.gradient import check
from nettrain.checks.options import CheckOptions
from nettrain.checks.problem import GradientProblem, gradient_problem
from nettrain.checks.report import CatalogueReport, FunctionReport, NetworkReport, network_report
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.experiment.settings import Experiment
from nettrain.store.run_folder import RunFolder
from nettrain.store.trained_run import TrainedRun, open_trained
from nettrain.workflow.source import ExperimentSource, load_experiment

if TYPE_CHECKING:
    from nettrain.workflow.run import Run

Function: TypeAlias = Callable[[Any], tuple[Any, Any]]


def gradcheck(
    what: "Run | ExperimentSource | Function | None" = None,
    *overrides: str,
    data: object = None,
    at: npt.ArrayLike | None = None,
    samples: int | None = None,
    step: float = STEP,
    tolerance: float = TOLERANCE,
    seed: int = 0,
) -> "NetworkCheck | FunctionCheck | CatalogueCheck":
    """Check a gradient by finite differences and by dual numbers.

    Parameters
    ----------
    what : str, path, mapping, Run or callable, optional
        An experiment, whose network is checked at its initial weights on a batch of its data; a run or its
        folder, whose network is checked at its trained weights; or a function f(x) -> (value, gradient).
        Default: small networks with every entry of the catalogue, which takes a while.
    *overrides : str
        Changes as on the command line. NumPy computes unless "backend.name=…" names another backend.
    data : array, frame, mapping or pair, optional
        As for `train`.
    at : array
        Where a function is checked.
    samples : int, optional
        How many numbers of each tensor are compared; default: as many as take some seconds.
    step : float
        Differences step step·max(1, abs(w)) to both sides.
    tolerance : float
        Largest error relative to the largest derivative of a tensor.
    seed : int
        Seed of the numbers and directions that are drawn.

    Returns
    -------
    NetworkCheck, FunctionCheck or CatalogueCheck
        `passed` says whether the gradient is right, `report` has the details as plain data.

    Raises
    ------
    SpecError
        When the experiment is wrong, or the function fails.
    DataError
        When the data cannot be read.

    Examples
    --------
    >>> import nettrain
    >>> nettrain.gradcheck(lambda x: ((x * x).sum(), 2 * x), at=[1.0, 2.0]).passed
    True
    """
    from nettrain.workflow.run import Run

    options = CheckOptions(samples, step, tolerance, seed)
    memory = None if data is None else MemoryTables.of(data)
    if what is None:
        return check_catalogue(options, overrides)
    if isinstance(what, Run):
        memory = memory or what.memory
        loaded = load_experiment(what.experiment, overrides, memory)
        return check_loaded(loaded, options, what.trained, memory)
    if callable(what):
        return check_function(_named(what, at), options)
    if isinstance(what, Mapping):
        loaded = load_experiment(what, overrides, memory)
        return check_loaded(loaded, options, memory=memory, name=loaded.experiment.experiment)
    return check_network(Path(what), overrides, options, memory)


def _named(function: Function, at: npt.ArrayLike | None) -> UserFunction:
    """The function under its name. Raises SpecError when it is not said where to check it."""
    name = getattr(function, "__name__", "function")
    if at is None:
        raise SpecError(f"at: missing, the array at which {name} is checked")
    return UserFunction(name, function, np.array(at, dtype=np.float64))


@dataclass(frozen=True, repr=False)
class GradientCheck:
    """The result of a gradient check; `report` has the details as plain data."""

    report: NetworkReport | FunctionReport | CatalogueReport

    @property
    def passed(self) -> bool:
        """Whether the gradient, or every gradient, is right."""
        return self.report["passed"]

    @property
    def name(self) -> str:
        """What was checked."""
        raise NotImplementedError

    @property
    def plain(self) -> Mapping[str, object]:
        """The report with the name of what was checked, as the command prints it."""
        return {"checked": self.name, **self.report}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {'passed' if self.passed else 'failed'}>"


@dataclass(frozen=True, repr=False)
class NetworkCheck(GradientCheck):
    """The check of one network: `checked` names its file or run, `weights` says which weights it had."""

    report: NetworkReport
    checked: str
    weights: str
    problem: GradientProblem

    @property
    def name(self) -> str:
        return self.checked


@dataclass(frozen=True, repr=False)
class FunctionCheck(GradientCheck):
    """The check of a function that returns its value and its gradient."""

    report: FunctionReport

    @property
    def name(self) -> str:
        return self.report["checked"]


@dataclass(frozen=True, repr=False)
class CatalogueCheck(GradientCheck):
    """The check of small networks with every entry of the catalogue."""

    report: CatalogueReport

    @property
    def name(self) -> str:
        return self.report["checked"]


def check_network(
    path: Path, overrides: Sequence[str], options: CheckOptions, memory: MemoryTables | None = None
) -> NetworkCheck:
    """Check the network of an experiment file at its initial weights, or of a run at its trained weights.

    NumPy computes in float64, unless an override names another backend.
    """
    if path.is_dir():
        trained = open_trained(path)
        loaded = load_experiment(RunFolder(path).config, overrides, memory)
        return check_loaded(loaded, options, trained, memory)
    if "=" in str(path) and not path.exists():
        raise SpecError(f"{path}: name the FILE or RUN first, then what to change in it")
    loaded = load_experiment(path, overrides, memory)
    return check_loaded(loaded, options, memory=memory, name=str(path))


@np.errstate(all="ignore")  # what is not finite is reported in words
def check_loaded(
    loaded: LoadedExperiment,
    options: CheckOptions,
    trained: TrainedRun | None = None,
    memory: MemoryTables | None = None,
    name: str = "",
) -> NetworkCheck:
    """Check the network of an experiment at its initial weights, or at those of a `trained` run.

    `memory` has the tables of an experiment whose data are in memory.
    """
    with loaded.locating_errors():
        problem = gradient_problem(*read_and_resolve(resolve(_in_float64(loaded)), memory))
    weights = "initial weights"
    if trained is not None:
        problem, weights, name = _at_trained(problem, trained), _trained_weights(trained), trained.name
    started = perf_counter()
    comparison = check(problem, options)
    report = network_report(problem, comparison, perf_counter() - started)
    return NetworkCheck(report, name, weights, problem)


def check_function(function: UserFunction, options: CheckOptions) -> FunctionCheck:
    """Check a function f(x) -> (value, gradient)."""
    started = perf_counter()
    comparison = compare_function(function, options)
    return FunctionCheck(function_report(comparison, perf_counter() - started))


@np.errstate(all="ignore")  # what is not finite is reported in words
def check_catalogue(options: CheckOptions, overrides: Sequence[str] = ()) -> CatalogueCheck:
    """Check every entry of the catalogue; `overrides` may name a backend other than NumPy."""
    return CatalogueCheck(catalogue_report(options, overrides))


def _in_float64(loaded: LoadedExperiment) -> Experiment:
    """The experiment in float64, on NumPy unless an override names another backend."""
    settings = loaded.experiment.backend.model_copy(update={"dtype": "float64", "tf32": False})
    if not loaded.overrides("backend", "name"):
        settings = settings.model_copy(update={"name": "numpy"})
    return loaded.experiment.model_copy(update={"backend": settings})


def _at_trained(problem: GradientProblem, trained: TrainedRun) -> GradientProblem:
    """The problem at the weights of a run, those of the first of several members."""
    point = trained.parameters[0].astype(np.float64)
    if point.shape != problem.point.shape or trained.architecture.widths != problem.architecture.widths:
        text = "the trained weights do not fit the network that the overrides ask for"
        raise SpecError(f"{trained.name}: {text}")
    return replace(problem, point=point)


def _trained_weights(trained: TrainedRun) -> str:
    members = len(trained.parameters)
    return "trained weights" if members == 1 else f"trained weights of the first of {members} members"
