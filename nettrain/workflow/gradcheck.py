"""Compare gradients with differences and dual numbers: of a network, a function, or the whole catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from nettrain.checks.comparison import TOLERANCE
from nettrain.checks.differences import STEP
from nettrain.checks.function import check_function as compare_function
from nettrain.checks.function import function_report, own_function
from nettrain.checks.gradient import check
from nettrain.checks.matrix import matrix
from nettrain.checks.problem import Problem, problem
from nettrain.checks.report import CatalogueReport, FunctionReport, NetworkReport, report
from nettrain.errors import SpecError
from nettrain.experiment.load import LoadedExperiment, load
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.experiment.settings import Experiment
from nettrain.store.run_folder import RunFolder
from nettrain.store.trained_run import open_trained


@dataclass(frozen=True)
class CheckOptions:
    """How much is compared, and how closely.

    `samples` numbers of every tensor, drawn by `seed`; None takes as many as some seconds allow. Differences
    reach step·max(1, |w|) to both sides. `tolerance` is the largest error of dual numbers, as a share of a
    tensor's largest derivative. Raises SpecError when step or tolerance is not above 0.
    """

    samples: int | None = None
    step: float = STEP
    tolerance: float = TOLERANCE
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value in (("step", self.step), ("tolerance", self.tolerance)):
            if not value > 0:
                raise SpecError(f"--{name}: {value:g} is not above 0")


@dataclass(frozen=True)
class NetworkCheck:
    """The check of one network: `checked` names its file or run, `weights` says where in its training."""

    checked: str
    weights: str
    problem: Problem
    report: NetworkReport

    @property
    def passed(self) -> bool:
        """Whether the gradient is right."""
        return self.report["passed"]

    @property
    def plain(self) -> Mapping[str, object]:
        """The report with what was checked, as plain data."""
        return {"checked": self.checked, **self.report}


@dataclass(frozen=True)
class FunctionCheck:
    """The check of a function that returns its value and its gradient."""

    report: FunctionReport

    @property
    def passed(self) -> bool:
        """Whether the gradient is right."""
        return self.report["passed"]

    @property
    def plain(self) -> Mapping[str, object]:
        """The report as plain data."""
        return self.report


@dataclass(frozen=True)
class CatalogueCheck:
    """The check of a small network of every kind that an experiment file can name."""

    report: CatalogueReport

    @property
    def passed(self) -> bool:
        """Whether all gradients are right."""
        return self.report["passed"]

    @property
    def plain(self) -> Mapping[str, object]:
        """The report as plain data."""
        return self.report


def check_network(path: Path, overrides: Sequence[str], options: CheckOptions) -> NetworkCheck:
    """Check the network of an experiment file at its initial weights, or of a run folder at its trained ones.

    NumPy computes in float64, unless an override names another backend.
    """
    checked, weights = _run_problem(path, overrides) if path.is_dir() else _file_problem(path, overrides)
    started = perf_counter()
    comparison = check(
        checked,
        samples=options.samples,
        step=options.step,
        tolerance=options.tolerance,
        seed=options.seed,
    )
    return NetworkCheck(str(path), weights, checked, report(checked, comparison, perf_counter() - started))


def check_function(name: str, options: CheckOptions) -> FunctionCheck:
    """Check the function `module:name` or `file.py:name`, f(x) -> (value, gradient), at the module's x0."""
    function = own_function(name)
    started = perf_counter()
    checked = compare_function(
        function,
        samples=options.samples,
        step=options.step,
        tolerance=options.tolerance,
        seed=options.seed,
    )
    return FunctionCheck(function_report(function, checked, perf_counter() - started))


def check_catalogue(options: CheckOptions, overrides: Sequence[str] = ()) -> CatalogueCheck:
    """Check all that an experiment file can name; `overrides` may name another backend than NumPy."""
    return CatalogueCheck(matrix(asdict(options), overrides))


def _file_problem(path: Path, overrides: Sequence[str]) -> tuple[Problem, str]:
    """The network of an experiment at its initial weights, and what these are called."""
    if "=" in str(path) and not path.exists():
        raise SpecError(f"{path}: name the FILE or RUN first, then what to change in it")
    loaded = load(path, overrides)
    with loaded.locating_errors():
        experiment = resolve(_in_float64(loaded))
        return problem(*read_and_resolve(experiment)), "initial weights"


def _in_float64(loaded: LoadedExperiment) -> Experiment:
    """The experiment in float64, on NumPy unless an override names another backend."""
    settings = loaded.experiment.backend.model_copy(update={"dtype": "float64", "tf32": False})
    if not loaded.overrides("backend", "name"):
        settings = settings.model_copy(update={"name": "numpy"})
    return loaded.experiment.model_copy(update={"backend": settings})


def _run_problem(path: Path, overrides: Sequence[str]) -> tuple[Problem, str]:
    """The network of a run at its trained weights, those of the first of several members."""
    trained = open_trained(path)
    initial, _ = _file_problem(RunFolder(path).config, overrides)
    members = len(trained.parameters)
    point = trained.parameters[0].astype(np.float64)
    if point.shape != initial.point.shape or trained.architecture.widths != initial.architecture.widths:
        raise SpecError(f"{path}: the trained weights do not fit the network that the overrides ask for")
    weights = "trained weights" if members == 1 else f"trained weights of the first of {members} members"
    return replace(initial, point=point), weights
