"""Which figures may be compared: those of the same rows, and losses that are the same function."""

import json
from collections.abc import Iterator, Sequence

from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.workflow.comparison.entries import SPLITS, ComparedEntry

# settings of `data` that change how cells become numbers, not which rows there are
ENCODING = (
    "scaling",
    "scale_indicators",
    "target_scaling",
    "class_weights",
    "columns",
    "max_categories",
    "one_hot_up_to",
    "binary_categories",
    "mark_gaps_from",
    "words_from",
    "decimal",
    "dates",
)
ONLY_TRAINING = ("label_smoothing", "reduction")  # settings of a loss that final figures leave out


def incomparable_figures(
    experiments: Sequence[Experiment], entries: Sequence[ComparedEntry]
) -> dict[str, str]:
    """The figures that must not be compared, each with the reason."""
    figures = dict.fromkeys(name for entry in entries for name in entry.figures)
    reasons = [*_other_rows(experiments), *_other_splits(entries), *_other_losses(experiments)]
    return {
        figure: reason
        for figure in figures
        for split, name, reason in reversed(reasons)
        if figure.startswith(f"{split}_") and name in ("", figure.partition("_")[2])
    }


def _other_rows(experiments: Sequence[Experiment]) -> Iterator[tuple[str, str, str]]:
    """A reason for each split whose rows differ."""
    keys = dict.fromkeys(key for one in experiments for key in _row_settings(one))
    for key in keys:
        if len({_row_settings(one).get(key) for one in experiments}) > 1:
            for split in SPLITS:
                yield split, "", f"data.{key} differs, so that they are of different rows"


def _other_splits(entries: Sequence[ComparedEntry]) -> Iterator[tuple[str, str, str]]:
    """A reason for each split when the rows were split by other seeds: in all, those of an entry's runs."""
    seeds = {frozenset(run.run.resolved.data.seed for run in entry.runs) for entry in entries if entry.runs}
    if len(seeds) > 1:
        for split in SPLITS:
            yield split, "", "data.seed differs, so that they are of different rows"


def _row_settings(experiment: Experiment) -> dict[str, str]:
    """The settings of the data that decide which rows are in which split, as text."""
    dumped = experiment.data.model_dump()
    settings = {
        key: json.dumps(value, default=str) for key, value in dumped.items() if key not in (*ENCODING, "seed")
    }
    columns = experiment.data.columns
    return {**settings, "columns.group": str(columns.group), "columns.weight": str(columns.weight)}


def _other_losses(experiments: Sequence[Experiment]) -> Iterator[tuple[str, str, str]]:
    losses = {json.dumps(loss_of(one).model_dump(exclude=set(ONLY_TRAINING))) for one in experiments}
    scalings = {one.data.target_scaling for one in experiments}
    names = dict.fromkeys(loss_of(one).name for one in experiments)
    if len(losses) > 1:
        what = ", ".join(names) if len(names) > 1 else f"{next(iter(names))} with other settings"
        for split in SPLITS:
            yield split, "loss", f"these are different losses: {what}"
    elif len(scalings) > 1:
        for split in SPLITS:
            yield split, "loss", "data.target_scaling differs: these losses have different units"
