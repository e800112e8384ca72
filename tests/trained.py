"""How tests make and train populations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nettrain.backend.base import Backend, HostArray
from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.members import stack
from nettrain.data.prepare import Prepared, prepare
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
from nettrain.experiment.overrides import apply_overrides
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.inference.evaluate import Figures, evaluate_members
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.predict import raw_outputs
from nettrain.training.build import build
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.loop import train
from nettrain.training.population import Population
from nettrain.training.run import TrainingRun

IRIS = """
data: {source: 'builtin:iris', test: 0.2, seed: 0}
model: {hidden: [7, 5], activation: tanh}
training: {epochs: 6, batch_size: 16}
backend: {threads: 1}
"""


FILES = {
    "labels": ["data.target=[a, b]"],
    "counts": ["data.target=a", "data.target_kind=numbers", "data.target_scaling=none"],
    "distributions": ["data.target=[a, b, c]", "data.target_kind=numbers", "data.target_scaling=none"],
}
SHIPPED = {"classes": "builtin:iris", "two classes": "synthetic:moons", "numbers": "synthetic:sine"}


def data_of(targets: str, folder: Path) -> list[str]:
    """Overrides that name data with targets of this kind, drawn into a file of the folder where none ship."""
    if targets in SHIPPED:
        return [f"data.source={SHIPPED[targets]}"]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 2))
    rates = np.exp(np.stack([x[:, 0], x[:, 1], -x[:, 0]], axis=1) / 2)
    y = {
        "labels": (x > 0).astype(int),
        "counts": rng.poisson(rates[:, :1]),
        "distributions": np.round(rates / rates.sum(axis=1, keepdims=True), 6),
    }[targets]
    names = ["x", "y", *"abc"[: y.shape[1]]]
    lines = [",".join(names), *(",".join(map(str, row)) for row in np.hstack([x, y]).tolist())]
    (folder / "data.csv").write_text("\n".join(lines) + "\n")
    return [f"data.source={folder / 'data.csv'}", *FILES[targets]]


def experiment(text: str, *overrides: str) -> Experiment:
    """A resolved experiment from YAML text and overrides."""
    document = parse(text, "test")
    apply_overrides(document, overrides, Experiment)
    return resolve(validate(document))


SHIPPED_DATA: dict[tuple[str, str], Prepared] = {}  # by the settings and the type of numbers


def prepared(spec: Experiment) -> Prepared:
    """The data of an experiment; those that come with nettrain are read once for many tests."""
    seed, data, dtype = spec.data.seed or 0, spec.data, spec.backend.dtype
    if not str(data.source).startswith(("builtin:", "synthetic:")) or str in map(
        type, (data.test, data.validation)
    ):
        return prepare(data, seed=seed, dtype=dtype)
    key = data.model_dump_json(), dtype
    if key not in SHIPPED_DATA:
        SHIPPED_DATA[key] = prepare(data, seed=seed, dtype=dtype)
    return SHIPPED_DATA[key]


def resolved_with_data(specs: Sequence[Experiment]) -> list[Experiment]:
    """The experiments with nothing left at auto, all on the first one's data."""
    data = prepared(specs[0])
    return [resolve_with_data(spec, data) for spec in specs]


NewBackend = Callable[..., Backend]


def built(
    specs: Sequence[Experiment], new_backend: NewBackend = NumpyBackend, *, recorded: bool = False
) -> TrainingRun:
    """A population of these experiments, all on the first one's data."""
    data = prepared(specs[0])
    resolved = [resolve_with_data(spec, data) for spec in specs]
    one = resolved[0].backend
    backend = new_backend(dtype=one.dtype, threads=int(one.threads))
    return build(resolved, data, backend, recorded=recorded)


def population_of(members: int) -> Population:
    """A population without arrays."""
    return Population(stack([experiment(IRIS, f"seed={r}") for r in range(members)]), members)


def outputs_of(run: TrainingRun, parameters: HostArray, statistics: HostArray, x: HostArray) -> HostArray:
    """Raw outputs (R, N, K) of a run's network with these parameters, for x (N, D)."""
    networks = TrainedNetworks.stored(run.model, run.backend, parameters, statistics)
    return raw_outputs(networks.network(), x)


def final_figures(run: TrainingRun, specs: Sequence[Experiment]) -> dict[str, Figures]:
    """The loss and metrics of a run's final networks, by split; `specs` are its members' experiments."""
    return evaluate_members(run.networks(resolved_with_data(specs)), run.data.datasets, run.pool)


@dataclass
class Trained:
    """A run after training, and its events."""

    run: TrainingRun
    epochs: list[EpochDone]
    stopped: dict[int, MemberStopped]

    def weights(self, member: int = 0) -> Any:
        return self.run.final.parameters[member]

    def history(self, member: int = 0) -> list[tuple[Any, ...]]:
        """Every figure of one member, exactly."""
        rows = []
        for event in self.epochs:
            for row, original in enumerate(event.members):
                if original == member:
                    values = [float(figure[row]) for figure in event.figures.values()]
                    rate, better = float(event.learning_rate[row]), bool(event.better[row])
                    rows.append((event.epoch, rate, better, *values))
        return rows


def trained(
    specs: Sequence[Experiment], new_backend: NewBackend = NumpyBackend, *, recorded: bool = False
) -> Trained:
    """Train a population to its end."""
    result = Trained(built(specs, new_backend, recorded=recorded), [], {})
    for event in train(result.run):
        if isinstance(event, EpochDone):
            result.epochs.append(event)
        elif isinstance(event, MemberStopped):
            result.stopped[event.member] = event
    return result
