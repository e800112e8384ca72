"""Division by numbers that the settings name."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from nettrain.catalogue.settings import expects, option
from nettrain.data.columns.scaling.base import Fitted, Scaling, scalings
from nettrain.data.tables.arrays import Floats
from nettrain.errors import DataError, nearest

MOST_NAMES = 8  # in a message
Divisor = Annotated[float, Field(gt=0)]
Divisors = Annotated[
    Divisor | list[Divisor] | dict[str, Divisor],
    expects("a number above 0, a list of one for each column of numbers, or a mapping from columns to them"),
]


@scalings.register("divide")
class Divide(Scaling):
    """x / by: one divisor for all columns, as 255 for pixels, or one for each, as a list or by name.

    A list has the columns of numbers in their order. Of a mapping, as `{age: 100, income: 1e5}`, columns that
    it leaves out stay as they are.
    """

    reads_rows: ClassVar[bool] = False
    by: Divisors = option(255.0, "divisor, of all columns, of each in their order, or by name")

    @property
    def fitted_arrays(self) -> Mapping[str, int]:
        """A single divisor needs none."""
        return {} if isinstance(self.by, float | int) else {"scale": 1}

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.by) if isinstance(self.by, Mapping) else ()

    def fit(self, x: Floats) -> Fitted:
        return {name: np.ones(x.shape[1]) for name in self.fitted_arrays}

    def join(self, fitted: Fitted, names: Sequence[str]) -> Fitted:
        """The divisor of each column. Raises DataError when a column of the settings is not among them."""
        return {"scale": self._divisors(names)} if fitted else fitted

    def _divisors(self, names: Sequence[str]) -> Floats:
        if isinstance(self.by, Mapping):
            for name in self.by:
                if name not in names:
                    raise DataError(f'data.scaling.by: no column of numbers "{name}"{nearest(name, names)}')
            return np.array([float(self.by.get(name, 1.0)) for name in names])
        given = np.array(self.by, dtype=np.float64)
        if len(given) != len(names):
            raise DataError(
                f"data.scaling.by: {len(given)} divisors for {len(names)} columns of numbers"
                f" ({', '.join(names[:MOST_NAMES])}{', ...' if len(names) > MOST_NAMES else ''})"
            )
        return given

    def apply(self, fitted: Fitted, x: Floats) -> Floats:
        divisors = fitted["scale"] if fitted else np.asarray(self.by, np.float64)
        scaled: Floats = x / divisors
        return scaled
