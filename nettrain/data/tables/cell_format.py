"""What a table knows of the format of a column's cells; the formats themselves are in `cell_formats`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from nettrain.data.tables.arrays import Floats, Indices, Mask

if TYPE_CHECKING:
    import polars as pl


class CellFormat(Protocol):
    """How the cells of a column of text are written, such as `example`."""

    kind: ClassVar[str]

    @property
    def example(self) -> str: ...

    def numbers(self, series: "pl.Series") -> tuple[Floats, Mask]:
        """Values (N,) of cells of text, NaN in gaps, and which present cells are no numbers."""
        ...


@dataclass(frozen=True, eq=False)
class FormattedNumbers:
    """What `CellFormat.numbers` returned for a column, so that it is read once."""

    values: Floats
    wrong: Mask

    def take(self, rows: Indices) -> "FormattedNumbers":
        """The rows (M,)."""
        return FormattedNumbers(self.values[rows], self.wrong[rows])
