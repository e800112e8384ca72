"""Writes a comparison into its folder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nettrain.experiment.document import dump
from nettrain.experiment.settings import Experiment
from nettrain.files import safe_name, write_atomic
from nettrain.store.comparison_folder import ComparisonFolder
from nettrain.store.run_folder import write_json
from nettrain.workflow.comparison.entries import ComparedEntry

if TYPE_CHECKING:
    from nettrain.workflow.compare import Comparison


def write_comparison(comparison: "Comparison", folder: ComparisonFolder) -> None:
    """Write all files but the picture. Raises NettrainError when the disk refuses.

    All that is read of runs is read before anything is written.
    """
    tables = {folder.history: comparison.history, folder.runs: comparison.table}
    if comparison.diagnostics is not None:
        tables[folder.diagnostics] = comparison.diagnostics
    summary = comparison.summary
    folder.experiments.mkdir(exist_ok=True)
    for name, entry in zip(file_names(comparison.entries), comparison.entries, strict=True):
        write_atomic(folder.experiments / f"{name}.yaml", dump(_repeatable(entry)))
    for path, table in tables.items():
        write_atomic(path, table.write_csv())
    write_json(folder.summary, summary)


def file_names(entries: Sequence[ComparedEntry]) -> list[str]:
    """A name for the file of each entry, in their order when sorted."""
    width = len(str(len(entries)))
    return [f"{k:0{width}}-{safe_name(entry.label)}" for k, entry in enumerate(entries, start=1)]


def _repeatable(entry: ComparedEntry) -> dict[str, object]:
    """The experiment of an entry with as many seeds as it has runs, so that it repeats."""
    experiment = Experiment.model_validate(entry.experiment)
    if experiment.data.trains_folds:
        return experiment.model_dump()
    training = experiment.training.model_copy(update={"repeat": max(1, len(entry.runs))})
    if experiment.training.averages_predictions:
        training = experiment.training
    return experiment.model_copy(update={"training": training}).model_dump()
