"""What was trained on what: the data of a run, and its network."""

from collections.abc import Sequence

from nettrain.experiment.scheduled_numbers import scheduled_numbers
from nettrain.model.architecture import Architecture
from nettrain.output.numbers import count, setting
from nettrain.output.report import block_rows
from nettrain.output.report_page.html import Content, element
from nettrain.output.report_page.page import code, details, joined
from nettrain.output.report_page.table import Cell, Heading, bar, facts, table
from nettrain.output.report_page.words import SPLITS, percent
from nettrain.workflow.report.columns import ClassShare, ColumnFact
from nettrain.workflow.report.run import ReportedData, RunReport

MOST_COLUMNS = 60  # in a table
MOST_CLASSES = 40
MOST_VALUES = 8  # of a category in a cell


def data_section(report: RunReport) -> Content:
    """Where rows came from, how they were split, and what became of each column."""
    preprocessing, data = report.preprocessing, report.data
    settings = report.experiment.data
    pairs: list[tuple[str, Content]] = [("source", code(str(settings.source)))]
    if data is not None:
        pairs.append(("rows", ", ".join(f"{count(n)} {SPLITS[name]}" for name, n in data.rows.items())))
    if preprocessing is None:
        return facts(pairs)
    names = preprocessing.target_names
    pairs.append(
        ("target" if len(names) == 1 else "targets", _some([f"“{name}”" for name in names], MOST_VALUES))
    )
    pairs.append(
        (
            "kind",
            preprocessing.target_kind
            + (f": {_some(list(preprocessing.classes), MOST_VALUES)}" if preprocessing.classes else ""),
        )
    )
    pairs.append(("scaling", f"{preprocessing.scaling.name}, fitted on the training rows"))
    notes = element("ul", [element("li", note) for note in data.notes]) if data and data.notes else None
    return (
        facts(pairs),
        _columns(report.columns),
        _classes(data) if data and data.classes else None,
        (element("h3", "Remarks"), notes) if notes else None,
    )


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {count(len(names) - most)} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _columns(columns: Sequence[ColumnFact]) -> Content:
    headings = [
        Heading("column"),
        Heading("kind"),
        Heading("in the training rows"),
        Heading("gaps"),
        Heading("inputs", numeric=True),
    ]
    rows = [
        (one.name, one.kind, _range(one), _gaps(one), Cell.of(count(one.inputs), one.inputs))
        for one in columns[:MOST_COLUMNS]
    ]
    more = (
        f"The first {MOST_COLUMNS} of {count(len(columns))} columns." if len(columns) > MOST_COLUMNS else None
    )
    shown_table = table(headings, rows, caption="Input columns", sortable=len(rows) > 3)
    inner = (shown_table, element("p", more, class_="quiet") if more else None)
    title = f"Columns ({count(len(columns))})"
    return (element("h3", title), inner) if len(rows) <= 15 else details(title, inner)


def _range(column: ColumnFact) -> str:
    if column.values:
        rest = ", and rarer ones" if column.rare else ""
        return f"{_some(list(column.values), MOST_VALUES)}{rest}"
    if column.low is None or column.high is None:
        return "false, true" if column.kind == "yes or no" else ""
    return f"{_number(column.low)} to {_number(column.high)}"


def _number(value: str | float) -> str:
    return value if isinstance(value, str) else setting(value)


def _gaps(column: ColumnFact) -> str:
    if not column.gaps:
        return "none"
    if column.kind == "categories":
        return "a category of their own" if column.marked else "filled with the shares of the categories"
    if column.kind == "text":
        return "no words, marked by an input" if column.marked else "no words"
    filled = f"filled with {setting(column.fill)}" if column.fill is not None else "filled"
    return f"{filled}, marked by an input" if column.marked else filled


def _classes(data: ReportedData) -> Content:
    total = sum(one.rows for one in data.classes)
    largest = max(one.rows for one in data.classes)
    ranked = sorted(data.classes, key=lambda one: -one.rows)
    chosen = ranked[:MOST_CLASSES]
    rows = [
        _class_row(one, total, largest) for one in (data.classes if len(ranked) <= MOST_CLASSES else chosen)
    ]
    more = (
        f"The {MOST_CLASSES} most frequent of {count(len(ranked))} classes."
        if len(ranked) > MOST_CLASSES
        else None
    )
    shown_table = table(
        [Heading("class"), Heading("training rows", numeric=True), Heading("share")],
        rows,
        caption="Classes of the training rows",
        sortable=len(rows) > 3,
    )
    return element("h3", "Classes"), shown_table, element("p", more, class_="quiet") if more else None


def _class_row(one: ClassShare, total: int, largest: int) -> tuple[Cell | str, ...]:
    share = one.rows / total
    return one.name, Cell.of(count(one.rows), one.rows), Cell(bar(one.rows / largest, percent(share)), share)


def network_section(report: RunReport, architecture: Architecture) -> Content:
    """Layers, and what was minimised by which rule."""
    summary, experiment = report.summary, report.experiment
    output = summary["output_activation"] if summary else ""
    rows = [
        (name, Cell.of(count(units), units), layers, Cell.of(count(parameters), parameters))
        for name, units, layers, parameters in block_rows(architecture, output)
    ]
    headings = [
        Heading("layer"),
        Heading("units", numeric=True),
        Heading("made of"),
        Heading("parameters", numeric=True),
    ]
    training, optimizer = experiment.training, experiment.optimizer
    rate = setting(getattr(optimizer, "learning_rate", "of the line search"))
    pairs: list[tuple[str, Content]] = [
        ("loss", code(_entry(experiment.loss))),
        (
            "optimizer",
            joined(
                [code(_entry(optimizer)), f"learning rate {rate}, schedule {_entry(experiment.schedule)}"],
                ", ",
            ),
        ),
        *(
            (number.words, joined(["multiplied by schedule", code(_entry(number.setting(experiment)))], " "))
            for number in scheduled_numbers(experiment)
        ),
        (
            "batches",
            f"{count(training.batch_size)} rows"
            if isinstance(training.batch_size, int)
            else str(training.batch_size),
        ),
        ("parameters", count(architecture.parameters)),
    ]
    return table(headings, rows, caption="Layers of the network"), facts(pairs)


def _entry(entry: object) -> str:
    return str(getattr(entry, "name", entry))
