"""The gradient check of one network or function: a row per tensor, the worst number, and where to look."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.checks.report import (
    CheckReport,
    DirectionalReport,
    FunctionReport,
    NetworkReport,
    TensorReport,
    WorstReport,
)
from nettrain.output.fitting import first_fitting
from nettrain.output.numbers import count, figure

LABEL = 9  # characters of the labels in front of lines
STYLES = {"good": "green", "look": "yellow", "skipped": "dim", "unchecked": "dim", "wrong": "bold red"}
# columns that narrow terminals do without, from the widest table to the narrowest
WITHOUT: list[tuple[str, ...]] = [(), ("median",), ("median", "shape")]
Cell = Callable[[TensorReport], str]


def gradient_report(
    console: Console, name: str, facts: Mapping[str, str], report: NetworkReport, *, verbose: bool
) -> None:
    """The check of one network, under its name and labelled facts about it."""
    console.print(Text(name, style="bold cyan"))
    lines(console, facts)
    console.print(fitting(console, report["tensors"]))
    lines(console, skipped_numbers(report["tensors"]) if verbose else {})
    lines(console, {"along": along(report["directional"])})
    ending(console, report, report["directional"])


def function_view(console: Console, report: FunctionReport, *, verbose: bool) -> None:
    """The check of a function that the user wrote."""
    console.print(Text(report["checked"], style="bold cyan"))
    lines(console, {"value": figure(report["value"])})
    console.print(fitting(console, report["tensors"], ("layer",)))
    lines(console, skipped_numbers(report["tensors"]) if verbose else {})
    if report["without_duals"]:
        lines(console, {"note": f"differences alone, no dual numbers: {report['without_duals']}"})
    ending(console, report)


def ending(console: Console, report: CheckReport, directional: DirectionalReport | None = None) -> None:
    """The worst number, how many were checked, the verdict, and where to look."""
    facts = {} if report["worst"] is None else {"worst": worst(report["worst"])}
    lines(console, facts | {"checked": totals(report)})
    verdict = "the gradient is right" if report["passed"] else failed(report, directional)
    style = "bold green" if report["passed"] else "bold red"
    console.print(Text.assemble((f"{'verdict':<{LABEL}}", "bold"), (verdict, style)), soft_wrap=True)
    for sentence in report["diagnosis"]:
        lines(console, {"why": sentence})


def lines(console: Console, facts: Mapping[str, str]) -> None:
    """Labelled lines that wrap behind their labels."""
    grid = Table.grid(padding=(0, 0))
    grid.add_column(width=LABEL, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts.items():
        grid.add_row(Text(name, style="bold"), Text(value))
    if facts:
        console.print(grid)


def fitting(console: Console, tensors: Sequence[TensorReport], without: tuple[str, ...] = ()) -> Table:
    """The table of tensors, without its least needed columns where the terminal is narrow."""
    return first_fitting(console, (tensor_table(tensors, (*without, *more)) for more in WITHOUT))


def tensor_table(tensors: Iterable[TensorReport], without: tuple[str, ...] = ()) -> Table:
    """A row for each tensor, its verdict last."""
    columns: list[tuple[str, str, Cell]] = [
        ("layer", "left", lambda row: row["layer"]),
        ("tensor", "left", lambda row: row["tensor"]),
        ("shape", "left", lambda row: shape(row["shape"])),
        ("checked", "right", lambda row: count(row["checked"])),
        ("skipped", "right", lambda row: count(row["skipped"])),
        ("difference", "right", lambda row: error(row["difference"]["worst"])),
        ("median", "right", lambda row: error(row["difference"]["median"])),
        ("dual", "right", lambda row: error(row["dual"]["worst"])),
        ("median", "right", lambda row: error(row["dual"]["median"])),
        ("verdict", "left", lambda row: row["verdict"]),
    ]
    shown = [column for column in columns if column[0] not in without]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, side, _ in shown:
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True)
    for row in tensors:
        *cells, verdict = [cell(row) for _, _, cell in shown]
        table.add_row(*cells, Text(verdict, style=STYLES[verdict]))
    return table


def error(value: float | None) -> str:
    """An error with two digits, a dash where nothing was compared."""
    return "–" if value is None else "0" if value == 0 else f"{value:.1e}"


def shape(sizes: Sequence[int]) -> str:
    """`64×32`."""
    return "×".join(map(str, sizes)) or "1"


def along(directional: DirectionalReport) -> str:
    """`3 directions of all parameters at once: differences 0, dual numbers 9.9e-18`."""
    crossed = directional["skipped"]
    skipped = f", {crossed} of them skipped at kinks" if crossed else ""
    return (
        f"{directional['directions']} directions of all parameters at once: "
        f"differences {error(directional['difference'])}, dual numbers {error(directional['dual'])}{skipped}"
    )


def worst(number: WorstReport) -> str:
    """Where the worst number is, and its value by every method."""
    dual = "" if number["dual"] is None else f", dual number {exact(number['dual'])}"
    by = "backpropagation" if number["layer"] else "gradient"
    where = element(number["layer"], number["tensor"], number["index"])
    return f"{where}: {by} {exact(number['analytic'])}, difference {exact(number['difference'])}{dual}"


def exact(value: float | None) -> str:
    """A derivative with twelve digits."""
    return "nan" if value is None else f"{value:.12g}"


def element(layer: str, tensor: str, index: Iterable[int]) -> str:
    """`hidden 1 weight[3, 12]`."""
    return f"{layer} {tensor}".strip() + f"[{', '.join(map(str, index))}]"


def totals(report: CheckReport) -> str:
    """`6,570 of 6,570 numbers, 3 skipped at kinks, in 1.3 s`."""
    tensors = report["tensors"]
    checked, size = sum(row["checked"] for row in tensors), sum(row["size"] for row in tensors)
    skipped = sum(row["skipped"] for row in tensors)
    return (
        f"{count(checked)} of {count(size)} numbers, {count(skipped)} skipped at kinks,"
        f" in {report['seconds']:.1f} s"
    )


def failed(report: CheckReport, directional: DirectionalReport | None) -> str:
    """How much is wrong: tensors where there are several, and numbers."""
    tensors = report["tensors"]
    failing = sum(row["verdict"] == "wrong" for row in tensors)
    wrong, checked = sum(row["wrong"] for row in tensors), sum(row["checked"] for row in tensors)
    if failing:
        several = f"in {failing} of {len(tensors)} tensors, " if len(tensors) > 1 else "in "
        return f"the gradient is wrong {several}{count(wrong)} of {count(checked)} numbers"
    if not checked and not (directional and directional["dual"]):
        return "nothing was compared"
    return "the gradient is wrong, though no number that was compared is"


def skipped_numbers(tensors: Iterable[TensorReport]) -> dict[str, str]:
    """All numbers that were skipped, by tensor and index."""
    names = [element(row["layer"], row["tensor"], index) for row in tensors for index in row["skipped_at"]]
    return {"skipped": ", ".join(names) or "none"}
