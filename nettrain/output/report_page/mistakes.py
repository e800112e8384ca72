"""Where a run is wrong: confusion of classes, residuals of numbers, and the worst rows."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nettrain.backend.base import Floats
from nettrain.inference.metrics import ClassMetrics
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.confusion import confusion_picture
from nettrain.output.figures.residual_histogram import residual_histogram
from nettrain.output.figures.residuals import residuals_picture
from nettrain.output.numbers import count, figure, plural
from nettrain.output.report_page.drawing import Drawings
from nettrain.output.report_page.html import Content, Html, element
from nettrain.output.report_page.page import paragraph, quiet
from nettrain.output.report_page.table import Cell, Heading, Row, table
from nettrain.output.report_page.words import SPLITS, percent, shown
from nettrain.output.report_page.worst_rows import worst_part
from nettrain.workflow.report.own_rows import ReportedRows

MOST_IN_TABLE = 12  # classes of a confusion matrix with a cell of HTML each
MOST_DRAWN = 300  # classes of one that is drawn
MOST_CLASSES = 60  # in a table
MOST_TARGETS = 40  # in a table
INTERVALS = (
    " Its upright line is the interval predicted for it, which holds the true value where it crosses"
    " the dashed line."
)
HOLDING = (
    "An interval of 90 % should hold 90 % of the rows, and be narrow; 5 % of them should lie below a quantile"
    " of 0.05."
)


def mistakes_section(rows: ReportedRows, drawings: Drawings) -> Content:
    """Confusion or residuals, then the rows with the largest loss."""
    if rows.task.targets == "numbers":
        wrong = _residuals(rows, drawings)
    elif rows.targets:
        wrong = _labels(rows, drawings)
    else:
        wrong = _classes(rows, drawings)
    return quiet(_whose(rows)), wrong, worst_part(rows, drawings)


def _whose(rows: ReportedRows) -> str:
    """Whose predictions of which rows these are."""
    if rows.apart:
        return f"Predictions for {plural(rows.rows, 'row')}, each by the fold that held it out."
    which = f"{plural(rows.rows, f'{SPLITS[rows.split]} row')}"
    if rows.member is not None:
        return f"Predictions of member {rows.member} for {which}."
    return (
        f"Mean predictions of {rows.networks} networks for {which}."
        if rows.networks > 1
        else f"Predictions for {which}."
    )


def _classes(rows: ReportedRows, drawings: Drawings) -> Iterator[Content]:
    if not rows.classes:
        yield paragraph("Its predictions are not finite.")
        return
    names = rows.task.classes
    if len(names) <= MOST_IN_TABLE:
        yield element("h3", "Confusion")
        yield confusion_table(next(iter(rows.confusion.values())), names)
        yield quiet(
            "A row is a true class, a column what was predicted: off the diagonal are mistakes."
            " The darker a cell, the larger its share of the true class."
        )
    elif len(names) <= MOST_DRAWN and rows.confusion:
        picture = confusion_picture(rows.confusion, names, "", render=svg)
        text = "A row is a true class, a column what was predicted: off the diagonal are mistakes."
        yield drawings.figure(picture, "Confusion matrix", text, own_colors=True)
    if rows.confused and len(names) > 2:
        yield _pairs(rows)
    yield _class_table(next(iter(rows.classes.values())))


def confusion_table(matrix: Floats, names: Sequence[str]) -> Html:
    """A confusion matrix (K, K) as a table; shades are shares of the true class's rows."""
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros_like(matrix, dtype=float), where=totals > 0)
    head = [
        element("th", "true ↓ predicted →", scope="col"),
        *(element("th", name, scope="col") for name in names),
    ]
    body = []
    for i, name in enumerate(names):
        cells = [
            element(
                "td",
                amount(float(matrix[i, k])),
                class_="right" if i == k else "none" if not matrix[i, k] else None,
                style=f"--share:{shares[i, k]:.3f}",
                title=f"{percent(float(shares[i, k]))} of {name}",
            )
            for k in range(len(names))
        ]
        body.append(element("tr", element("th", name, scope="row"), cells))
    inner = element(
        "table",
        element("caption", "Confusion matrix", class_="unseen"),
        element("thead", element("tr", head)),
        element("tbody", body),
        class_="confusion",
    )
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label="Confusion matrix")


def amount(value: float) -> str:
    """A number of rows, or their weight."""
    return count(int(value)) if value.is_integer() else figure(value)


def _pairs(rows: ReportedRows) -> Content:
    headings = [
        Heading("true class"),
        Heading("predicted as"),
        Heading("rows", numeric=True),
        Heading("of the class", numeric=True),
    ]
    cells = [
        (one.true, one.predicted, Cell.of(amount(one.rows), one.rows), Cell.of(percent(one.share), one.share))
        for one in rows.confused
    ]
    return element("h3", "Most confused"), table(
        headings, cells, caption="Classes that are confused most", sortable=True
    )


