"""Losses as the entropy of their targets plus the divergence of the predictions from them."""

from collections.abc import Sequence

import numpy as np

from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import loss_of
from nettrain.inference.entropy import target_entropy
from nettrain.store.history import HistoryRow
from nettrain.store.summary import RunSummary
from nettrain.store.summary_additions import with_entropy
from nettrain.training.run import TrainingRun

RUNNING = "running_loss"
Members = Sequence[Experiment]


def with_loss_parts(
    summary: RunSummary, run: TrainingRun, members: Members, data: Prepared, history: Sequence[HistoryRow]
) -> RunSummary:
    """The summary with the parts of its losses, and of the last running loss where labels are smoothed."""
    model = run.model
    rows = {"train": data.train_by_column, "validation": data.validation, "test": data.test}
    outputs = model.architecture.outputs
    entropies = {split: target_entropy(model.loss, one, outputs) for split, one in rows.items() if one}
    last = {row["member"]: row[RUNNING] for row in history if RUNNING in row}
    floor = smoothed_entropy(members, data, outputs)
    running = (float(np.mean([*last.values()])), floor) if last and floor else None
    return with_entropy(summary, entropies, running)


def smoothed_entropy(members: Members, data: Prepared, outputs: int) -> float:
    """The entropy of the training targets as they are smoothed, the mean over members; 0 if they are not."""
    losses = [loss_of(member) for member in members]
    if not any(getattr(loss, "label_smoothing", 0) > 0 for loss in losses):
        return 0.0
    return float(np.mean([target_entropy(loss, data.train, outputs, smoothed=True) for loss in losses]))


def floor_notes(members: Members, data: Prepared, outputs: int) -> list[str]:
    """A note on how low the running loss can fall where labels are smoothed."""
    floor = smoothed_entropy(members, data, outputs)
    text = f"the running loss cannot fall below {floor:.4g}, the entropy of the smoothed targets"
    return [text] if floor else []
