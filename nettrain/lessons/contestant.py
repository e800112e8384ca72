"""One experiment of a lesson, trained with several seeds: figures as arrays, to be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nettrain.backend.base import Floats


@dataclass(frozen=True)
class SeedRun:
    """One training: columns (E,) of its history, and of its diagnostics by layer and figure.

    `metrics` are those of the final network, by split; of an ensemble those of the mean prediction, and
    `members` has those of each network. A search has `trials` alone: columns (T,) of its table, values by
    dotted key and figures such as val_loss.
    """

    seed: int
    history: Mapping[str, Floats]
    metrics: Mapping[str, Mapping[str, float]]
    diagnostics: Mapping[tuple[str, str], Floats]
    members: Sequence[Mapping[str, Mapping[str, float]]] = ()
    trials: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """An experiment of a lesson, by the name of its file; every array has a row for each of S seeds."""

    name: str
    file: Path
    runs: Sequence[SeedRun]

    @property
    def epochs(self) -> Floats:
        """The epochs at which figures were measured (E,)."""
        return max((run.history["epoch"] for run in self.runs), key=len)

    def curve(self, column: str) -> Floats:
        """A column of the history by epoch (S, E), NaN after a training has ended."""
        return _padded([run.history[column] for run in self.runs], len(self.epochs))

    def at(self, epoch: float, column: str) -> Floats:
        """A column of the history in this epoch (S,), NaN where a training ended earlier."""
        return self.curve(column)[:, int(np.argmin(np.abs(self.epochs - epoch)))]

    def last(self, column: str) -> Floats:
        """A column of the history at the end of each training (S,)."""
        return np.array([run.history[column][-1] for run in self.runs])

    def mean_of_last(self, epochs: int, column: str) -> Floats:
        """The mean of a column of the history over the last epochs of each training (S,)."""
        return np.array([run.history[column][-epochs:].mean() for run in self.runs])

    def least(self, column: str) -> Floats:
        """The smallest value of a column of the history (S,)."""
        least: Floats = np.nanmin(self.curve(column), axis=1)
        return least

    def epochs_to(self, value: float, column: str) -> Floats:
        """The epoch from which on a column is at most this value (S,), infinity where it ends above."""
        above = ~(self.curve(column) <= value)
        last_above = above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)
        first = np.where(above.any(axis=1), last_above + 1, 0)
        epochs: Floats = np.append(self.epochs, np.inf)[first]
        return epochs

    def rises(self, column: str) -> Floats:
        """In how many epochs a column of the history is above that of the epoch before (S,)."""
        rises: Floats = np.sum(np.diff(self.curve(column), axis=1) > 0, axis=1, dtype=float)
        return rises

    def metric(self, split: str, name: str) -> Floats:
        """A metric of the final networks on train, val or test rows (S,)."""
        return np.array([run.metrics[split][name] for run in self.runs])

    @property
    def layers(self) -> list[str]:
        """The layers that diagnostics were recorded of, from the first hidden one to the output."""
        return list(dict.fromkeys(layer for layer, _ in self.runs[0].diagnostics))

    def diagnostic(self, layer: str, figure: str) -> Floats:
        """A figure of a layer by epoch (S, E), NaN after a training has ended."""
        return _padded([run.diagnostics[layer, figure] for run in self.runs], len(self.epochs))

    def by_layer(self, figure: str, epoch: float) -> Floats:
        """A figure of every hidden layer in this epoch (S, L)."""
        at = int(np.argmin(np.abs(self.epochs - epoch)))
        return np.stack([self.diagnostic(layer, figure)[:, at] for layer in self.layers[:-1]], axis=1)

    def member_metric(self, split: str, name: str) -> Floats:
        """A metric of each network of an ensemble on train, val or test rows (S, M)."""
        return np.array([[of[split][name] for of in run.members] for run in self.runs])

    def trials(self, column: str) -> Floats:
        """A column of the table of trials of a search (S, T)."""
        return np.array([run.trials[column] for run in self.runs])


def _padded(rows: Sequence[Floats], length: int) -> Floats:
    """Arrays (E,) as rows of one array, NaN behind their ends."""
    padded = np.full((len(rows), length), np.nan)
    for line, row in zip(padded, rows, strict=True):
        line[: len(row)] = row
    return padded
