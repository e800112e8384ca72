"""The table of published figures and ours."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

from papers.figures import METRICS, SOURCE, Figure
from papers.runs import Measured

FEWEST = 5  # seeds by which a figure is judged


@dataclass(frozen=True)
class Row:
    """A published figure and what was measured for it, one for each seed."""

    figure: Figure
    measured: list[Measured]

    @property
    def mean(self) -> float | None:
        """Over seeds; None where there is none."""
        return fmean(self.values) if self.measured else None

    @property
    def deviation(self) -> float | None:
        """Over seeds, with n - 1; None of fewer than two."""
        return stdev(self.values) if len(self.measured) > 1 else None

    @property
    def values(self) -> list[float]:
        """On test rows, by seed."""
        return [one.value for one in self.measured]

    @property
    def holds(self) -> bool | None:
        """Whether our mean is within two published deviations, or better; None while that cannot be said."""
        enough = self.figure.members is not None or len(self.measured) >= FEWEST
        return self.figure.holds(fmean(self.values)) if enough and self.measured else None

    def average(self, field: str) -> float | None:
        """The mean of a number of each run; None where one has none."""
        numbers = [getattr(one, field) for one in self.measured]
        return None if not numbers or None in numbers else fmean(numbers)

    def as_json(self) -> dict[str, Any]:
        """All of it, for --json."""
        return {
            "figure": self.figure.name,
            "table": self.figure.table,
            "network": self.figure.network,
            "metric": self.figure.metric.key,
            "published": {"mean": self.figure.mean, "deviation": self.figure.deviation, "source": SOURCE},
            "mean": self.mean,
            "deviation": self.deviation,
            "holds": self.holds,
            "seeds": [asdict(one) for one in self.measured],
        }


def rows(figures: Iterable[Figure], measured: Mapping[tuple[str, int], Measured]) -> list[Row]:
    """The rows of a table, with what was measured for each figure by seed."""
    return [
        Row(figure, [one for (name, _), one in sorted(measured.items()) if name == figure.name])
        for figure in figures
    ]


def markdown(found: list[Row]) -> str:
    """A table of Markdown for each data set."""
    return "\n\n".join(
        "\n".join(table_lines(table, of_table))
        for table in METRICS
        if (of_table := [row for row in found if row.figure.table == table])
    )


HEAD = ("published", "nettrain", "seeds", "within 2 sd or better", "epochs", "time")


def table_lines(table: str, found: list[Row]) -> list[str]:
    """The lines of one table."""
    heads = [f"{table}, {METRICS[table].title}", *HEAD]
    return [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(f"| {' | '.join(cells(row))} |" for row in found),
    ]


def cells(row: Row) -> list[str]:
    """The cells of a line."""
    return [
        row.figure.network,
        spread(row.figure.mean, row.figure.deviation),
        spread(row.mean, row.deviation),
        str(len(row.measured)) if row.measured else "",
        {True: "yes", False: "**no**", None: ""}[row.holds],
        number(row.average("epochs")),
        duration(row.average("seconds")),
    ]


def spread(mean: float | None, deviation: float | None) -> str:
    """Such as 0.4948 ± 0.0058."""
    if mean is None:
        return ""
    return f"{mean:.4f}" if deviation is None else f"{mean:.4f} ± {deviation:.4f}"


def number(value: float | None) -> str:
    """A whole number."""
    return "" if value is None else f"{value:.0f}"


def duration(seconds: float | None) -> str:
    """Such as 14 s, or 3.5 min from 100 s on."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.3g} min"
