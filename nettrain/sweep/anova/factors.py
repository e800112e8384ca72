"""Searched parameters as independent factors, on the scale on which the search draws them.

A number is known by the share of draws below it, so that equal steps are equally likely: a learning rate that
is drawn on a logarithmic scale is one here. BINS of such a range are told apart. Where there are few values,
each is a cell; those without an order get a column each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from nettrain.catalogue.distributions import Distribution
from nettrain.catalogue.searches import SearchedKey
from nettrain.sweep.anova.boxes import Cells, Floats, Integers
from nettrain.sweep.influence import is_ordered
from nettrain.sweep.values import as_text, is_number

BINS = 16  # of a range
DRAWS = 2520  # which find the values of a distribution: so many can be dealt out evenly among up to ten
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Factor:
    """One parameter; `values` are those of its cells, the middle ones where a cell is a part of a range.

    What the trees see of a trial is a row of `codes`, by the number that `row` gives.
    """

    key: str
    distribution: Distribution
    values: Sequence[object]
    cells: Cells
    codes: Floats = field(repr=False)
    likely: Floats = field(repr=False)  # the probability of each row of `codes`
    is_range: bool

    def row(self, value: object) -> int:
        """The row of `codes` for a value, UNKNOWN where the search has no such value."""
        if self.is_range:
            share = self.distribution.share(value)
            return UNKNOWN if share is None else min(int(share * BINS), BINS - 1)
        return self._places.get(as_text(value), UNKNOWN)

    def random_rows(self, generator: np.random.Generator, count: int) -> Integers:
        """Rows of values drawn as the search draws them."""
        return generator.choice(len(self.codes), count, p=self.likely)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {as_text(value): k for k, value in enumerate(self.values)}


def factor_of(parameter: SearchedKey) -> Factor | None:
    """The factor of a parameter, None for a seed and for what is always the same."""
    distribution = parameter.distribution
    values = _values(distribution)
    if not is_ordered(parameter) or len(values) < 2:
        return None
    if distribution.ordered and len(values) > 2 * BINS:
        return _range(parameter.key, distribution)
    return _levels(parameter.key, distribution, values)


def shadow() -> tuple[Cells, Floats]:
    """The cells and codes of a made-up number on which nothing depends."""
    return _range_cells(), np.arange(BINS, dtype=float)[:, None]


def _range_cells() -> Cells:
    """Two cells for each bin: thresholds lie in the middle between bins, or in that of a bin."""
    cells = 2 * BINS
    return Cells((np.arange(cells) / 2 - 0.25)[:, None], np.full(cells, 1 / cells))


def _range(key: str, distribution: Distribution) -> Factor:
    cells, codes = shadow()
    middle = [distribution.draw((k + 0.5) / len(cells.masses)) for k in range(len(cells.masses))]
    likely = np.full(BINS, 1 / BINS)
    return Factor(key, distribution, middle, cells, codes, likely, is_range=True)


def _levels(key: str, distribution: Distribution, counts: dict[str, tuple[object, int]]) -> Factor:
    values = [value for value, _ in counts.values()]
    masses = np.array([count for _, count in counts.values()]) / DRAWS
    is_line = all(map(is_number, values))
    if is_line:
        order = sorted(range(len(values)), key=lambda k: float(values[k]))  # type: ignore[arg-type]
        values, masses = [values[k] for k in order], masses[order]
    # of two values, one column says which it is
    codes = np.arange(len(values))[:, None] if is_line or len(values) == 2 else np.eye(len(values))
    cells = Cells(codes.astype(float), masses)
    return Factor(key, distribution, values, cells, cells.codes, masses, is_range=False)


def _values(distribution: Distribution) -> dict[str, tuple[object, int]]:
    """The values of a distribution, and how many of DRAWS evenly spread draws are each, by their text."""
    found: dict[str, tuple[object, int]] = {}
    for k in range(DRAWS):
        value = distribution.draw((k + 0.5) / DRAWS)
        text = as_text(value)
        found[text] = (value, found[text][1] + 1 if text in found else 1)
    return found
