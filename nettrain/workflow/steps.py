"""The losses of all steps as a frame: one row per step, and with several members per step and member."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from nettrain.store.steps import COUNTS, step_columns
from nettrain.store.stored_table import read_frame
from nettrain.training.events import EpochDone

NEEDED = ("epoch", "step", "learning_rate", "batch_loss")


def read_steps(path: Path) -> pl.DataFrame | None:
    """The frame of a `steps.csv`, None when there is none. Raises StoredFileError when it was changed."""
    if not path.is_file():
        return None
    return read_frame(path, needs=NEEDED, whole=COUNTS)


def steps_of_events(events: Sequence[EpochDone], *, member_column: bool) -> pl.DataFrame | None:
    """The frame of a training's events, None when no steps were recorded."""
    frames = [_of_epoch(event) for event in events if event.steps is not None]
    if not frames:
        return None
    frame = pl.concat(frames)
    return frame if member_column else frame.drop("member")


def _of_epoch(event: EpochDone) -> pl.DataFrame:
    losses = event.steps
    assert losses is not None, "the steps were recorded"
    many, steps = len(event.members), len(losses.step)
    values = (
        np.tile(event.members, steps),
        np.full(many * steps, math.ceil(event.epoch)),
        np.repeat(losses.step, many),
        *(table.T.ravel() for table in (losses.learning_rate, *losses.factors.values(), losses.batch_loss)),
    )
    return pl.DataFrame(dict(zip(step_columns(losses.factors), values, strict=True)))
