"""What was measured in each layer while the run trained."""

from collections.abc import Mapping, Sequence

from nettrain.output.numbers import count, figure
from nettrain.output.report_page.html import Content
from nettrain.output.report_page.page import quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import percent
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES

SHARES = ("saturated", "dead")
MOST_ROWS = 120


def diagnostics_section(rows: Sequence[DiagnosticsRow]) -> Content:
    """The figures of each layer after the last epoch that was measured."""
    last = [row for row in rows if row["epoch"] == rows[-1]["epoch"]]
    several = len({row["member"] for row in last}) > 1
    used = [name for name in QUANTITIES if any(row[name] is not None for row in last)]
    headings = [Heading("layer"), *([Heading("member", numeric=True)] if several else [])]
    headings += [Heading(name.replace("_", " "), numeric=True) for name in used]
    cells = [_cells(row, used, several=several) for row in last[:MOST_ROWS]]
    text = (
        f"After epoch {count(int(rows[-1]['epoch'] or 0))}. An update ratio of about 0.001 is healthy: far"
        " below, the weights hardly move; far above, they are thrown about. A dead unit has no slope for any"
        " row and learns nothing."
    )
    return table(headings, cells, caption="Diagnostics by layer", sortable=True), quiet(text)


def _cells(row: DiagnosticsRow, names: Sequence[str], *, several: bool) -> Row:
    member = [_integer(row, "member")] if several else []
    return [str(row["layer"]), *member, *(_figure(row, name) for name in names)]


def _integer(row: Mapping[str, int | str | float | None], name: str) -> Cell:
    value = row[name]
    return Cell.of(str(value), float(value) if isinstance(value, int) else None)


def _figure(row: DiagnosticsRow, name: str) -> Cell:
    value = row[name]
    if not isinstance(value, int | float):
        return Cell("", None, numeric=True)
    return Cell.of(percent(value) if name in SHARES else figure(value), float(value))
