"""From the `data:` block to arrays: read, resolve the target, split, fit on the training rows, encode."""

from dataclasses import dataclass, replace
from functools import partial

from nettrain.data.columns.encoding import columns_text
from nettrain.data.columns.roles import Roles
from nettrain.data.fold_errors import naming_fold
from nettrain.data.formatted import (
    KnownFormats,
    formatted_columns,
    read_formatted,
    refuse_open_formats,
    target_names,
    whole_formats,
)
from nettrain.data.labelled import Rows, label_splits
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.layout import InputLayout
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.reading.options import ReadOptions
from nettrain.data.reading.source import Source
from nettrain.data.reading.sources import read_source
from nettrain.data.resolved_settings import name_targets, read_options, resolve_settings, target_kind
from nettrain.data.settings import DataSettings
from nettrain.data.splitting.split import Split, Splits, Splitting, refuse_lost_classes
from nettrain.data.splitting.split_tables import SecondSources, read_tables
from nettrain.data.tables.arrays import Floats, Indices
from nettrain.data.targets.kind import find_target, order_classes
from nettrain.data.targets.target import Target, scale_target
from nettrain.data.training_fit import constant_target_notes, fit, image_of, refuse_indistinct, weigh_classes

__all__ = ["Prepared", "Rows", "prepare"]


@dataclass(frozen=True)
class Prepared:
    """The data of a run: its splits as arrays, the fitted preprocessing, the resolved settings.

    `notes` are what a person should read. `train` weighs rows by their class too, `column_weight` (N,) by the
    weight column alone.
    """

    train: Rows
    validation: Rows | None
    test: Rows | None
    preprocessing: Preprocessing
    settings: DataSettings
    notes: tuple[str, ...]
    column_weight: Floats | None = None  # None: as in `train`

    @property
    def train_by_column(self) -> Rows:
        """The training rows without the weights of their classes, as figures of them are measured."""
        weight = self.column_weight
        return self.train if weight is None else replace(self.train, weight=weight)


def prepare(settings: DataSettings, *, seed: int, dtype: str, memory: MemoryTables | None = None) -> Prepared:
    """Read the sources, split them by `seed`, and encode them as `dtype` (float32 or float64).

    `memory` holds the tables that sources named `memory:…` stand for. All that is fitted is fitted on the
    training rows. Where the settings have folds, the rows of the one that they take validate, or else those
    of the first. Raises DataError when the data cannot be read or do not fit the settings.
    """
    return prepare_with_splits(settings, seed=seed, dtype=dtype, memory=memory)[0]


def prepare_with_splits(
    settings: DataSettings, *, seed: int, dtype: str, memory: MemoryTables | None = None
) -> tuple[Prepared, Splits]:
    """What `prepare` returns, and the tables that locate the rows of training, validation and test."""
    read = read_data(settings, seed, memory)
    if settings.trains_folds:
        read.refuse_folds_without_classes()
    splits, folds = read.splitting.splits(), settings.folds
    prepared = read.prepare(splits, dtype)
    if folds is not None:
        note = f"data.folds: the rows of fold {folds.take or 1} of {folds.total} validate"
        prepared = replace(prepared, notes=(note, *prepared.notes))
    return prepared, splits


@dataclass(frozen=True, eq=False)
class ReadData:
    """Sources that have been read, and what is known of them before anything is fitted.

    `settings` are resolved; `read_as` are notes on formats by column, `kind_note` is one on the target.
    """

    source: Source
    settings: DataSettings
    roles: Roles
    layout: InputLayout
    target: Target
    splitting: Splitting
    read_as: dict[str, list[str]]
    kind_note: str

    def kept_whole(self) -> "ReadData":
        """The same data, whose preparation leaves these as they are."""
        return replace(self, splitting=replace(self.splitting, tables=self.splitting.tables.kept_whole()))

    def prepare(self, splits: Splits, dtype: str) -> Prepared:
        """The rows of the splits as arrays, with all that is fitted on the training rows.

        Afterwards the tables can only be used to locate rows.
        """
        target, settings, train = self.target, self.settings, splits["training"]
        refuse_lost_classes(target, train, folds=settings.folds is not None)
        if target.kind == "numbers":
            refuse_indistinct(target, train)
        if settings.target_scaling == "standard":
            target = scale_target(target, train.table, train.rows)
        preprocessing, fit_notes = fit(train, target, self.layout, self.roles, settings)
        preprocessing = replace(preprocessing, image=image_of(self.source, preprocessing))
        rows = label_splits(splits, preprocessing, dtype)
        weighted, weight_notes = weigh_classes(rows["training"], target, settings)
        notes = (
            self.kind_note,
            *self.splitting.tables.notes,
            *self.splitting.notes(self.source, splits),
            *weight_notes,
            *constant_target_notes(target, weighted),
            *(f"{columns_text(columns)}: {note}" for note, columns in self.read_as.items()),
            *fit_notes,
        )
        return Prepared(
            weighted,
            rows.get("validation"),
            rows.get("test"),
            preprocessing,
            settings,
            tuple(note for note in notes if note),
            rows["training"].weight,
        )

    def refuse_folds_without_classes(self) -> None:
        """Raise DataError when classes have no training row in a fold, with the number of the first.

        Stratified folds leave each class a training row.
        """
        folds = self.settings.folds
        assert folds is not None, "settings with folds"
        if self.splitting.strata is not None or len(self.target.classes) < 2:  # which is no matter of folds
            return
        for number in range(1, folds.total + 1):
            with naming_fold(number):
                refuse_lost_classes(self.target, self.splitting.splits(number)["training"], folds=True)

    def source_rows(self, split: Split) -> Indices:
        """The numbers of a split's rows in the source, as predictions of all of its rows are numbered."""
        rows = split.rows if split.table.source_rows is None else split.table.source_rows[split.rows]
        return self.source.table.output_rows()[rows]


def read_data(settings: DataSettings, seed: int, memory: MemoryTables | None = None) -> ReadData:
    """Read the sources, and resolve target, roles and settings. Raises what `prepare` raises."""
    options = read_options(settings)

    def read(options: ReadOptions) -> Source:
        source = read_source(settings.source, options, seed=seed, key="data.source", memory=memory)
        return name_targets(source.named(options.names), settings.target)

    known = KnownFormats("" if settings.decimal == "auto" else settings.decimal, settings.dates)
    columns = partial(formatted_columns, settings=settings)
    source, formats = read_formatted(read, options, columns, known)
    whole = whole_formats(read, options, source, columns(source)) if formats.decimal == "," else {}
    names = target_names(source, settings)
    roles = settings.columns.resolve(source.table, names)
    refuse_open_formats(formats, source, settings)
    text = (*roles.texts, *names, *([roles.group] if roles.group else []), *whole)
    layout = InputLayout.of(source, options, text, {**formats.formats, **whole})
    others = SecondSources(layout, names, settings.separator, seed, memory, settings.storage)
    tables = read_tables(source, settings, others)
    target, kind_note = find_target(tables.main, names, target_kind(source, names, settings))
    target = order_classes(replace(target, renames=settings.labels), settings.positive)
    resolved = resolve_settings(settings, roles, tables.main, target, seed)
    splitting = Splitting.of(tables, target, roles.group, resolved, seed)
    read_as = formats.notes(roles.inputs(source.table, () if target.kind == "numbers" else names))
    return ReadData(source, resolved, roles, layout, target, splitting, read_as, kind_note)
