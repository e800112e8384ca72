"""Every activation with every loss that it can meet, every kind of layer, every penalty, every option.

The registries say what there is: a new entry is checked without a word here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import is_later
from nettrain.checks.gradient import check
from nettrain.checks.report import CatalogueReport, CatalogueRow, ErrorReport, NetworkReport, report
from nettrain.checks.small import small_problem
from nettrain.errors import SpecError
from nettrain.model.layers import norms
from nettrain.model.settings import RegularizationSettings

LAYERS: dict[str, tuple[str, ...]] = {
    "no hidden layer": ("model.hidden=[]",),
    "one unit": ("model.hidden=[1]",),
    "four layers": ("model.hidden=[6, 5, 4, 3]",),
    "bias false": ("model.bias=false",),
    "batch_norm": ("model.batch_norm=true",),
    "batch_norm and bias": ("model.batch_norm=true", "model.bias=true"),
    "batch_norm of maxout": ("model.batch_norm=true", "model.activation=maxout"),
    "dropout": ("model.dropout=0.3",),
    "input_noise": ("model.input_noise=0.3",),
    "all of them": ("model.batch_norm=true", "model.dropout=0.3", "model.input_noise=0.3"),
    "layers apart": (
        "model.hidden=null",
        "model.layers=[{units: 7, batch_norm: true}, {units: 4, activation: prelu, dropout: 0.2}]",
    ),
    "residual": ("model.residual=true",),
    "residual of one width": ("model.residual=true", "model.hidden=[5, 5]", "model.activation=elu"),
    "rows drawn again": ("training.sampling=replacement",),
    **{f"norm {name}": (f"model.norm={name}",) for name in norms if name != "none"},
}
TRIED = (0.3, 0.7, 1.7, 3, 2)  # values for an option, the first that is allowed and not its default


@dataclass(frozen=True)
class Cell:
    """One small network: the row of the table it belongs to and, where there are columns, the column.

    `ways` are overrides of the same network, of which the first that fits together counts.
    """

    group: str
    row: str
    column: str
    kind: str
    ways: tuple[tuple[str, ...], ...]


def cells() -> Iterator[Cell]:
    """All networks that are to be checked; some do not fit together."""
    for activation in activations:
        for loss, entry in losses.items():
            ways = tuple((*way, f"loss={loss}") for way in uses(activation, activation))
            yield Cell("activations", activation, loss, entry.fits[0], ways)
    for loss, entry in losses.items():
        for kind in entry.fits[1:]:
            yield Cell("targets", f"{loss}, {kind}", "", kind, ((f"loss={loss}",),))
    for name, overrides in LAYERS.items():
        yield Cell("layers", name, "", "classes", (overrides,))
    for name in penalties():
        yield Cell("penalties", name, "", "numbers", ((f"regularization.{name}=0.3",),))
    for name, field, value in options(activations):
        text = json.dumps({"name": name, field: value})
        yield Cell("options", f"{name}, {field} {value}", "", "numbers", uses(name, text))
    for name, field, value in options(losses):
        way = (f"loss={json.dumps({'name': name, field: value})}",)
        yield Cell("options", f"{name}, {field} {value}", "", moved_by(name, field, value), (way,))


def moved_by(loss: str, field: str, value: Any) -> str:
    """The first kind of targets for which this setting of a loss does something."""
    entry = losses[loss]
    chosen = entry(**{field: value})
    return next(kind for kind in entry.fits if field not in chosen.unused_settings(kind))


def uses(name: str, text: str) -> tuple[tuple[str, ...], ...]:
    """Overrides that put an activation into hidden layers and outputs, or where no output can be, hidden."""
    output = f"model.output_activation={text}"
    hidden = f"model.activation={text}"
    return ((output,),) if activations[name].outputs_only else ((hidden, output), (hidden,))


def penalties() -> list[str]:
    """Settings that add to the objective: strengths that are 0 by default."""
    fields = RegularizationSettings.model_fields.items()
    return [
        name for name, field in fields if field.default == 0 and not is_later(RegularizationSettings, name)
    ]


def options(registry: Registry[Any]) -> Iterator[tuple[str, str, Any]]:
    """Every entry of a registry with one setting at a time that is not at its default."""
    for name, entry in registry.items():
        for field in entry.model_fields:
            if field != "name":
                yield from ((name, field, value) for value in others(entry, field))


def others(entry: type[Variant], field: str) -> list[Any]:
    """The other choices of a setting, or one other number."""
    known = entry.model_fields[field]
    if get_origin(known.annotation) is Literal:
        return [value for value in get_args(known.annotation) if value != known.default]
    return [value for value in TRIED if value != known.default and allowed(entry, field, value)][:1]


def allowed(entry: type[Variant], field: str, value: Any) -> bool:
    """Whether the entry takes this value."""
    try:
        entry(**{field: value})
    except ValidationError:
        return False
    return True


def checked(cell: Cell, given: Mapping[str, Any], place: Sequence[str]) -> NetworkReport | None:
    """The report of one cell's network, None when nothing of it fits together; `place` says on what."""
    for way in cell.ways:
        try:
            found = small_problem(cell.kind, (*way, *place))
        except SpecError:
            continue
        started = perf_counter()
        return report(found, check(found, **given), perf_counter() - started)
    return None


def matrix(given: Mapping[str, Any], place: Sequence[str] = ()) -> CatalogueReport:
    """The reports of all cells, as rows of a table; `given` are options of the check.

    `place` are overrides that name the backend, which is the reference without any.
    """
    started, rows = perf_counter(), dict[tuple[str, str], CatalogueRow]()
    for cell in cells():
        found = checked(cell, given, place)
        row = rows.setdefault((cell.group, cell.row), new_row(cell))
        if found is not None:
            add(row, cell, found)
        elif not cell.column:
            del rows[cell.group, cell.row]
    told = [row for row in rows.values() if row["checked"] or row["skipped"]]
    return {
        "checked": "catalogue",
        "passed": all(row["passed"] for row in told),
        "losses": list(losses),
        "rows": told,
        "networks": sum(row["networks"] for row in told),
        "seconds": perf_counter() - started,
    }


def new_row(cell: Cell) -> CatalogueRow:
    """A row of which nothing is known yet."""
    return {
        "group": cell.group,
        "name": cell.row,
        "passed": True,
        "networks": 0,
        "checked": 0,
        "skipped": 0,
        "difference": 0.0,
        "dual": 0.0,
        "cells": {},
        "failures": [],
    }


def add(row: CatalogueRow, cell: Cell, found: NetworkReport) -> None:
    """Take one network's report into its row."""
    tensors = found["tensors"]
    row["networks"] += 1
    row["passed"] = row["passed"] and found["passed"]
    row["checked"] += sum(tensor["checked"] for tensor in tensors)
    row["skipped"] += sum(tensor["skipped"] for tensor in tensors)
    row["difference"] = max([row["difference"], *worst_errors(tensor["difference"] for tensor in tensors)])
    row["dual"] = max([row["dual"], *worst_errors(tensor["dual"] for tensor in tensors)])
    if cell.column:
        row["cells"][cell.column] = found["passed"]
    if not found["passed"]:
        row["failures"].append({"of": cell.column, "worst": found["worst"], "diagnosis": found["diagnosis"]})


def worst_errors(reports: Iterable[ErrorReport]) -> list[float]:
    """The worst error of every tensor of which something was compared."""
    return [error["worst"] for error in reports if error["worst"] is not None]
