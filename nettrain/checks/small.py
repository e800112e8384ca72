"""Small networks on small data, of every kind of target that a loss may ask for.

All sizes differ, the rows have different weights, and parameters are moved off their initial values, so that
nothing is right by coincidence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nettrain.checks.problem import GradientProblem, gradient_problem
from nettrain.data.prepare import Prepared, prepare
from nettrain.experiment.document import Document, parse
from nettrain.experiment.load import validate
from nettrain.experiment.overrides import Change, apply_overrides, set_value
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment

ROWS, INPUTS, CLASSES = 22, 5, 3
PERTURBATION = 0.1  # standard deviation of the parameters around their initial values
BASE = """
seed: 0
data: {{target: {target}, target_kind: {kind}, validation: 0, columns: {{weight: w}}, target_scaling: none}}
model: {{hidden: [7, 4], activation: tanh}}
training: {{batch_size: 11}}
backend: {{name: numpy, dtype: float64, threads: 1}}
"""
Generator = np.random.Generator
TargetColumns = Mapping[str, Iterable[object]]


@dataclass(frozen=True)
class SampleTargets:
    """Targets of one kind: what an experiment calls them, and a draw of their columns (N,) by name."""

    target_kind: str
    draw: Callable[[Generator], TargetColumns]


def _classes(count: int) -> Callable[[Generator], TargetColumns]:
    return lambda generator: {"y": [f"c{k}" for k in generator.permutation(np.arange(ROWS) % count)]}


def _labels(generator: Generator) -> TargetColumns:
    return {f"y{k}": generator.permutation(np.arange(ROWS) % 2) for k in range(2)}


def _numbers(generator: Generator) -> TargetColumns:
    return {f"y{k}": generator.standard_normal(ROWS) for k in range(2)}


def _counts(generator: Generator) -> TargetColumns:
    return {"y": generator.poisson(3.0, ROWS)}


def _distributions(generator: Generator) -> TargetColumns:
    shares = generator.dirichlet(np.ones(CLASSES), ROWS)
    return {f"y{k}": shares[:, k] for k in range(CLASSES)}


KINDS = {
    "classes": SampleTargets("classes", _classes(CLASSES)),
    "two classes": SampleTargets("classes", _classes(2)),
    "labels": SampleTargets("labels", _labels),
    "numbers": SampleTargets("numbers", _numbers),
    "counts": SampleTargets("numbers", _counts),
    "distributions": SampleTargets("numbers", _distributions),
}


def small_problem(
    kind: str, overrides: Sequence[str], seed: int = 0, perturbation: float = PERTURBATION
) -> GradientProblem:
    """The problem of a small experiment with overrides, at its initial weights plus Gaussian noise.

    `perturbation` is the noise's standard deviation. Raises SpecError when the overrides are not valid
    together.
    """
    document, data = small_data(kind, tuple(text for text in overrides if text.startswith("data.")))
    changed = Document(deepcopy(document.values))
    apply_overrides(changed, overrides, Experiment)
    problem = gradient_problem(resolve_with_data(resolve(validate(changed)), data), data)
    generator, point = np.random.default_rng(seed), problem.point.copy()
    for slot in problem.layout.slots:
        point[slot.start : slot.start + slot.size] += perturbation * generator.standard_normal(slot.size)
    return problem.moved(point)


@cache
def small_data(kind: str, overrides: tuple[str, ...] = ()) -> tuple[Document, Prepared]:
    """The document of an experiment with the default network for this kind of targets, and its data.

    `overrides` change what is done to the data.
    """
    generator = np.random.default_rng(0)
    targets = KINDS[kind].draw(generator)
    inputs = {f"x{k}": generator.standard_normal(ROWS) for k in range(INPUTS)}
    columns = {**inputs, "w": 0.5 + generator.random(ROWS), **targets}
    document = parse(BASE.format(target=list(targets), kind=KINDS[kind].target_kind), kind)
    apply_overrides(document, overrides, Experiment)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.csv"
        lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        path.write_text("\n".join(lines), encoding="utf-8")
        source = ("data", "source")
        set_value(document, Change("data.source", str(path), document.location(source)), Experiment)
        experiment = resolve(validate(document))
        return document, prepare(experiment.data, seed=0, dtype="float64")
