"""Every activation with every loss that it can meet, every kind of layer, every penalty, every option.

The registries and the settings of a model say what there is: a new entry, and a new key of `model:`, is
checked without being named here.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal, TypeAlias, TypeVar, get_args, get_origin

from pydantic import ValidationError

from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.registry import Registry, Variant
from nettrain.catalogue.settings import Settings
from nettrain.checks.gradient import check
from nettrain.checks.options import CheckOptions
from nettrain.checks.report import CatalogueReport, CatalogueRow, ErrorReport, NetworkReport, network_report
from nettrain.checks.small import small_problem
from nettrain.errors import SpecError
from nettrain.model.layers import embeddings, norms
from nettrain.model.settings import ModelSettings, RegularizationSettings

V = TypeVar("V", bound=Variant)
OverrideTexts: TypeAlias = tuple[str, ...]
SettingValue: TypeAlias = bool | int | float | str | list[float]
# of the 22 values of each column, some have a code of their own
CODES: OverrideTexts = ("data.columns.categorical=[x1, x4]", "data.max_categories=4", "data.one_hot_up_to=3")
LAYERS: dict[str, OverrideTexts] = {
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
    "layers one by one": (
        "model.hidden=null",
        "model.layers=[{units: 7, batch_norm: true}, {units: 4, activation: prelu, dropout: 0.2}]",
    ),
    "residual": ("model.residual=true",),
    "residual of equal widths": ("model.residual=true", "model.hidden=[5, 5]", "model.activation=elu"),
    "neural_tangent": ("model.parametrization=neural_tangent",),
    "neural_tangent, residual": ("model.parametrization=neural_tangent", "model.residual=true"),
    "categories": CODES,
    "categories, noise and dropout": (*CODES, "model.input_noise=0.3", "model.dropout=0.3"),
    "categories between embeddings": (*CODES, "model.embeddings=pbld", "model.category_dimension=2"),
    "rows with replacement": ("training.sampling=replacement",),
    **{f"norm {name}": (f"model.norm={name}",) for name in norms if name != "none"},
    **{f"embeddings {name}": (f"model.embeddings={name}",) for name in embeddings if name != "none"},
}
LARGE = "model.hidden=[160, 160]"  # 11 rows by 160 by 160: more than `backend.product.LARGEST`
LARGE_SAMPLES = 12  # of the 25,600 numbers of a matrix, beside directions that move all of them
ELSEWHERE = {  # other groups, or not part of the gradient
    *("activation", "output_activation", "init", "seed", "dropout_schedule"),
}
TRIAL_VALUES: tuple[SettingValue, ...] = (
    0.3,
    0.7,
    1.7,
    3,
    2,
)  # for a number: the first that is allowed and not the default


@dataclass(frozen=True)
class NetworkCase:
    """One small network: the row of the table that it belongs to and, in the grid, its column.

    `kind` is that of its targets. `alternatives` are overrides for the same network, of which the first that
    is valid is used. `samples` is how many numbers of each tensor are compared unless the options say.
    """

    group: str
    row: str
    column: str
    kind: str
    alternatives: tuple[OverrideTexts, ...]
    samples: int | None = None


def network_cases() -> Iterator[NetworkCase]:
    """All networks that are to be checked; some are not valid."""
    yield from _activation_cases()
    for loss, entry in losses.items():
        for kind in entry.fits[1:]:
            yield NetworkCase("targets", f"{loss}, {kind}", "", kind, ((f"loss={loss}",),))
    for name, overrides in layer_overrides().items():
        yield NetworkCase("layers", name, "", kind_for_layer(overrides), (overrides,))
    for name in penalties():
        yield NetworkCase("penalties", name, "", "numbers", ((f"regularization.{name}=0.3",),))
    yield from _option_cases()
    yield from _large_cases()


def _activation_cases() -> Iterator[NetworkCase]:
    """The grid of activations and losses."""
    for activation in activations:
        for loss, entry in losses.items():
            uses = activation_overrides(activation, activation)
            alternatives = tuple((*use, f"loss={loss}") for use in uses)
            yield NetworkCase("activations", activation, loss, entry.fits[0], alternatives)


def _option_cases() -> Iterator[NetworkCase]:
    """Every activation, embedding and loss with one setting at a time that is not at its default."""
    for name, field, value in nondefault_settings(activations):
        uses = activation_overrides(name, json.dumps({"name": name, field: value}))
        yield NetworkCase("options", f"{name}, {field} {value}", "", "numbers", uses)
    for name, field, value in nondefault_settings(embeddings):
        override = f"model.embeddings={json.dumps({'name': name, field: value})}"
        yield NetworkCase("options", f"{name}, {field} {value}", "", "numbers", ((override,),))
    for name, field, value in nondefault_settings(losses):
        override = f"loss={json.dumps({'name': name, field: value})}"
        kind = kind_for_setting(name, field, value)
        yield NetworkCase("options", f"{name}, {field} {value}", "", kind, ((override,),))


def _large_cases() -> Iterator[NetworkCase]:
    """Every activation, and every kind of layer with relu, in networks whose products go through a BLAS.

    Bias, clamp and mask of such a product are passes of their own, which small products do without.
    """
    for activation in activations:
        uses = tuple((*use, LARGE) for use in activation_overrides(activation, activation))
        yield NetworkCase("large products", activation, "", "numbers", uses, LARGE_SAMPLES)
    for name, overrides in layer_overrides().items():
        keys = {override.partition("=")[0] for override in overrides}
        if not keys & {"model.hidden", "model.layers", "model.activation"}:
            rectified = (*overrides, LARGE, "model.activation=relu")
            row = f"{name}, relu"
            kind = kind_for_layer(overrides)
            yield NetworkCase("large products", row, "", kind, (rectified,), LARGE_SAMPLES)


def layer_overrides() -> dict[str, OverrideTexts]:
    """LAYERS, and a network for every key of `model:` that none of these sets."""
    used = {override.partition("=")[0] for overrides in LAYERS.values() for override in overrides}
    missing = [key for key in ModelSettings.model_fields if f"model.{key}" not in used]
    added = {
        f"{key} {str(value).lower()}": (f"model.{key}={json.dumps(value)}",)
        for key in missing
        if key not in ELSEWHERE
        for value in other_values(ModelSettings, key)
    }
    return LAYERS | added


def kind_for_layer(overrides: OverrideTexts) -> str:
    """The kind of targets for a network: classes, unless it has a layer for numbers alone."""
    return "numbers" if any(one.startswith("model.clamp_outputs") for one in overrides) else "classes"


def kind_for_setting(loss: str, field: str, value: SettingValue) -> str:
    """The first kind of targets for which this setting of a loss has an effect."""
    entry = losses[loss]
    changed = entry.model_validate({field: value})
    return next(kind for kind in entry.fits if field not in changed.unused_settings(kind))


def activation_overrides(name: str, value: str) -> tuple[OverrideTexts, ...]:
    """Overrides with this activation in hidden layers and output, or only in those that may have it."""
    output, hidden = f"model.output_activation={value}", f"model.activation={value}"
    return ((output,),) if activations[name].outputs_only else ((hidden, output), (hidden,))


def penalties() -> list[str]:
    """Settings that add a term to the objective: strengths that are 0 by default."""
    return [name for name, field in RegularizationSettings.model_fields.items() if field.default == 0]


def nondefault_settings(registry: Registry[V]) -> Iterator[tuple[str, str, SettingValue]]:
    """Every entry of a registry with one setting at a time that is not at its default."""
    for name, entry in registry.items():
        for field in entry.model_fields:
            if field != "name":
                yield from ((name, field, value) for value in other_values(entry, field))


def other_values(settings: type[Settings], field: str) -> list[SettingValue]:
    """The other choices of a setting, one other number, or one number less of several."""
    known = settings.model_fields[field]
    if get_origin(known.annotation) is Literal:
        return [value for value in get_args(known.annotation) if value != known.default]
    if known.annotation is bool:
        return [not known.default]
    if isinstance(known.default, list):
        return [known.default[:-1]]
    numbers = (value for value in TRIAL_VALUES if value != known.default)
    return [value for value in numbers if accepts(settings, field, value)][:1]


def accepts(settings: type[Settings], field: str, value: SettingValue) -> bool:
    """Whether the setting takes this value."""
    try:
        settings.model_validate({field: value})
    except ValidationError:
        return False
    return True


def catalogue_report(options: CheckOptions, backend: Sequence[str] = ()) -> CatalogueReport:
    """The check of all networks; the rows of the report are those of the table.

    `backend` are overrides that name a backend other than NumPy.
    """
    started, rows = perf_counter(), dict[tuple[str, str], CatalogueRow]()
    for case in network_cases():
        report = case_report(case, options, backend)
        row = rows.setdefault((case.group, case.row), _new_row(case))
        if report is not None:
            _add(row, case, report)
        elif not case.column:
            del rows[case.group, case.row]
    compared = [row for row in rows.values() if row["checked"] or row["skipped"]]
    return {
        "checked": "catalogue",
        "passed": all(row["passed"] for row in compared),
        "losses": list(losses),
        "rows": compared,
        "networks": sum(row["networks"] for row in compared),
        "seconds": perf_counter() - started,
    }


def case_report(case: NetworkCase, options: CheckOptions, backend: Sequence[str]) -> NetworkReport | None:
    """The check of one network, None when none of its alternatives is valid."""
    for overrides in case.alternatives:
        try:
            problem = small_problem(case.kind, (*overrides, *backend))
        except SpecError:
            continue
        started = perf_counter()
        samples = case.samples if options.samples is None else options.samples
        comparison = check(problem, replace(options, samples=samples))
        return network_report(problem, comparison, perf_counter() - started)
    return None


def _new_row(case: NetworkCase) -> CatalogueRow:
    """A row without any network yet."""
    return {
        "group": case.group,
        "name": case.row,
        "passed": True,
        "networks": 0,
        "checked": 0,
        "skipped": 0,
        "difference": 0.0,
        "dual": 0.0,
        "cells": {},
        "failures": [],
    }


def _add(row: CatalogueRow, case: NetworkCase, report: NetworkReport) -> None:
    """Add one network's report to its row."""
    tensors = report["tensors"]
    row["networks"] += 1
    row["passed"] = row["passed"] and report["passed"]
    row["checked"] += sum(tensor["checked"] for tensor in tensors)
    row["skipped"] += sum(tensor["skipped"] for tensor in tensors)
    row["difference"] = max([row["difference"], *_worst_errors(tensor["difference"] for tensor in tensors)])
    row["dual"] = max([row["dual"], *_worst_errors(tensor["dual"] for tensor in tensors)])
    if case.column:
        row["cells"][case.column] = report["passed"]
    if not report["passed"]:
        row["failures"].append(
            {"of": case.column, "worst": report["worst"], "diagnosis": report["diagnosis"]}
        )


def _worst_errors(errors: Iterable[ErrorReport]) -> list[float]:
    """The worst error of every tensor of which something was compared."""
    return [error["worst"] for error in errors if error["worst"] is not None]
