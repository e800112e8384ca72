"""The evaluation of a run: metrics, classes, confusion matrices, the worst rows, importance of columns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.fitting import fits
from nettrain.output.interval_tables import distribution_lines, intervals_by_target, quantiles_by_target
from nettrain.output.numbers import count, figure, plural
from nettrain.output.postprocessing import postprocessing_lines
from nettrain.output.progress import heading, title
from nettrain.store.evaluation import (
    ClassFigures,
    ConfusedPair,
    ConfusionMatrix,
    EvaluationReport,
    PermutationImportance,
    Value,
    WorstRow,
)

MAX_CLASSES = 12  # of a confusion matrix
MAX_ROWS = 24  # of a table of classes or columns; the file has all
MAX_PAIRS = 5  # of classes that are confused
BAR = 20  # characters of the longest bar
MAX_NAME = 24  # characters of a name in a table
BLOCKS = "▏▎▍▌▋▊▉█"


def show_evaluation(console: Console, report: EvaluationReport) -> None:
    """Print a report, one table below the other."""
    member = "" if report.member is None else f", member {report.member},"
    heading = f"{member} on {report.data}: {plural(report.rows, 'row')}"
    console.print(Text.assemble((report.run, "bold cyan"), heading))
    for note in report.notes:
        console.print(Text(f"note: {note}", style="dim"), soft_wrap=True)
    if report.postprocessing:
        for line in postprocessing_lines(report.postprocessing, _positive(report)):
            console.print(Text(line), soft_wrap=True)
    console.print(figures_table(report))
    show_baseline(console, report)
    show_entropy(console, report)
    show_distribution(console, report)
    for target, rows in report.classes.items():
        if not report.targets:
            console.print(classes_table(rows))
            _show_confusion(console, report.confusion.get(target))
        elif len(report.targets) * 2 <= MAX_ROWS:
            console.print(Text(target, style="bold"))
            _show_confusion(console, report.confusion.get(target))
    if report.confused and len(next(iter(report.classes.values()))) > 2:
        console.print(pairs_table(report.confused[:MAX_PAIRS]))
    if report.worst:
        console.print(worst_table(report.worst, labels=bool(report.classes)))
    if report.importance:
        console.print(importance_table(report.importance))


def show_baseline(console: Console, report: EvaluationReport) -> None:
    """Print what the baseline predicts, and in which figures the run is worse."""
    if report.baseline is None:
        return
    console.print(Text(f"baseline: {report.baseline.prediction}"), soft_wrap=True)
    if report.baseline.worse:
        compared = (
            f"{title(name)} {figure(report.metrics[name])} against {figure(report.baseline.metrics[name])}"
            for name in report.baseline.worse
        )
        text = f"warning: worse than the baseline: {', '.join(compared)}"
        console.print(Text(text, style="yellow"), soft_wrap=True)


def show_entropy(console: Console, report: EvaluationReport) -> None:
    """Print how much of the loss is the entropy of the targets, if they have any."""
    loss = report.metrics.get("loss")
    if report.entropy is not None and loss is not None:
        parts = (
            f"entropy of the targets {figure(report.entropy)} + divergence {figure(loss - report.entropy)}"
        )
        console.print(Text(f"loss {figure(loss)} = {parts}"), soft_wrap=True)


def show_distribution(console: Console, report: EvaluationReport) -> None:
    """Print how good prediction intervals and quantiles are, if they are predicted."""
    if not report.distribution:
        return
    if any(one["intervals"] for one in report.distribution.values()):
        console.print(intervals_by_target(report.distribution))
    if any(one["quantiles"] for one in report.distribution.values()):
        console.print(quantiles_by_target(report.distribution))
    for line in distribution_lines(report.distribution):
        console.print(Text(line), soft_wrap=True)


@contextmanager
def shuffling_status(console: Console) -> Iterator[Callable[[int, int], None]]:
    """A function to call with how many columns of how many are shuffled: a status line in a terminal."""
    status = console.status("shuffling")

    def show(done: int, columns: int) -> None:
        if done == 0:
            status.start()
        else:
            status.update(f"shuffled {done} of {columns} columns")

    try:
        yield show
    finally:
        status.stop()


def _show_confusion(console: Console, confusion: ConfusionMatrix | None) -> None:
    if confusion is None or len(confusion.classes) > MAX_CLASSES:
        return
    table = confusion_table(confusion, console)
    if table is not None:
        console.print(table)


def _table(*columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    return table


def figures_table(report: EvaluationReport) -> Table:
    """A row for each metric, with a column per target where there are several; the threshold last."""
    targets, constant = list(report.targets), report.baseline.metrics if report.baseline else {}
    names = ["mean" if targets else "value", *(["baseline"] if constant else [])]
    table = _table("metric", *names, *map(short, targets))
    for column in table.columns[1:]:
        column.justify = "right"
    for name, value in report.metrics.items():
        of_each = [figure(report.targets[target].get(name)) if name != "loss" else "" for target in targets]
        base = [Text(figure(constant.get(name)), style="dim")] if constant else []
        table.add_row(_named(name, report), figure(value), *base, *of_each)
    applied = report.postprocessing["thresholds"] if report.postprocessing else {}
    if report.best_f1 and report.best_f1.threshold not in applied.values():
        at, f1 = figure(report.best_f1.threshold), _named("f1", report)
        table.add_row(f"{f1} at threshold {at}, the best on validation rows", figure(report.best_f1.f1))
    return table


def _named(metric: str, report: EvaluationReport) -> str:
    """The name of the metric, with the positive class where the metric is of that class alone."""
    return heading(metric, short(_positive(report)))


def _positive(report: EvaluationReport) -> str:
    """The second of two classes, of labels 1; "" where there is none."""
    classes = next(iter(report.classes.values()), [])
    return classes[1].name if len(classes) == 2 else ""


def classes_table(rows: Sequence[ClassFigures]) -> Table:
    """Precision, recall and F1 of each class; of many classes only those with the lowest F1."""
    table = _table("class", "precision", "recall", "f1", "rows", right=["precision", "recall", "f1", "rows"])
    shown = list(rows) if len(rows) <= MAX_ROWS else sorted(rows, key=lambda row: row.f1)[:MAX_ROWS]
    for row in shown:
        table.add_row(
            short(row.name), figure(row.precision), figure(row.recall), figure(row.f1), amount(row.rows)
        )
    if len(rows) > len(shown):
        table.add_row(Text(f"and {count(len(rows) - len(shown))} with a larger f1", style="dim"))
    return table


def confusion_table(confusion: ConfusionMatrix, console: Console) -> Table | None:
    """Rows of each true class (down) by predicted class (across), None where they do not fit.

    Numbers stand for names in the header where the names do not fit.
    """
    names = list(map(short, confusion.classes))
    numbers = [str(k + 1) for k in range(len(names))]
    numbered = [f"{number} {name}" for number, name in zip(numbers, names, strict=True)]
    for header, labels in ((names, names), (numbers, numbered)):
        table = _confusion(confusion.matrix, header, labels)
        if fits(console, table):
            return table
    return None


def _confusion(matrix: Sequence[Sequence[float]], header: Sequence[str], labels: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("true ↓ predicted →", no_wrap=True)
    for name in header:
        table.add_column(name, justify="right", no_wrap=True)
    for k, (name, values) in enumerate(zip(labels, matrix, strict=True)):
        table.add_row(name, *(_confused_cell(amount(value), right=i == k) for i, value in enumerate(values)))
    return table


def _confused_cell(cell: str, *, right: bool) -> Text:
    if cell == "0":
        return Text("·", style="dim")
    return Text(cell, style="bold green" if right else "yellow")


def pairs_table(pairs: Iterable[ConfusedPair]) -> Table:
    """The most confused pairs of classes."""
    table = _table("most confused", "rows", "of the class", right=["rows", "of the class"])
    for pair in pairs:
        table.add_row(f"{short(pair.true)} → {short(pair.predicted)}", amount(pair.rows), f"{pair.share:.1%}")
    return table


def worst_table(rows: Sequence[WorstRow], *, labels: bool = False) -> Table:
    """The rows with the largest loss, with file and line and the columns to keep; `labels` are 0 or 1."""
    probabilities = any(row.probability is not None for row in rows)
    names = [*(["p of true"] if probabilities else []), "loss"]
    kept = list(rows[0].kept) if rows else []
    table = _table("largest loss", *map(short, kept), "true", "predicted", *names, right=names)
    for row in rows:
        own = ["" if one is None else short(str(one)) for one in row.kept.values()]
        probability = [figure(row.probability)] if probabilities else []
        table.add_row(
            row.place,
            *own,
            cell(row.true, labels),
            cell(row.predicted, labels),
            *probability,
            figure(row.loss),
        )
    return table


def importance_table(importance: PermutationImportance) -> Table:
    """A row for each column: how much worse the metric gets when it is shuffled, as a number and a bar."""
    names = ("shuffled column", "worse by", "±", title(importance.metric))
    table = _table(*names, right=["worse by", "±"])
    columns = importance.columns[:MAX_ROWS]
    longest = max((column.mean for column in columns), default=0.0)
    for column in columns:
        share = max(column.mean, 0.0) / longest if longest > 0 else 0.0
        table.add_row(short(column.column), figure(column.mean), figure(column.sd), bar(share))
    if len(importance.columns) > len(columns):
        table.add_row(Text(f"and {count(len(importance.columns) - len(columns))} more", style="dim"))
    return table


def bar(share: float) -> Text:
    """A bar of this share of BAR characters, to an eighth of a character."""
    whole, eighths = divmod(round(share * BAR * 8), 8)
    return Text("█" * whole + (BLOCKS[eighths - 1] if eighths else ""), style="cyan")


def amount(value: float) -> str:
    """A number of rows, or their weight."""
    return count(int(value)) if float(value).is_integer() else figure(value)


def cell(values: dict[str, Value], labels: bool = False) -> str:
    """The target of a row, or its targets with their names."""
    written = amount if labels else figure
    texts = [value if isinstance(value, str) else written(value) for value in values.values()]
    if len(texts) == 1:
        return short(texts[0])
    return ", ".join(f"{name} {text}" for name, text in zip(values, texts, strict=True))


def short(name: str) -> str:
    """The name, or its beginning when it is long."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"
