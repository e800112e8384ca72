"""Searches of real networks by each method, in folders, so that an interrupted comparison goes on."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import nettrain
from nettrain.catalogue.searches import search_methods

ROOT = Path(__file__).parents[2]
TABLES = {  # by name: the file of configs/, its metric, and its epochs, fewer than it is worth
    "digits": ("sweep_digits.yaml", "val_loss", 9),
    "california": ("california_mlp.yaml", "val_loss", 9),
    "adult": ("adult_mlp.yaml", "val_loss", 9),
}
SPACE = {
    "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-1},
    "optimizer.weight_decay": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-1},
    "model.dropout": {"min": 0.0, "max": 0.5},
    "training.batch_size": {"values": [64, 128, 256]},
    "model.activation": {"values": ["relu", "tanh", "silu"]},
    "optimizer": {"values": ["adam", "adamw", "sgd"]},
}


@dataclass(frozen=True)
class RealSearch:
    """One search of a table: its method, its number of trials, its seed, and the folder where it goes on."""

    table: str
    method: str
    trials: int
    seed: int
    folder: Path

    def best(self, data: str, jobs: int) -> float:
        """The best figure of its finished trials, infinite without any."""
        file, metric, epochs = TABLES[self.table]
        name = self.method.removesuffix(" × 2")
        result = nettrain.sweep(
            ROOT / "configs" / file,
            f"training.epochs={epochs}",
            *([f"data.source={data}"] if data else []),
            f"sweep={_flow(metric, name, self.trials, self.seed)}",
            folder=self.folder,
            jobs=jobs,
        )
        best = result.summary["best"]
        return np.inf if best is None else float(best["metrics"][metric])


def _flow(metric: str, method: str, trials: int, seed: int) -> str:
    """The `sweep` block, as an override."""
    block = {
        "method": method,
        "trials": trials,
        "seed": seed,
        "metric": {"name": metric},
        "parameters": SPACE,
    }
    return json.dumps(block)


def searches(table: str, seeds: int, trials: int, folder: Path) -> Iterator[RealSearch]:
    """Those of every method but the grid, seed by seed; hyperband has more trials, for as many epochs."""
    epochs = TABLES[table][2]
    for seed in range(seeds):
        for method in [*sorted(set(search_methods) - {"grid"}), "random × 2"]:
            place = folder / table / method.replace(" × ", "-x") / str(seed)
            many = trials * (2 if method.endswith("2") else 1)
            if method in search_methods and search_methods[method].stops_trials:
                many = round(many * _saving(method, epochs))
            yield RealSearch(table, method, many, seed, place)


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
