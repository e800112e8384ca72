"""Estimators of nettrain and of scikit-learn on the same rows, with the same parameters and candidates.

Each side is a process of its own, since a BLAS that one of them limits would be limited for both, and the
memory of a process is that of all its libraries. The sides take turns. Inputs, and targets of a regressor,
are standardized: by nettrain itself, and by a pipeline in front of scikit-learn's networks.
"""

import gzip
import json
import os
import sys
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from peers.problem import Array
from peers.process import POOLS, PeerProcess

CALIFORNIA = "cal_housing.data.gz"
JOBS = 2  # processes of a search
FOLDS, CANDIDATES = 5, 16
EPOCHS = {"iris": 200, "digits": 100, "california": 30}  # of a candidate at most
FIT: dict[str, Any] = {  # 64-64-32-10, of which all epochs run
    "hidden_layer_sizes": (64, 32),
    "batch_size": 64,
    "max_iter": 60,
    "tol": 0.0,
    "n_iter_no_change": 60,
}
SIZES = [(32,), (64,), (100,), (64, 32)]


class Rows(NamedTuple):
    """Inputs (N, D) and targets (N,)."""

    x: Array
    y: Array


def optdigits(part: str) -> Rows:
    """The training rows, `tra`, or the test rows, `tes`, of the optical digits that nettrain brings along."""
    path = files("nettrain") / "data" / "builtin" / "optdigits" / f"optdigits.{part}.gz"
    with path.open("rb") as packed, gzip.open(packed, "rt") as text:
        table = np.loadtxt(text, delimiter=",")
    return Rows(table[:, :-1], table[:, -1].astype(int))


def rows_of(name: str, folder: Path | None) -> Rows:
    """All rows of iris, digits (scikit-learn's, 1797 rows) or california."""
    if name == "california":
        assert folder is not None
        table = np.loadtxt(folder / CALIFORNIA, delimiter=",", skiprows=1)
        return Rows(table[:, :-1], table[:, -1])
    from sklearn import datasets

    return Rows(*getattr(datasets, f"load_{name}")(return_X_y=True))


class NettrainEstimators:
    """The estimators and the search of nettrain."""

    @property
    def version(self) -> str:
        """Of nettrain."""
        return str(import_module("nettrain").__version__)

    def network(self, *, classes: bool, **parameters: Any) -> Any:
        """A classifier or a regressor."""
        from nettrain import MLPClassifier, MLPRegressor

        return (MLPClassifier if classes else MLPRegressor)(**parameters)

    def search(self, network: Any, space: dict[str, Any], folds: Any) -> Any:
        """A random search over the parameters of a network, in JOBS processes."""
        from nettrain.sklearn import SearchCV

        return SearchCV(network, space, n_iter=CANDIDATES, cv=folds, random_state=0, n_jobs=JOBS)

    def candidates(self, search: Any) -> list[dict[str, Any]]:
        """The parameters of the candidates of a fitted search."""
        return list(search.cv_results_["params"])


class SklearnEstimators:
    """The estimators and the search of scikit-learn, which need a scaler in front."""

    @property
    def version(self) -> str:
        """Of scikit-learn."""
        return version("scikit-learn")

    def network(self, *, classes: bool, **parameters: Any) -> Any:
        """A classifier or a regressor behind a scaler, whose parameters begin with PREFIX."""
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.pipeline import Pipeline
        from sklearn.preprocessing import StandardScaler

        kind = MLPClassifier if classes else MLPRegressor
        scaled = Pipeline([("scale", StandardScaler()), ("network", kind(**parameters))])
        if classes:
            return scaled
        return TransformedTargetRegressor(scaled, transformer=StandardScaler())

    def search(self, network: Any, space: dict[str, Any], folds: Any) -> Any:
        """A random search over the parameters of a network, in JOBS processes."""
        from sklearn.model_selection import RandomizedSearchCV

        prefix = next(name for name in network.get_params() if name.endswith("__alpha"))
        space = {prefix.replace("alpha", name): values for name, values in space.items()}
        return RandomizedSearchCV(network, space, n_iter=CANDIDATES, cv=folds, random_state=0, n_jobs=JOBS)

    def candidates(self, search: Any) -> list[dict[str, Any]]:
        """The parameters of the candidates of a fitted search, without the prefix."""
        return [
            {name.rpartition("__")[2]: value for name, value in candidate.items()}
            for candidate in search.cv_results_["params"]
        ]


SIDES = {"nettrain": NettrainEstimators, "sklearn": SklearnEstimators}
Estimators = NettrainEstimators | SklearnEstimators
Replies = dict[str, list[dict[str, Any]]]  # by side
Turn = Callable[[int], dict[str, Any]]  # by the seed


def tasks(folder: Path | None) -> list[str]:
    """All tasks; those on california need the folder with its table."""
    names = ["iris", "digits", *([] if folder is None else ["california"])]
    return ["fit", "iris", *(f"search {name}" for name in names), *(f"memory {name}" for name in names[1:])]


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """The seconds that a call takes, and its result."""
    started = perf_counter()
    result = call()
    return perf_counter() - started, result


