"""From the `data:` block to arrays: read, decide the target, split, fit on the training rows, encode."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.data.delimited import Reading
from nettrain.data.encoding import amounts, encode_all, fit_encoders
from nettrain.data.preprocessing import Layout, Preprocessing
from nettrain.data.settings import DataSettings, is_path
from nettrain.data.sources import Source, read_source
from nettrain.data.splits import TEST, VALIDATION, Indices, Strata, cut
from nettrain.data.table import Table
from nettrain.data.target import Target, find_target, scale_target, target_column
from nettrain.errors import DataError


@dataclass(frozen=True)
class Rows:
    """Rows of one split: x (N, D), weight (N,) in the run's dtype; y (N,) int32 or (N, K) float64."""

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    weight: npt.NDArray[Any]


@dataclass(frozen=True)
class Prepared:
    """What training needs of the data; `settings` say what was decided, `notes` what a person should read."""

    train: Rows
    validation: Rows | None
    test: Rows | None
    preprocessing: Preprocessing
    settings: DataSettings
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Rows of a table that belong to one split."""

    table: Table
    rows: Indices


def prepare(settings: DataSettings, *, seed: int, dtype: str) -> Prepared:
    """Read the sources, split them by `seed`, and encode them as `dtype` (float32 or float64).

    All that is fitted is fitted on the training rows. Raises DataError when the data cannot be read or do
    not fit the settings.
    """
    reading = Reading(settings.header, settings.separator, tuple(map(str, settings.missing)))
    source = read_source(settings.source, reading, seed=seed, key="data.source")
    wanted = source.target if settings.target is None else settings.target
    name = target_column(source.table, wanted)
    target, kind_note = find_target(source.table, name, settings.target_kind)
    layout = Layout(tuple(source.table.columns), source.header, source.separator, reading.missing)
    resolved = resolve(settings, source, target, seed)
    train, validation, test = split(source, target, layout, resolved, seed)
    refuse_lost_classes(target, train)
    if resolved.target_scaling == "standard":
        target = scale_target(target, source.table, train.rows)
    preprocessing, notes = fit(source.table, target, layout, train.rows, resolved)
    return Prepared(
        encode(train, preprocessing, dtype),
        encode(validation, preprocessing, dtype) if validation else None,
        encode(test, preprocessing, dtype) if test else None,
        preprocessing,
        resolved,
        tuple(
            note for note in (kind_note, *split_notes(source, resolved, validation is None), *notes) if note
        ),
    )


def resolve(settings: DataSettings, source: Source, target: Target, seed: int) -> DataSettings:
    """The settings with everything automatic replaced by what was decided, and absolute paths."""
    scaling = settings.target_scaling
    if scaling == "auto":
        scaling = "standard" if target.kind == "numbers" else "none"
    elif scaling == "standard" and target.kind == "classes":
        raise DataError(f'data.target_scaling: standard needs numbers, but "{target.names[0]}" holds classes')
    decided = {
        "source": absolute(settings.source),
        "target": target.names[0],
        "test": absolute(settings.test),
        "validation": absolute(settings.validation),
        "target_kind": target.kind,
        "target_scaling": scaling,
        "stratify": settings.stratify and target.kind == "classes",
        "seed": seed,
    }
    if is_path(settings.source):
        decided["header"] = source.table.header
        # Another file may have another separator, which "auto" finds again.
        if not (is_path(settings.test) or is_path(settings.validation)):
            decided["separator"] = source.table.separator
    return settings.model_copy(update=decided)


def absolute(source: Any) -> Any:
    """The source with an absolute path where it is one; anything else as it is."""
    return os.path.abspath(source) if is_path(source) else source


def split(
    source: Source, target: Target, layout: Layout, settings: DataSettings, seed: int
) -> tuple[Part, Part | None, Part | None]:
    """Training, validation and test rows: test is cut first, validation from what is left."""
    strata = Strata(target.labels(source.table), target.classes) if settings.stratify else None
    left = np.arange(source.table.height)
    parts: list[Part | None] = []
    for key, size, purpose in (
        ("test", settings.test, TEST),
        ("validation", settings.validation, VALIDATION),
    ):
        if isinstance(size, str):
            parts.append(second_source(size, key, target, layout, settings.separator, seed))
        elif size is None:
            parts.append(whole(source.test) if key == "test" and source.test else None)
        else:
            left, taken = cut(left, size, seed=seed, purpose=purpose, key=f"data.{key}", strata=strata)
            parts.append(Part(source.table, taken) if len(taken) else None)
    test, validation = parts
    return Part(source.table, left), validation, test


def whole(table: Table) -> Part:
    """All rows of a table."""
    return Part(table, np.arange(table.height))


def second_source(source: str, key: str, target: Target, layout: Layout, separator: str, seed: int) -> Part:
    """All rows of another source in the form of the first, target included."""
    found = read_source(source, layout.reading(separator), seed=seed, key=f"data.{key}")
    return whole(layout.align(found.table, target.names))


def refuse_lost_classes(target: Target, train: Part) -> None:
    """Raise DataError when there is one class only, or a class has no training row."""
    if target.kind == "numbers":
        return
    name = target.names[0]
    if len(target.classes) < 2:
        raise DataError(f'target "{name}": one class only ("{target.classes[0]}"), nothing to tell apart')
    counts = np.bincount(target.labels(train.table)[train.rows], minlength=len(target.classes))
    if not counts.all():
        lost = target.classes[int(np.argmin(counts))]
        raise DataError(
            f'target "{name}": class "{lost}" has no training row; '
            "make data.test or data.validation smaller, or remove its rows"
        )


def fit(
    table: Table, target: Target, layout: Layout, train: Indices, settings: DataSettings
) -> tuple[Preprocessing, list[str]]:
    """The encoders and the scaling of the inputs, fitted on the rows `train`, and notes on them."""
    names = [name for name in table.columns if name not in target.names]
    encoders, notes = fit_encoders(table, names, train)
    if not encoders:
        raise DataError(f"{table.place}: no column but the target has a value to learn from")
    x = encode_all(encoders, table.take(train))[:, amounts(encoders)]
    fitted = settings.scaling.fit(settings.scaling, x) if x.size else {}
    return Preprocessing(layout, tuple(encoders), settings.scaling, fitted, target), notes


def encode(part: Part, preprocessing: Preprocessing, dtype: str) -> Rows:
    """The rows of a part as arrays; numbers are computed in float64 and rounded once."""
    table = part.table.take(part.rows)
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(preprocessing.encode(table), dtype=dtype)
    finite = np.isfinite(x)
    if not finite.all():
        row, place = np.argwhere(~finite)[0].tolist()
        name = preprocessing.feature_names[place]
        raise DataError(f'{table.at(row)}: column "{name}": the scaled value is too large for {dtype}')
    return Rows(x, preprocessing.target.read(table), np.ones(len(x), dtype=dtype))


def split_notes(source: Source, settings: DataSettings, unwatched: bool) -> list[str]:
    """What is said about the splits; `unwatched` when there are no validation rows."""
    notes = []
    if source.test is not None and settings.test is None:
        notes.append(f"test: the {source.test.height} test rows that {settings.source} brings")
    elif source.test is not None:
        notes.append(f"the {source.test.height} test rows that {settings.source} brings are not used")
    if unwatched and settings.validation:
        notes.append(f"data.validation: {settings.validation} of so few rows is none")
    return notes
