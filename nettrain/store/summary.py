"""`summary.json`: how a run ended."""

from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.engine.build import Run, loss_of
from nettrain.engine.environment import environment
from nettrain.engine.events import MemberStopped, TrainingDone

PARTS = {"train": "train", "validation": "val", "test": "test"}
STATUS = {"diverged": "diverged", "interrupted": "interrupted"}


def summarise(
    run: Run,
    stopped: MemberStopped,
    done: TrainingDone,
    figures: dict[str, dict[str, npt.NDArray[np.float64]]],
    total_seconds: float,
) -> dict[str, Any]:
    """The summary of one member; `figures` are those of its final weights."""
    sizes = [stop - start for start, stop in run.batches.bounds()]
    samples = done.steps * sum(sizes) / len(sizes)
    return {
        "experiment": run.experiment.experiment,
        "status": STATUS.get(stopped.reason, "finished"),
        "stop_reason": stopped.reason,
        "epochs_run": stopped.epoch,
        "unfinished_steps": stopped.step - stopped.epoch * len(sizes),
        "best_epoch": stopped.best_epoch,
        "restored_best": stopped.restored,
        "monitor": run.monitor,
        "metrics": {
            PARTS[part]: {name: float(values[stopped.member]) for name, values in named.items()}
            for part, named in figures.items()
        },
        "parameters": run.plan.parameters,
        "link": loss_of(run.experiment).link,
        "timing": {
            "total_seconds": total_seconds,
            "train_seconds": done.step_seconds,
            "steps": done.steps,
            "microseconds_per_step": 1e6 * done.step_seconds / max(done.steps, 1),
            "samples_per_second": samples / max(done.step_seconds, 1e-9),
        },
        "environment": environment(run.backend.threads),
        "seed": run.experiment.seed,
    }
