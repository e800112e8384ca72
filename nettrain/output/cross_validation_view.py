"""A cross-validation in the terminal: the head, its progress, and the final report."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console

from nettrain.output.fold_progress import fold_progress
from nettrain.output.numbers import count, plural
from nettrain.output.report import final_report, head
from nettrain.output.terminal_plot import plot_loss
from nettrain.output.training_view import training_facts
from nettrain.store.run_folder import RunFolder
from nettrain.workflow.cross_validation import CrossValidation, CrossValidationJob, OnFoldEvent
from nettrain.workflow.folds.plan import PlannedCrossValidation
from nettrain.workflow.folds.tables import drawn_rows, mean_rows


def show_folds_head(console: Console, job: CrossValidationJob) -> None:
    """Print what is trained on what, and notes."""
    planned = job.planned
    facts = training_facts(replace(planned.description, rows=row_counts(planned)))
    facts = {"data": facts.pop("data"), "folds": folds_fact(planned), **facts}
    head(console, planned.experiment.experiment, facts, job.all_notes)


def row_counts(planned: PlannedCrossValidation) -> dict[str, int]:
    """How many rows the folds share, and how many test rows there are."""
    shared = max(fold.sizes["train"] + fold.sizes.get("val", 0) for fold in planned.folds)
    test = planned.folds[0].sizes.get("test")
    return {"cross-validated": shared, **({} if test is None else {"test": test})}


def folds_fact(planned: PlannedCrossValidation) -> str:
    """`5, stratified: 96 rows train a network, 24 are held out`."""
    data = planned.folds[0].experiment.data
    settings = data.folds
    assert settings is not None, "an experiment with folds"
    how = ""
    if data.columns.group is not None:
        how = f" of whole groups of {data.columns.group}"
    elif data.order != "random":
        among = "each among" if settings.train_on == "others" else "each after"
        how = f" in the order of time, {among} the rows that train it"
    elif data.stratify:
        how = ", stratified"
    times = f"{settings.repeats} repeats of {settings.count}" if settings.repeats > 1 else f"{settings.count}"
    train, held_out = (
        extent([fold.sizes[split] for fold in planned.folds if split in fold.sizes])
        for split in ("train", "val")
    )
    return f"{times}{how}: {train} rows train a network, {held_out} are held out"


def extent(counts: Sequence[int]) -> str:
    """`24`, or `23 to 25`."""
    low, high = min(counts), max(counts)
    return count(low) if low == high else f"{count(low)} to {count(high)}"


@contextmanager
def show_fold_progress(console: Console, job: CrossValidationJob, *, quiet: bool) -> Iterator[OnFoldEvent]:
    """A function to call with every event, which shows the progress of the folds."""
    display = fold_progress(console, len(job.planned.folds), quiet=quiet)
    try:
        yield display.show
    finally:
        display.close()


def show_folds_report(
    console: Console, result: CrossValidation, folder: RunFolder, drawing: float = 0.0
) -> None:
    """Print the mean loss curve and the final report; `drawing` is how many seconds the pictures took."""
    rows = drawn_rows({one.planned.number: one.run.history for one in result.folds})
    plot_loss(console, mean_rows(rows), None)
    network, files = result.planned.architecture, folder.file_names()
    final_report(console, network, result.summary, folder.path, files, drawing=drawing)
    missing = len(result.planned.folds) - len(result.folds)
    if missing:
        console.print(f"{plural(missing, 'fold')} had not begun", style="yellow")
