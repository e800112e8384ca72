"""Scalings of numeric columns: each entry is fitted on the training rows and applied to all.

Conventions: x (N, C) float64, without gaps unless `sees_gaps`; `fit(x)` -> the fitted arrays by name;
`apply(fitted, x)` -> (N, C). The fitted arrays are all that an entry needs later. Their last axis are the
columns, so that `fit` may be called for some columns after others; `join` then combines what depends on all
of them, or on their names.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from nettrain.catalogue.registry import Registry, Variant
from nettrain.data.tables.arrays import Floats

Fitted = dict[str, Floats]

scalings: Registry["Scaling"] = Registry("scaling")


class Scaling(Variant):
    """What is done to the numeric columns of a table before a network sees them."""

    sees_gaps: ClassVar[bool] = False  # it is given NaN in gaps, for which others get the column's median
    arrays: ClassVar[Mapping[str, int]] = {}  # that `fit` returns: their names, and how many axes they have
    reads_rows: ClassVar[bool] = True  # whether `fit` looks at rows, or at the number of columns alone

    def fit(self, x: Floats) -> Fitted:
        """What is learned from the training rows: nothing by default."""
        return {}

    def join(self, fitted: Fitted, names: Sequence[str]) -> Fitted:
        """The fitted arrays of all C columns, of these names, where one depends on the others."""
        return fitted

    @property
    def fitted_arrays(self) -> Mapping[str, int]:
        """The names and the number of axes of what is fitted where there are columns, with these settings."""
        return self.arrays

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its settings name."""
        return ()

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        """The scaled columns (N, C)."""
        raise NotImplementedError


class Affine(Scaling):
    """(x - center) / scale, both (C,)."""

    arrays: ClassVar[Mapping[str, int]] = {"center": 1, "scale": 1}

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        return (x - fitted["center"]) / fitted["scale"]
