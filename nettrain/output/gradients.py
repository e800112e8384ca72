"""What a gradient check has found: a row for each tensor, the worst number spelled out, and where to look."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import count, figure

LABEL = 9  # characters of the labels in front of lines
STYLES = {"good": "green", "look": "yellow", "skipped": "dim", "unchecked": "dim", "wrong": "bold red"}
NARROWER: list[tuple[str, ...]] = [(), ("median",), ("median", "shape")]  # what narrow terminals go without
Cell = Callable[[Mapping[str, Any]], str]


def gradient_report(
    console: Console, name: str, facts: Mapping[str, str], found: Mapping[str, Any], *, verbose: bool
) -> None:
    """The check of one network: `found` is the object that --json prints."""
    console.print(Text(name, style="bold cyan"))
    lines(console, facts)
    console.print(fitting(console, found["tensors"]))
    lines(console, skipped_numbers(found["tensors"]) if verbose else {})
    lines(console, {"along": along(found["directional"])})
    ending(console, found)


def function_view(console: Console, found: Mapping[str, Any], *, verbose: bool) -> None:
    """The check of a function of one's own."""
    console.print(Text(found["checked"], style="bold cyan"))
    lines(console, {"value": figure(found["value"])})
    console.print(fitting(console, found["tensors"], ("layer",)))
    lines(console, skipped_numbers(found["tensors"]) if verbose else {})
    if found["without_duals"]:
        lines(console, {"note": f"differences alone, no dual numbers: {found['without_duals']}"})
    ending(console, found)


def ending(console: Console, found: Mapping[str, Any]) -> None:
    """The worst number, what was counted, the verdict, and where to look."""
    facts = {} if found["worst"] is None else {"worst": worst(found["worst"])}
    lines(console, facts | {"checked": totals(found)})
    verdict = "the gradient is right" if found["passed"] else failed(found)
    style = "bold green" if found["passed"] else "bold red"
    console.print(Text.assemble((f"{'verdict':<{LABEL}}", "bold"), (verdict, style)), soft_wrap=True)
    for sentence in found["diagnosis"]:
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


def fitting(console: Console, tensors: Sequence[Mapping[str, Any]], without: tuple[str, ...] = ()) -> Table:
    """The table of tensors, without its least needed columns where the terminal is narrow."""
    for less in NARROWER:
        table = tensor_table(tensors, (*without, *less))
        if Measurement.get(console, console.options.update(width=1000), table).maximum <= console.width:
            break
    return table


def tensor_table(tensors: Iterable[Mapping[str, Any]], without: tuple[str, ...] = ()) -> Table:
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


def along(directional: Mapping[str, Any]) -> str:
    """`3 directions of all parameters at once: differences 0, dual numbers 9.9e-18`."""
    crossed = directional["skipped"]
    skipped = f", {crossed} of them skipped at kinks" if crossed else ""
    return (
        f"{directional['directions']} directions of all parameters at once: "
        f"differences {error(directional['difference'])}, dual numbers {error(directional['dual'])}{skipped}"
    )


def worst(number: Mapping[str, Any]) -> str:
    """Where the worst number is, and what each method says of it."""
    dual = "" if number["dual"] is None else f", dual number {number['dual']:.12g}"
    by = "backpropagation" if number["layer"] else "gradient"
    return f"{place(number)}: {by} {number['analytic']:.12g}, difference {number['difference']:.12g}{dual}"


def place(number: Mapping[str, Any]) -> str:
    """`hidden 1 weight[3, 12]`."""
    name = f"{number['layer']} {number['tensor']}".strip()
    return f"{name}[{', '.join(map(str, number['index']))}]"


def totals(found: Mapping[str, Any]) -> str:
    """`6,570 of 6,570 numbers, 3 skipped at kinks, in 1.3 s`."""
    tensors, taken = found["tensors"], f"{found['seconds']:.1f} s"
    checked, skipped = (sum(row[key] for row in tensors) for key in ("checked", "skipped"))
    return (
        f"{count(checked)} of {count(sum(row['size'] for row in tensors))} numbers,"
        f" {count(skipped)} skipped at kinks, in {taken}"
    )


def failed(found: Mapping[str, Any]) -> str:
    """How much is wrong: tensors where there are several, and numbers."""
    tensors = found["tensors"]
    failing = [row for row in tensors if row["verdict"] == "wrong"]
    wrong, checked = (count(sum(row[key] for row in tensors)) for key in ("wrong", "checked"))
    if failing:
        several = f"in {len(failing)} of {len(tensors)} tensors, " if len(tensors) > 1 else "in "
        return f"the gradient is wrong {several}{wrong} of {checked} numbers"
    if checked == "0" and not (found.get("directional") or {}).get("dual"):
        return "nothing was compared"
    return "the gradient is wrong, though no number that was compared is"


def skipped_numbers(tensors: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The places of all numbers that were skipped."""
    places = [place({**row, "index": index}) for row in tensors for index in row["skipped_at"]]
    return {"skipped": ", ".join(places) or "none"}
