"""The trials of a search as a table for a forest: rows of factors, and the rank of each trial."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from nettrain.catalogue.searches import SearchedKey, Values
from nettrain.sweep.anova.boxes import Floats, Integers
from nettrain.sweep.anova.factors import UNKNOWN, Factor, factor_of
from nettrain.sweep.influence import average_ranks

MOST = 1000  # trials, of which a forest can be fitted again and again


@dataclass(frozen=True)
class AnalysedTrial:
    """One trial: its values, how it ended and after how many epochs, and its score.

    Of scores the smaller is the better; it is infinite where a trial has no figure.
    """

    number: int
    values: Values
    status: str
    epochs: int
    score: float

    @property
    def merit(self) -> tuple[int, float, float]:
        """What trials are sorted by, the best first, as the method of search `bayes` sorts them.

        Those that trained to their end come before those that were stopped, of which a later one is better:
        figures after few epochs are no figures of the end. Trials without a figure come last.
        """
        if not isfinite(self.score):
            return 2, 0.0, 0.0
        return (1, -float(self.epochs), self.score) if self.status == "pruned" else (0, 0.0, self.score)


@dataclass(frozen=True, eq=False)
class TrialTable:
    """N trials and their P factors.

    `rows` (N, P) has the places of the values among the codes of each factor, UNKNOWN where a parameter has
    no meaning in a trial. `ranks` (N,) lie between 0 for the best and 1, `figures` are those of the trials
    that trained to their end, the best first, and `total` is how many trials there are.
    """

    factors: Sequence[Factor]
    rows: Integers
    ranks: Floats
    figures: Floats
    total: int

    def columns(self, generator: np.random.Generator) -> Floats:
        """What trees see of the trials (N, columns).

        A parameter without a meaning in a trial could have had any value there, so it has a drawn one.
        """
        drawn = [one.random_rows(generator, len(self.rows)) for one in self.factors]
        rows = np.where(self.rows == UNKNOWN, np.stack(drawn, axis=1), self.rows)
        return np.hstack([one.codes[rows[:, k]] for k, one in enumerate(self.factors)])

    def figure_at(self, rank: float) -> float:
        """The figure of a trial of this rank, NaN beyond those that trained to their end."""
        place, last = rank * len(self.ranks) - 0.5, len(self.figures) - 1
        if last < 0 or place > last + 0.5:
            return float("nan")
        return float(np.interp(place, np.arange(last + 1), self.figures))


def table_of(parameters: Iterable[SearchedKey], trials: Sequence[AnalysedTrial], sign: int) -> TrialTable:
    """The table of these trials, of at most MOST drawn ones; `sign` makes a score of a figure."""
    chosen = _sample(trials)
    found = [one for one in map(factor_of, parameters) if one is not None]
    rows = {one.key: _rows(one, chosen) for one in found}
    varied = [one for one in found if len(np.unique(rows[one.key][rows[one.key] != UNKNOWN])) > 1]
    merits = sorted({one.merit for one in chosen})
    places = {merit: float(k) for k, merit in enumerate(merits)}
    ranks = (average_ranks(np.array([places[one.merit] for one in chosen])) + 0.5) / max(len(chosen), 1)
    ended = sorted(one.score for one in chosen if one.merit[0] == 0)
    return TrialTable(
        varied,
        np.stack([rows[one.key] for one in varied], axis=1)
        if varied
        else np.empty((len(chosen), 0), np.int64),
        ranks,
        sign * np.array(ended),
        len(trials),
    )


def _rows(factor: Factor, trials: Sequence[AnalysedTrial]) -> Integers:
    key = factor.key
    rows = [factor.row(one.values[key]) if key in one.values else UNKNOWN for one in trials]
    return np.array(rows, dtype=np.int64)


def _sample(trials: Sequence[AnalysedTrial]) -> Sequence[AnalysedTrial]:
    """All trials, or MOST of them, always the same ones."""
    if len(trials) <= MOST:
        return trials
    chosen = np.random.default_rng(0).choice(len(trials), MOST, replace=False)
    return [trials[k] for k in np.sort(chosen)]
