"""Tables: plain ones, and ones that sort when a heading is pressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from nettrain.output.report_page.html import Content, Html, element


@dataclass(frozen=True)
class Cell:
    """A cell: what it shows, and the number that sorts it where it is one."""

    content: Content
    number: float | None = None
    numeric: bool = False  # aligned as a number

    @staticmethod
    def of(text: str, value: float | None) -> "Cell":
        """A number by its text, which sorts by its value; one that is not finite comes last."""
        known = value is not None and isfinite(value)
        return Cell(text, value if known else None, numeric=True)


Row = Sequence[Cell | str]


@dataclass(frozen=True)
class Heading:
    """A column: its name, and whether it holds numbers."""

    name: str
    numeric: bool = False


def table(
    headings: Sequence[Heading],
    rows: Sequence[Row],
    *,
    caption: str,
    sortable: bool = False,
    highlighted: Sequence[int] = (),
    faint: Sequence[int] = (),
    keys: Sequence[str] = (),
    foot: Sequence[Row] = (),
) -> Html:
    """A table that scrolls by itself where it is too wide; the caption is for those who do not see it.

    `highlighted` rows stand out, `faint` ones stand back; `keys` name the rows for the script; rows of the
    `foot` are not sorted.
    """
    names = [_heading(one, sortable=sortable, number=k) for k, one in enumerate(headings)]
    body = [
        element(
            "tr",
            _cells(row, headings),
            class_="best" if number in highlighted else "faint" if number in faint else None,
            data_key=keys[number] if keys else None,
        )
        for number, row in enumerate(rows)
    ]
    inner = element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", element("tr", names)),
        element("tbody", body),
        element("tfoot", [_row(row, headings) for row in foot]) if foot else None,
        class_="sortable" if sortable else None,
    )
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _row(row: Row, headings: Sequence[Heading]) -> Html:
    return element("tr", _cells(row, headings))


def _cells(row: Row, headings: Sequence[Heading]) -> list[Html]:
    return [_cell(cell, headings[k], first=k == 0) for k, cell in enumerate(row)]


def _heading(heading: Heading, *, sortable: bool, number: int) -> Html:
    kind = "number" if heading.numeric else None
    if not sortable:
        return element("th", heading.name, scope="col", class_=kind)
    button = element("button", heading.name, type="button", data_column=number)
    return element("th", button, scope="col", class_=kind, aria_sort="none")


def _cell(cell: Cell | str, heading: Heading, *, first: bool) -> Html:
    cell = cell if isinstance(cell, Cell) else Cell(cell)
    kind = "number" if heading.numeric or cell.numeric else None
    value = None if cell.number is None else repr(float(cell.number))
    if first:
        return element("th", cell.content, scope="row", class_=kind, data_value=value)
    return element("td", cell.content, class_=kind, data_value=value)


def facts(pairs: Sequence[tuple[str, Content]]) -> Html:
    """Names, each with its text."""
    return element("dl", [(element("dt", name), element("dd", text)) for name, text in pairs])


def bar(share: float, text: str) -> Html:
    """A bar from 0 to 1 with its text."""
    width = f"width:{100 * min(max(share, 0.0), 1.0):.1f}%"
    filled = element("span", element("span", style=width), class_="bar", aria_hidden="true")
    return element("span", filled, element("span", text, class_="value"), class_="with-bar")
