"""Small networks on small data of every kind that a loss may ask for: what the whole catalogue is checked on.

Sizes are all different, rows weigh differently, and weights are moved off their initial values, so that
nothing is right by coincidence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from nettrain.checks.problem import Problem, problem
from nettrain.data.prepare import Prepared, prepare
from nettrain.experiment.document import Document, parse
from nettrain.experiment.load import validate
from nettrain.experiment.overrides import Change, apply_overrides, set_value
from nettrain.experiment.resolution import resolve, resolve_with_data
from nettrain.experiment.settings import Experiment

ROWS, INPUTS, CLASSES = 22, 5, 3
APART = 0.1  # standard deviation of the moves off the initial weights
BASE = """
seed: 0
data: {{target: {target}, target_kind: {kind}, validation: 0, columns: {{weight: w}}, target_scaling: none}}
model: {{hidden: [7, 4], activation: tanh}}
training: {{batch_size: 11}}
backend: {{name: numpy, dtype: float64, threads: 1}}
"""
Generator = np.random.Generator
Columns = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """Targets of one kind: their columns (N,) by name, and what an experiment says of them."""

    target_kind: str
    draw: Callable[[Generator], Columns]


def _classes(count: int) -> Callable[[Generator], Columns]:
    return lambda generator: {"y": [f"c{k}" for k in generator.permutation(np.arange(ROWS) % count)]}


def _labels(generator: Generator) -> Columns:
    return {f"y{k}": generator.permutation(np.arange(ROWS) % 2) for k in range(2)}


def _numbers(generator: Generator) -> Columns:
    return {f"y{k}": generator.standard_normal(ROWS) for k in range(2)}


def _counts(generator: Generator) -> Columns:
    return {"y": generator.poisson(3.0, ROWS)}


def _distributions(generator: Generator) -> Columns:
    shares = generator.dirichlet(np.ones(CLASSES), ROWS)
    return {f"y{k}": shares[:, k] for k in range(CLASSES)}


KINDS = {
    "classes": Kind("classes", _classes(CLASSES)),
    "two classes": Kind("classes", _classes(2)),
    "labels": Kind("labels", _labels),
    "numbers": Kind("numbers", _numbers),
    "counts": Kind("numbers", _counts),
    "distributions": Kind("numbers", _distributions),
}


def small_problem(kind: str, overrides: Sequence[str], seed: int = 0, apart: float = APART) -> Problem:
    """The problem of a small experiment with overrides, as far `apart` from its initial weights.

    Raises SpecError when they do not fit together.
    """
    document, data = small_data(kind)
    values = Document(_copied(document.values))
    apply_overrides(values, overrides, Experiment)
    found = problem(resolve_with_data(resolve(validate(values)), data), data)
    generator, point = np.random.default_rng(seed), found.point.copy()
    for slot in found.layout.slots:
        point[slot.start : slot.start + slot.size] += apart * generator.standard_normal(slot.size)
    return replace(found, point=point)


@cache
def small_data(kind: str) -> tuple[Document, Prepared]:
    """An experiment's document without a word about its network, and its data, read like any other."""
    generator = np.random.default_rng(0)
    targets = KINDS[kind].draw(generator)
    inputs = {f"x{k}": generator.standard_normal(ROWS) for k in range(INPUTS)}
    columns = {**inputs, "w": 0.5 + generator.random(ROWS), **targets}
    document = parse(BASE.format(target=list(targets), kind=KINDS[kind].target_kind), kind)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "small.csv"
        lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        path.write_text("\n".join(lines), encoding="utf-8")
        source = ("data", "source")
        set_value(document, Change(source, str(path), document.location(source)), Experiment)
        experiment = resolve(validate(document))
        return document, prepare(experiment.data, seed=0, dtype="float64")


def _copied(values: Any) -> Any:
    """Plain values apart from those that they were copied from."""
    return {key: _copied(value) for key, value in values.items()} if isinstance(values, dict) else values
