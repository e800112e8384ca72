"""The pictures in a run folder."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nettrain.inference.evaluate import Networks
    from nettrain.store.history import HistoryWriter
    from nettrain.store.run_folder import RunFolder
    from nettrain.store.summary import RunSummary
    from nettrain.training.build import TrainingRun


def draw(
    run: "TrainingRun",
    networks: "Networks",
    records: "HistoryWriter",
    summary: "RunSummary",
    folder: "RunFolder",
) -> list[str]:
    """Write curves.png, and confusion.png or residuals.png; a note for each that could not be drawn."""
    drawings: dict[str, Callable[[], None]] = {
        "curves.png": lambda: _curves(run, records, summary, folder),
        "the picture of the answers": lambda: _answers(run, networks, folder),
    }
    notes = []
    for name, drawing in drawings.items():
        try:
            drawing()
        except Exception as error:  # a font, a full disk: the run itself is well
            notes.append(f"{name} could not be drawn: {error}")
    return notes


def _curves(run: "TrainingRun", records: "HistoryWriter", summary: "RunSummary", folder: "RunFolder") -> None:
    from nettrain.files import write_whole
    from nettrain.output.figures.curves import curves_picture

    if not records.rows:
        return
    best = None if records.member_column else summary["best_epoch"]
    picture = curves_picture(records.rows, run.experiment.experiment, monitor=run.monitor, best=best)
    write_whole(folder.path / "curves.png", picture)


def _answers(run: "TrainingRun", networks: "Networks", folder: "RunFolder") -> None:
    """Confusion of classes, or predicted against true numbers, on the rows that say most."""
    from nettrain.files import write_whole
    from nettrain.inference.measure import measure
    from nettrain.inference.own_rows import most_telling_split, run_predictions, true_values

    sound = networks.sound()
    if not sound.experiments:
        return
    part, table = most_telling_split(run)
    title = f"{run.experiment.experiment}: {table.rows:,} {part} rows{_whose(run, len(sound.experiments))}"
    response, y, task = run_predictions(run, sound, table), true_values(run, table), run.task
    if task.targets == "numbers":
        from nettrain.output.figures.residuals import residuals_picture

        write_whole(folder.path / "residuals.png", residuals_picture(y, response, task.names, title))
        return
    from nettrain.output.figures.confusion import confusion_picture

    measured = measure([(slice(None), response)], y, table.mass, task)
    names = ("0", "1") if task.targets == "labels" else task.classes
    if measured.confusion:
        write_whole(folder.path / "confusion.png", confusion_picture(measured.confusion, names, title))


def _whose(run: "TrainingRun", count: int) -> str:
    """Whose answers these are, when there are several networks."""
    if count == 1:
        return ""
    return (
        f", mean of {count} networks"
        if run.experiment.training.averages_predictions
        else f", first of {count}"
    )
