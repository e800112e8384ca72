"""How tests run sweeps."""

import shutil
from collections.abc import Callable
from pathlib import Path

from nettrain.experiment.load import load
from nettrain.store.journal import Journal, read_journal
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.search_space import SearchSpace, Trial
from nettrain.sweep.summary import write_results
from nettrain.sweep.sweep import Sweep

# every kind of parameter: numbers, choices and their own numbers, architecture, batches, data, seeds
MANY = """
experiment: many
data: {source: 'builtin:iris', test: 0.2}
model: {hidden: [6]}
training: {epochs: 4, batch_size: 16}
sweep:
  trials: 30
  parameters:
    optimizer: {values: [adam, momentum, sgd]}
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}
    optimizer.beta2: {values: [0.9, 0.999]}
    optimizer.momentum: {min: 0.5, max: 0.99}
    regularization.l2: {distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-1}
    model.hidden: {values: [[6], [5, 4]]}
    model.activation: {values: [relu, tanh]}
    model.dropout: {values: [0.0, 0.2]}
    training.batch_size: {values: [8, 16]}
    training.early_stopping: {values: [null, {patience: 2}]}
    data.scaling: {values: [standard, minmax]}
    seed: {distribution: int_uniform, min: 0, max: 3}
"""
# a choice of two architectures, with brackets of eight
HALVING = """
experiment: halving
data: {source: 'builtin:iris'}
optimizer: sgd
training: {epochs: 9, batch_size: 16}
sweep:
  trials: 20
  early_terminate: {type: successive_halving, min_iter: 1, eta: 2, bracket: 8}
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e+20}
    model.hidden: {values: [[4], [3, 3]]}
"""


def write_experiment(folder: Path, text: str) -> Path:
    """A file with this experiment."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def trials(folder: Path, text: str, total: int | None = None) -> list[Trial]:
    """The trials of a search."""
    return SearchSpace(load(write_experiment(folder, text))).trials(total)


def run_sweep(
    folder: Path,
    text: str,
    *,
    jobs: int = 1,
    total: int | None = None,
    watch: Callable[[Sweep, SweepProgress], object] = lambda sweep, progress: None,
    stop_after: int | None = None,
) -> Sweep:
    """A sweep that has run in this folder, to its end or until so many results are new."""
    new = list[int]()

    def enough() -> bool:
        return stop_after is not None and len(new) >= stop_after

    with open_sweep(
        load(write_experiment(folder, text)), folder / "sweeps", total=total, workers=jobs
    ) as sweep:
        for progress in sweep.run(enough):
            new += [result.trial for result in progress.new_results]
            watch(sweep, progress)
        write_results(sweep, 0.0)
        return sweep


def rows(sweep: Sweep) -> str:
    """Its table of trials."""
    return sweep.folder.trials.read_text(encoding="utf-8")


def copy_sweep(sweep: Sweep, folder: Path) -> Path:
    """A copy of a finished sweep's folder, where `run_sweep` will find it; returns its journal."""
    copied = shutil.copytree(sweep.folder.path, folder / "sweeps" / sweep.folder.path.name)
    return copied / "journal.jsonl"


def without_trial(journal: Path, trial: int) -> None:
    """Write a journal anew as it would be if a trial had no result yet."""
    kept = [entry for entry in read_journal(journal) if entry.get("trial") != trial]
    journal.unlink()
    Journal(journal).append(kept)
