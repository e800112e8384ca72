"""What was measured in each layer while the run trained."""

from collections.abc import Mapping, Sequence

from nettrain.output.figures.canvas import svg
from nettrain.output.figures.layers import layers_picture
from nettrain.output.numbers import figure
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content
from nettrain.output.report_page.page import details, quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import percent
from nettrain.store.diagnostics import DiagnosticsRow
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES

SHARES = ("saturated", "dead")
MOST_ROWS = 120


def diagnostics_section(rows: Sequence[DiagnosticsRow], drawings: Drawings) -> Content:
    """The figures of each layer by epoch, and after the last epoch that was measured."""
    picture = layers_picture(rows, "", svg)
    text = (
        "How large each layer's updates and gradients are, and what its units do. Gradients that shrink from"
        " layer to layer vanish; an update ratio of about 0.001 is healthy."
    )
    drawn = drawings.figure(picture, "Diagnostics of the layers by epoch", text, own_colors=True)
    return drawn, details("After the last epoch", _last_epoch(rows))


def _last_epoch(rows: Sequence[DiagnosticsRow]) -> Content:
    last = [row for row in rows if row["epoch"] == rows[-1]["epoch"]]
    several = len({row["member"] for row in last}) > 1
    used = [name for name in QUANTITIES if any(row[name] is not None for row in last)]
    headings = [Heading("layer"), *([Heading("member", numeric=True)] if several else [])]
    headings += [Heading(name.replace("_", " "), numeric=True) for name in used]
    cells = [_cells(row, used, several=several) for row in last[:MOST_ROWS]]
    text = (
        f"After epoch {float(rows[-1]['epoch'] or 0):g}. Far below an update ratio of 0.001 the weights"
        " hardly move, far above they are thrown about. A dead unit has no slope for any row and"
        " learns nothing."
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
