"""The rows with the largest loss: where they are, and what is in them."""

from collections.abc import Mapping, Sequence

from nettrain.output.numbers import figure
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import percent
from nettrain.store.evaluation import Value, WorstRow
from nettrain.workflow.report.own_rows import ReportedRows


def worst_part(rows: ReportedRows) -> Content:
    """The rows with the largest loss, where they are, and what is in them."""
    if not rows.worst:
        return None
    probable = rows.worst[0].probability is not None
    kept = list(rows.worst[0].kept)
    headings = [
        Heading("row"),
        Heading("true"),
        Heading("predicted"),
        *([Heading("probability of the true class", numeric=True)] if probable else []),
        Heading("loss", numeric=True),
        *(Heading(name) for name in kept),
    ]
    cells = [_worst_cells(one, kept, probable=probable) for one in rows.worst]
    text = (
        "Worth a look: a wrong label, a mistyped value, or rows of a kind that the network has seldom seen."
    )
    if any(one.true == one.predicted for one in rows.worst) and probable:
        text += " Rows that are right but barely so are listed too."
    return (
        element("h3", "Worst rows"),
        quiet(text),
        table(headings, cells, caption="Rows with the largest loss", sortable=True),
    )


def _worst_cells(one: WorstRow, kept: Sequence[str], *, probable: bool) -> Row:
    right = one.true == one.predicted
    predicted = element("span", values_text(one.predicted), class_=None if right or not probable else "bad")
    cells: list[Cell | str] = [
        _wide(one.place),
        _wide(values_text(one.true)),
        Cell(element("span", predicted, class_="cell")),
    ]
    if probable:
        cells.append(Cell.of(percent(one.probability or 0.0), one.probability))
    cells.append(Cell.of(figure(one.loss), one.loss))
    for name in kept:
        value = one.kept.get(name)
        number = (
            float(value) if isinstance(value, int | float) and not isinstance(value, bool) else _number(value)
        )
        cells.append(Cell(element("span", "" if value is None else str(value), class_="cell"), number))
    return cells


def _number(value: object) -> float | None:
    """The number that a cell of text is, by which it sorts."""
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _wide(text: str) -> Cell:
    return Cell(element("span", text, class_="cell"))


def values_text(values: Mapping[str, Value]) -> str:
    """The target of a row, or its targets with their names."""
    texts = [value if isinstance(value, str) else figure(value) for value in values.values()]
    return (
        texts[0]
        if len(texts) == 1
        else ", ".join(f"{name} {text}" for name, text in zip(values, texts, strict=True))
    )