def _class_table(classes: Sequence[ClassMetrics]) -> Content:
    """Precision, recall and F1 of each class; of very many the classes with the lowest F1."""
    chosen = [one for one in classes if one.rows > 0] if len(classes) > MOST_CLASSES else list(classes)
    if len(chosen) > MOST_CLASSES:
        chosen = sorted(chosen, key=lambda one: one.f1)[:MOST_CLASSES]
    headings = [
        Heading("class"),
        *(Heading(name, numeric=True) for name in ("precision", "recall", "F1", "rows")),
    ]
    cells = [
        (
            one.name,
            Cell.of(percent(one.precision), one.precision),
            Cell.of(percent(one.recall), one.recall),
            Cell.of(figure(one.f1), one.f1),
            Cell.of(amount(one.rows), one.rows),
        )
        for one in chosen
    ]
    of = (
        f" The {len(chosen)} with the lowest F1 of {count(len(classes))}."
        if len(chosen) < len(classes)
        else ""
    )
    text = (
        "Precision: of the rows predicted as a class, the share that belongs to it. Recall: of the rows of a"
        f" class, the share that is found.{of}"
    )
    return (
        element("h3", "Classes one by one"),
        table(headings, cells, caption="Figures of each class", sortable=True),
        quiet(text),
    )


def _labels(rows: ReportedRows, drawings: Drawings) -> Iterator[Content]:
    """The figures of each label, and a matrix for each of the first."""
    yield targets_table(rows.targets, "label")
    if rows.confusion:
        picture = confusion_picture(rows.confusion, ("0", "1"), "", render=svg)
        text = "For each label: a row is the true value, a column what was predicted."
        yield drawings.figure(picture, "Confusion of each label", text, own_colors=True)


def _residuals(rows: ReportedRows, drawings: Drawings) -> Iterator[Content]:
    if not len(rows.residuals):
        yield paragraph("Its predictions are not finite.")
        return
    names = rows.task.names
    picture = residuals_picture(rows.true_values, rows.predicted, names, "", band=rows.band, render=svg)
    yield drawings.figure(
        picture,
        "Predicted against true values",
        "Each point is a row. On the line the prediction is exactly right; above it, it is too large."
        + (INTERVALS if rows.band else ""),
        own_colors=len(rows.true_values) > 3000,
    )
    yield _residual_table(rows)
    if rows.distribution:
        yield element("h3", "Prediction intervals"), paragraph(HOLDING), _interval_table(rows)
    histogram = residual_histogram(rows.residuals, names, "", render=svg)
    yield drawings.figure(
        histogram,
        "Residuals",
        "How often predictions are off, and by how much. A good model is off about as often upwards as"
        " downwards.",
    )
    if rows.targets:
        yield element("h3", "Targets one by one"), targets_table(rows.targets, "target")


def _residual_table(rows: ReportedRows) -> Content:
    names = ("half within", "90 % within", "largest", "mean (bias)", "spread of true values")
    cells: list[Row] = [
        [
            one.target,
            *(
                Cell.of(f"{sign}{figure(value)}", value)
                for sign, value in (
                    ("±", one.half),
                    ("±", one.ninety),
                    ("", one.largest),
                    ("", one.bias),
                    ("", one.spread),
                )
            ),
        ]
        for one in rows.residual_summaries
    ]
    return table(
        [Heading("target"), *(Heading(name, numeric=True) for name in names)],
        cells,
        caption="How far predictions are off",
        sortable=len(cells) > 1,
    )


def _interval_table(rows: ReportedRows) -> Content:
    """How many rows the intervals hold and how wide they are, and the same of quantiles."""
    several = len(rows.distribution) > 1
    intervals: list[Row] = [
        [
            *([name] if several else []),
            Cell.of(percent(one["level"]), one["level"]),
            Cell.of(percent(one["coverage"]), one["coverage"]),
            Cell.of(figure(one["width"]), one["width"]),
        ]
        for name, described in rows.distribution.items()
        for one in described["intervals"]
    ]
    quantiles: list[Row] = [
        [
            *([name] if several else []),
            Cell.of(f"{one['level']:g}", one["level"]),
            Cell.of(percent(one["below"]), one["below"]),
            Cell.of(figure(one["loss"]), one["loss"]),
        ]
        for name, described in rows.distribution.items()
        for one in described["quantiles"]
    ]
    first = [Heading("target")] if several else []
    numbers = [
        (intervals, ("interval", "rows it holds", "mean width"), "Prediction intervals"),
        (quantiles, ("quantile", "rows below", "pinball loss"), "Predicted quantiles"),
    ]
    return [
        table([*first, *(Heading(name, numeric=True) for name in names)], cells, caption=caption)
        for cells, names, caption in numbers
        if cells
    ]


def targets_table(targets: Mapping[str, Mapping[str, float]], what: str) -> Content:
    """The figures of each target, or of the first of very many."""
    names = list(dict.fromkeys(name for figures in targets.values() for name in figures))
    chosen = list(targets.items())[:MOST_TARGETS]
    rows = [[target, *_figures(figures, names)] for target, figures in chosen]
    headings = [Heading(what), *(Heading(name.replace("_", " "), numeric=True) for name in names)]
    more = f"The first {MOST_TARGETS} of {count(len(targets))}." if len(targets) > MOST_TARGETS else None
    inner = table(headings, rows, caption=f"Figures of each {what}", sortable=True)
    return inner, quiet(more) if more else None


def _figures(figures: Mapping[str, float], names: Sequence[str]) -> Row:
    return [Cell.of(shown(name, figures.get(name)), figures.get(name)) for name in names]
