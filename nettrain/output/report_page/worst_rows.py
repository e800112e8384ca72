"""The rows with the largest loss: where they are, and what is in them."""

from collections.abc import Mapping, Sequence
from math import isfinite

from nettrain.backend.base import Floats
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.images import images_picture
from nettrain.output.numbers import figure
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import percent
from nettrain.store.evaluation import Value, WorstRow
from nettrain.workflow.report.own_rows import ReportedRows

LONGEST = 10  # characters of a number, beyond which it is shown with fewer digits


def worst_part(rows: ReportedRows, drawings: Drawings) -> Content:
    """The rows with the largest loss, where they are, and what is in them."""
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
    labels = rows.task.targets == "labels"
    cells = [_cells(one, kept, probable=probable, labels=labels) for one in rows.worst]
    text = "Worth a look: wrong labels, mistyped values, or rows of a kind that the network has seldom seen."
    if probable and any(one.true == one.predicted for one in rows.worst):
        text += " Rows that are right but barely so are listed too."
    return (
        element("h3", "Worst rows"),
        quiet(text),
        _images(rows, rows.worst_images, drawings) if rows.worst_images is not None else None,
        table(headings, cells, caption="Rows with the largest loss", sortable=True),
    )


def _images(rows: ReportedRows, images: Floats, drawings: Drawings) -> Content:
    several = rows.task.targets == "labels"
    lines = [
        (
            " → ".join(values_text(one, labels=several) for one in (row.true, row.predicted)),
            row.place.rpartition(" ")[2],
        )
        for row in rows.worst
    ]
    picture = images_picture(images, lines, "", "true → predicted, and the row", render=svg)
    text = "The worst rows as the network sees them: would you have known better?"
    return drawings.figure(picture, "Images of the worst rows", text, own_colors=True)


def _cells(one: WorstRow, kept: Sequence[str], *, probable: bool, labels: bool) -> Row:
    wrong = probable and one.true != one.predicted
    predicted = values_text(one.predicted, labels=labels)
    probability = Cell.of(percent(one.probability or 0.0), one.probability)
    return [
        _wide(one.place),
        _wide(values_text(one.true, labels=labels)),
        Cell(element("span", predicted, class_="cell bad" if wrong else "cell")),
        *([probability] if probable else []),
        Cell.of(figure(one.loss), one.loss),
        *(_kept_cell(one.kept.get(name)) for name in kept),
    ]


def _kept_cell(value: Value | bool | None) -> Cell:
    """A cell of the data as it stands there; a number of many digits is cut, and whole on request."""
    text = "" if value is None else str(value)
    number = None if isinstance(value, bool) else _number(text)
    if number is None or len(text) <= LONGEST:
        return Cell(element("span", text, class_="cell"), number)
    return Cell(element("span", f"{number:.5g}", class_="cell", title=text), number)


def _number(text: str) -> float | None:
    """The number that a text is, by which it sorts."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _wide(text: str) -> Cell:
    return Cell(element("span", text, class_="cell"))


def values_text(values: Mapping[str, Value], *, labels: bool = False) -> str:
    """The target of a row, or its targets with their names; of several labels, those that are 1."""
    if labels and len(values) > 1:
        return ", ".join(name for name, value in values.items() if value) or "none"
    texts = [value if isinstance(value, str) else figure(value) for value in values.values()]
    if len(texts) == 1:
        return texts[0]
    return ", ".join(f"{name} {text}" for name, text in zip(values, texts, strict=True))
