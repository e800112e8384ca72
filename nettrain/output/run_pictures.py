"""The pictures in a run folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nettrain.files import write_atomic
from nettrain.inference.postprocessing import joint_task
from nettrain.output.curve_labels import curve_labels
from nettrain.output.drawing import Draw
from nettrain.output.history_curves import curve_of_steps
from nettrain.output.numbers import plural
from nettrain.workflow.first_weights import first_weights
from nettrain.workflow.folds.tables import drawn_rows
from nettrain.workflow.own_rows import (
    OwnPredictions,
    blended_predictions,
    out_of_fold_predictions,
    own_predictions,
)
from nettrain.workflow.small_world import (
    SmallWorld,
    WorldMap,
    look,
    look_at_folds,
    predicting,
    small_world,
)
from nettrain.workflow.training import TrainingResult

if TYPE_CHECKING:
    from nettrain.workflow.animation import EpochRecorder
    from nettrain.workflow.blending.blend import Blend
    from nettrain.workflow.cross_validation import CrossValidation


@np.errstate(all="ignore")  # what is not finite is reported in words
def draw_pictures(
    result: TrainingResult, folder: Path, draw: Draw, recorder: "EpochRecorder | None" = None
) -> list[str]:
    """Write curves.png, confusion.png or residuals.png, and those that the inputs allow.

    Where diagnostics were recorded also diagnostics.png, with a `recorder` of epochs boundary.gif. Returns a
    note for each that could not be drawn.
    """
    drawings: dict[str, Callable[[], None]] = {
        "curves.png": lambda: _draw_curves(result, folder, draw),
        "diagnostics.png": lambda: _draw_layers(result, folder, draw),
        "the picture of the predictions": lambda: _draw_predictions(result, folder, draw),
        "boundary.png": lambda: _draw_boundary(result, folder, draw),
        "weights.png": lambda: _draw_weights(result, folder, draw),
    }
    if recorder is not None:
        drawings["boundary.gif"] = lambda: _animate(result, folder, draw, recorder)
    return _notes_of(drawings)


@np.errstate(all="ignore")
def draw_fold_pictures(result: "CrossValidation", folder: Path, draw: Draw) -> list[str]:
    """Write folds.png, and confusion.png or residuals.png of the rows that the folds held out.

    Returns a note for each that could not be drawn.
    """
    return _notes_of(
        {
            "boundary.png": lambda: _draw_boundary_of_folds(result, folder, draw),
            "folds.png": lambda: _draw_folds(result, folder, draw),
            "the picture of the predictions": lambda: _draw_own_predictions(
                out_of_fold_predictions(result), result.summary["experiment"], folder, draw
            ),
        }
    )


@np.errstate(all="ignore")
def draw_blend_pictures(blend: "Blend", folder: Path, draw: Draw) -> list[str]:
    """Write confusion.png or residuals.png of the mean prediction, and boundary.png where it can be drawn.

    Returns a note for each that could not be drawn; none of a blend that does not predict.
    """
    if not blend.chosen:
        return []
    return _notes_of(
        {
            "boundary.png": lambda: _draw_boundary_of_blend(blend, folder, draw),
            "the picture of the predictions": lambda: _draw_own_predictions(
                blended_predictions(blend), blend.summary["experiment"], folder, draw
            ),
        }
    )


def _notes_of(drawings: Mapping[str, Callable[[], None]]) -> list[str]:
    """Draw each picture; returns a note for each that could not be drawn."""
    notes = []
    for name, draw in drawings.items():
        try:
            draw()
        except Exception as error:  # a missing font or a full disk must not fail the run
            notes.append(f"{name} could not be drawn: {error}")
    return notes


def _draw_folds(result: "CrossValidation", folder: Path, draw: Draw) -> None:
    rows = drawn_rows({one.planned.number: one.run.history for one in result.folds})
    picture = draw("folds.folds_picture", rows, result.summary, result.summary["experiment"])
    write_atomic(folder / "folds.png", picture)


def _draw_curves(result: TrainingResult, folder: Path, draw: Draw) -> None:
    rows, summary = result.history, result.summary
    best = None if "members" in summary else summary["best_epoch"]
    labels = curve_labels(result.prepared.experiment, result.run.data.train.rows)
    recorded = result.recorder.steps
    steps = None if recorded is None else curve_of_steps(recorded, result.run.data.batches.steps)
    picture = draw(
        "curves.curves_picture",
        rows,
        summary["experiment"],
        monitor=summary["monitor"],
        best=best,
        labels=labels,
        steps=steps,
    )
    write_atomic(folder / "curves.png", picture)


def _draw_layers(result: TrainingResult, folder: Path, draw: Draw) -> None:
    rows = result.recorder.diagnostics
    if rows:
        write_atomic(
            folder / "diagnostics.png", draw("layers.layers_picture", rows, result.summary["experiment"])
        )


def _draw_predictions(result: TrainingResult, folder: Path, draw: Draw) -> None:
    _draw_own_predictions(own_predictions(result), result.summary["experiment"], folder, draw)


def _draw_own_predictions(shown: OwnPredictions | None, name: str, folder: Path, draw: Draw) -> None:
    """Confusion of classes, or predicted against true numbers; nothing if all networks diverged."""
    if shown is None:
        return
    title = _title(name, shown)
    if shown.task.targets == "numbers":
        picture = draw(
            "residuals.residuals_picture",
            shown.true_values,
            shown.predictions,
            shown.task.names,
            title,
            band=shown.band,
        )
        write_atomic(folder / "residuals.png", picture)
    elif shown.confusion:
        names = ("0", "1") if shown.task.targets == "labels" else shown.task.classes
        write_atomic(
            folder / "confusion.png", draw("confusion.confusion_picture", shown.confusion, names, title)
        )


def _draw_boundary(result: TrainingResult, folder: Path, draw: Draw) -> None:
    """What the networks predict all over one or two columns of numbers."""
    world, networks = small_world(result.prepared.data, result.run.model.task), predicting(result.networks)
    if world is None or networks is None:
        return
    picture = draw(
        "boundary.picture.boundary_picture", look(world, [("", networks)]), _boundary_title(result, world)
    )
    write_atomic(folder / "boundary.png", picture)


def _draw_boundary_of_folds(result: "CrossValidation", folder: Path, draw: Draw) -> None:
    """What the folds predict together all over one or two columns of numbers."""
    runs = [one.predicted.trained for one in result.folds if one.predicted.trained is not None]
    task = joint_task([run.task for run in runs]) if runs else None
    seen = look_at_folds(runs, result.folds[0].planned.data, task) if task else None
    _draw_seen(seen, result.summary["experiment"], plural(len(runs), "fold"), folder, draw)


def _draw_boundary_of_blend(blend: "Blend", folder: Path, draw: Draw) -> None:
    """What the networks predict together all over one or two columns of numbers."""
    predictor = blend.predictor.select_members()
    data = blend.networks[0].folds[0].planned.data
    seen = look_at_folds(predictor.runs, data, predictor.task)
    _draw_seen(seen, blend.summary["experiment"], plural(len(blend.chosen), "network"), folder, draw)


def _draw_seen(seen: WorldMap | None, name: str, whose: str, folder: Path, draw: Draw) -> None:
    """What several networks predict together; nothing where it cannot be seen."""
    if seen is None:
        return
    what = "decision regions" if seen.world.splits_plane else "predictions"
    title = f"{name}: {what} of {whose}"
    write_atomic(folder / "boundary.png", draw("boundary.picture.boundary_picture", seen, title))


def _animate(result: TrainingResult, folder: Path, draw: Draw, recorder: "EpochRecorder") -> None:
    """The same over the epochs of the training."""
    world = small_world(result.prepared.data, result.run.model.task)
    frames = recorder.frames(result, world) if world is not None else []
    if world is not None and frames:
        write_atomic(
            folder / "boundary.gif", draw("animation.animation", frames, _boundary_title(result, world))
        )


def _draw_weights(result: TrainingResult, folder: Path, draw: Draw) -> None:
    """The first layer's weights as images, where the inputs are one."""
    networks = predicting(result.networks)
    weights = networks and first_weights(networks, result.prepared.data.preprocessing)
    if weights:
        title = f"{result.summary['experiment']}: weights of the first layer"
        write_atomic(folder / "weights.png", draw("weights.weights_picture", weights, title))


def _boundary_title(result: TrainingResult, world: SmallWorld) -> str:
    return f"{result.summary['experiment']}: {'decision regions' if world.splits_plane else 'predictions'}"


def _title(name: str, shown: OwnPredictions) -> str:
    """Whose predictions of which rows these are."""
    whose = ""
    if shown.networks > 1:
        whose = f", mean of {shown.networks} networks" if shown.joint else f", first of {shown.networks}"
    return f"{name}: {plural(len(shown.predictions), f'{shown.split} row')}{whose}"
