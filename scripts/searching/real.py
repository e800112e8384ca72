"""Searches of real networks by each method, in folders, so that an interrupted comparison goes on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import nettrain
from nettrain.catalogue.searches import search_methods
from searching.synthetic import compare

if TYPE_CHECKING:
    import polars as pl

ROOT = Path(__file__).parents[2]
METRIC = "val_loss"
BEGINNING = ("data.test=0.2", "data.validation=0.2", "training.early_stopping=null")


@dataclass(frozen=True)
class RealTable:
    """An experiment of configs/; of a file that is given, `header` says whether it has names of columns."""

    file: str
    overrides: tuple[str, ...] = ()
    header: bool = True

    def rows(self, file: Path, count: int) -> "pl.DataFrame":
        """So many rows of the file, always the same ones."""
        import polars as pl

        frame = pl.read_csv(file, has_header=self.header)
        return frame.sample(min(count, len(frame)), seed=0)


TABLES = {
    "digits": RealTable("sweep_digits.yaml"),
    "california": RealTable("california.yaml", BEGINNING),
    "adult": RealTable(
        "adult.yaml", (*BEGINNING, "data.labels={}", "data.positive='>50K'", "data.header=auto"), header=False
    ),
}
RATE = {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1}
DECAY = {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-1}
NUMBERS = {
    "optimizer.learning_rate": RATE,
    "optimizer.weight_decay": DECAY,
    "model.dropout": {"min": 0.0, "max": 0.5},
}
SPACE = {
    **NUMBERS,
    "training.batch_size": {"values": [64, 128, 256]},
    "model.activation": {"values": ["relu", "tanh", "silu"]},
    "optimizer": {"values": ["adam", "adamw", "sgd"]},
}


@dataclass(frozen=True)
class Setting:
    """What is searched, in trainings of so many epochs, by which methods and with which overrides."""

    epochs: int
    space: Mapping[str, object]
    methods: Mapping[str, tuple[str, ...]]  # by name: the method, and overrides
    folder: str = ""  # below that of the table


EVERYTHING = Setting(9, SPACE, {name: (name,) for name in ("random", "sobol", "hyperband", "bayes")})
# pbt takes numbers alone, and is there for those that should change: so beside schedules that change the rate
CHANGING = Setting(
    30,
    NUMBERS,
    {
        "random": ("random", "optimizer.name=adamw", "schedule=constant"),
        "random, cosine schedule": ("random", "optimizer.name=adamw", "schedule=cosine"),
        "pbt": ("pbt", "optimizer.name=adamw", "schedule=constant"),
    },
    folder="pbt",
)


@dataclass(frozen=True)
class Comparison:
    """The searches of a table, each in a folder of its own, where an interrupted one goes on."""

    table: str
    setting: Setting
    trials: int
    folder: Path
    data: "pl.DataFrame | None"
    jobs: int

    def figures(self, seeds: int) -> dict[str, dict[str, float]]:
        """The best validation loss of each method, and of random search with twice the trials."""
        best: dict[str, list[float]] = {}
        for seed in range(seeds):
            for name, value in self._of_seed(seed):
                best.setdefault(name, []).append(value)
        return compare({name: np.array(values) for name, values in best.items()})

    def _of_seed(self, seed: int) -> Iterator[tuple[str, float]]:
        """Trial k of a random search does not depend on how many there are: one serves for two."""
        for name in self.setting.methods:
            losses = self._losses(name, seed)
            if name.startswith("random"):
                yield name, float(losses[: self.trials].min())
                yield f"{name} × 2", float(losses.min())
            else:
                yield name, float(losses.min())

    def _losses(self, name: str, seed: int) -> np.ndarray:
        """The figure of each trial, infinite of those without one or that were ended early."""
        method, *overrides = self.setting.methods[name]
        table, trials = TABLES[self.table], self._trials(method)
        block = {
            "method": method,
            "trials": trials,
            "seed": seed,
            "metric": {"name": METRIC},
            "parameters": self.setting.space,
        }
        result = nettrain.sweep(
            ROOT / "configs" / table.file,
            f"training.epochs={self.setting.epochs}",
            *table.overrides,
            *overrides,
            f"sweep={json.dumps(block)}",
            data=self.data,
            folder=self.folder / self.table / self.setting.folder / name.replace(" ", "-") / str(seed),
            jobs=self.jobs,
        )
        found = result.trials.select("trial", "status", METRIC).rows()
        losses = np.full(trials, np.inf)
        for trial, status, loss in found:
            if status == "finished":
                losses[trial - 1] = loss
        return losses

    def _trials(self, method: str) -> int:
        """Twice as many at random; where trials are ended early, as many as take so many whole trainings."""
        return round(self.trials * (2.0 if method == "random" else _saving(method, self.setting.epochs)))


def _saving(method: str, epochs: int) -> float:
    """How many trials of a method take as long as one whole training."""
    plans = search_methods[method]().brackets(epochs)
    cost = 0
    for plan in plans:
        trials, before = plan.trials, 0
        for rung in (*plan.rungs, epochs):
            cost += trials * (rung - before)
            trials, before = plan.keep(trials), rung
    return sum(plan.trials for plan in plans) * epochs / cost if cost else 1.0