def fit_turn(side: Estimators) -> Turn:
    """Fit 64-64-32-10 to the training rows of the optical digits; the accuracy is that of the test rows."""
    train, test = optdigits("tra"), optdigits("tes")

    def turn(seed: int) -> dict[str, Any]:
        network = side.network(classes=True, random_state=seed, **FIT)
        seconds, fitted = timed(lambda: network.fit(*train))
        return {"seconds": seconds, "score": float(fitted.score(*test))}

    return turn


def iris_turn(side: Estimators) -> Turn:
    """Fit a network with default parameters to the 150 rows of iris."""
    rows = rows_of("iris", None)

    def turn(seed: int) -> dict[str, Any]:
        network = side.network(classes=True, random_state=seed)
        seconds, fitted = timed(lambda: network.fit(*rows))
        return {"seconds": seconds, "score": float(fitted.score(*rows))}

    return turn


def search_turn(side: Estimators, name: str, folder: Path | None) -> Turn:
    """Search 16 candidates by 5-fold cross-validation, and fit the best to all rows."""
    from scipy.stats import loguniform
    from sklearn.model_selection import KFold, StratifiedKFold

    rows, classes = rows_of(name, folder), name != "california"
    folds = (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=0)
    space = {
        "hidden_layer_sizes": SIZES,
        "alpha": loguniform(1e-6, 1e-2),
        "learning_rate_init": loguniform(1e-3, 3e-2),
    }

    def turn(seed: int) -> dict[str, Any]:
        network = side.network(classes=classes, max_iter=EPOCHS[name], random_state=seed)
        search = side.search(network, space, folds)
        seconds, fitted = timed(lambda: search.fit(*rows))
        scores = fitted.cv_results_["mean_test_score"]
        candidates = json.dumps(side.candidates(fitted), sort_keys=True)
        return {
            "seconds": seconds,
            "score": float(np.mean(scores)),
            "best": float(np.max(scores)),
            "candidates": candidates,
        }

    return turn


def memory_turn(side: Estimators, name: str, folder: Path | None) -> Turn:
    """Fit a network to all rows; the megabytes at the peak, and those that no file backs, at the end."""
    rows = rows_of(name, folder)

    def turn(seed: int) -> dict[str, Any]:
        network = side.network(classes=name != "california", max_iter=10, random_state=seed)
        network.fit(*rows)
        return {"peak": megabytes("VmHWM"), "private": megabytes("RssAnon")}

    return turn


def megabytes(key: str) -> float:
    """A figure of this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))


def turn_of(side: Estimators, task: str, folder: Path | None) -> Turn:
    """The turn of a task: `fit`, `iris`, `search NAME` or `memory NAME`."""
    kind, _, name = task.partition(" ")
    if kind in ("search", "memory"):
        return (search_turn if kind == "search" else memory_turn)(side, name, folder)
    return (fit_turn if kind == "fit" else iris_turn)(side)


def serve(name: str, task: str, folder: Path | None) -> None:
    """Be the process of a side: report the version, then take a turn for every seed on standard input."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    side = SIDES[name]()
    try:
        turn = turn_of(side, task, folder)
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": f"no module {error.name}"}), file=replies, flush=True)
        return
    print(json.dumps({"version": side.version}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(turn(int(line))), file=replies, flush=True)


def side_process(name: str, task: str, folder: Path | None, threads: int | None) -> PeerProcess:
    """A side in another process. Raises MissingError when its library is not installed."""
    arguments = ["estimator-side", name, task, *([] if folder is None else ["--data", str(folder)])]
    pools = {} if threads is None else dict.fromkeys(POOLS, str(threads))
    return PeerProcess(arguments, {**pools, "PYTHONWARNINGS": "ignore"})  # in the processes of a search too


def compare(task: str, folder: Path | None, rounds: int, threads: int | None) -> Replies:
    """Rounds A B A B …, each with its seed, after one that warms up: the replies of each side.

    With `threads` None each side takes what it wants.
    """
    with ExitStack() as stack:
        sides = {name: side_process(name, task, folder, threads) for name in SIDES}
        for side in sides.values():
            stack.callback(side.close)
            side.turn(0)
        turns: Replies = {name: [] for name in SIDES}
        for seed in range(rounds):
            for name, side in sides.items():
                turns[name].append(side.turn(seed))
    if any("candidates" in turn for turn in turns["nettrain"]):
        assert len({turn.pop("candidates") for replies in turns.values() for turn in replies}) == 1
    return turns


def memory(task: str, folder: Path | None, rounds: int, threads: int | None) -> Replies:
    """What a whole process of each side takes that fits one network, each turn in a process of its own."""
    turns: Replies = {name: [] for name in SIDES}
    for seed in range(rounds):
        for name in SIDES:
            side = side_process(name, task, folder, threads)
            turns[name].append(side.turn(seed))
            side.close()
    return turns
