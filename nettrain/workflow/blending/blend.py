"""The training of a blend: its networks one after the other, then the weights of their mean prediction.

Weights are whole numbers, chosen by the rows that no network was trained on; all are equal where these rows
do not clearly prefer some of the networks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TypeAlias

import numpy as np
import polars as pl

from nettrain.experiment.load import to_yaml
from nettrain.files import write_atomic
from nettrain.inference.blend_weights import select_blend
from nettrain.store.ensemble_summary import summarise_ensemble
from nettrain.store.predictions import encode_frame
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.summary import Timing
from nettrain.store.trained_ensemble import TrainedEnsemble
from nettrain.workflow.blending.jobs import (
    NetworkJob,
    TrainedNetwork,
    ended_network,
    job_of_network,
    trained_network,
)
from nettrain.workflow.blending.network import BlendedNetwork
from nettrain.workflow.blending.plan import PlannedBlend, PlannedNetwork
from nettrain.workflow.chosen_networks import (
    Chosen,
    choosing_rows,
    counted,
    ensemble_json,
    ensemble_summary,
    fold_count,
    joint_timing,
)
from nettrain.workflow.folds.out_of_fold import out_of_fold_frame
from nettrain.workflow.restored_run import EndedRun
from nettrain.workflow.training import RunOutcome

TrainOne: TypeAlias = Callable[[int, NetworkJob], TrainedNetwork]
LOSS = "val_loss"  # weights are chosen by the log loss of classes, and the first metric of other targets


@dataclass(frozen=True)
class Blend(RunOutcome):
    """A blend that was just trained: its networks, those that predict together, and how often each counts.

    `out_of_fold` has their mean prediction of each held-out row, where there are folds. Of a blend that was
    interrupted, or whose networks all diverged, nothing is `chosen`.
    """

    planned: PlannedBlend
    networks: tuple[BlendedNetwork, ...]
    chosen: tuple[Chosen[BlendedNetwork], ...] = ()
    out_of_fold: pl.DataFrame | None = field(default=None, repr=False)

    @property
    def predictor(self) -> TrainedEnsemble:
        """The networks whose mean predicts."""
        runs = tuple(
            one.run.predictor.alone()
            for chosen in self.chosen
            for one in chosen.candidate.folds
            for _ in range(chosen.count)
        )
        files = RunFolder(self.folder) if self.folder else None
        return TrainedEnsemble(self.planned.experiment, runs, files, self.summary, fold_count(self.chosen))


@dataclass(frozen=True, eq=False)
class BlendJob:
    """A blend that is ready to train, and its folder, which is locked until it has ended.

    Networks that have a folder in it stay as they are, or go on.
    """

    planned: PlannedBlend
    folder: RunFolder | None = None
    notes: tuple[str, ...] = ()

    @property
    def all_notes(self) -> list[str]:
        """Everything a user should know before it begins."""
        return [*self.notes, *self.planned.notes]

    @np.errstate(all="ignore")  # what is not finite is reported in words
    def run(self, train: TrainOne, *, started: float | None = None) -> Blend:
        """Train the networks that have not ended, each by `train`, and record what they predict together.

        An interruption of one ends all. The summary's total time counts from `started` on perf_counter's
        clock, by default from this call.
        """
        started = perf_counter() if started is None else started
        networks: list[BlendedNetwork] = []
        for number, planned in enumerate(self.planned.networks, 1):
            networks.append(self._trained(number, planned, train))
            if networks[-1].run.summary["status"] == "interrupted":
                return self._unchosen(networks, started)
        return self._chosen(networks, started)

    def _trained(self, number: int, planned: PlannedNetwork, train: TrainOne) -> BlendedNetwork:
        files = None if self.folder is None else self.folder.network(number)
        with job_of_network(planned, files, self.planned.memory) as job:
            if isinstance(job, EndedRun):
                return ended_network(number, planned, job)
            return trained_network(number, train(number, job))

    def _unchosen(self, networks: Sequence[BlendedNetwork], started: float) -> Blend:
        """A blend that does not predict: it was interrupted, or all of its networks diverged."""
        ended = [one.ended(0) for one in networks]
        summary = summarise_ensemble(self._name, ended, {}, {}, joint_timing(ended))
        last = networks[-1].run.summary
        summary = {**summary, "status": last["status"], "stop_reason": last["stop_reason"]}
        return self._ended(Blend(summary, self._path, self.planned, tuple(networks)), started)

    def _chosen(self, networks: Sequence[BlendedNetwork], started: float) -> Blend:
        candidates = [one for one in networks if not one.is_lost]
        if not candidates:
            return self._unchosen(networks, started)
        chosen = choose(candidates)
        counts = {one.candidate.number: one.count for one in chosen}
        ended = [one.ended(counts.get(one.number, 0)) for one in networks]
        summary = ensemble_summary(self._name, chosen, ended)
        frame = joint_out_of_fold(chosen) if fold_count(chosen) else None
        blend = Blend(summary, self._path, self.planned, tuple(networks), tuple(chosen), frame)
        return self._ended(blend, started)

    def _ended(self, blend: Blend, started: float) -> Blend:
        """The blend with the time that it has taken, recorded."""
        timing: Timing = {**blend.summary["timing"], "total_seconds": perf_counter() - started}
        blend = replace(blend, summary={**blend.summary, "timing": timing})
        if self.folder is not None:
            record(blend, self.folder)
        return blend

    @property
    def _name(self) -> str:
        return self.planned.experiment.experiment

    @property
    def _path(self) -> Path | None:
        return None if self.folder is None else self.folder.path


def choose(candidates: Sequence[BlendedNetwork]) -> list[Chosen[BlendedNetwork]]:
    """The networks that predict their held-out rows best together, and how often each counts."""
    rows = choosing_rows(candidates[0], candidates[0].predictions, LOSS)
    return counted(candidates, select_blend([one.predictions.values for one in candidates], rows))


def joint_out_of_fold(chosen: Sequence[Chosen[BlendedNetwork]]) -> pl.DataFrame:
    """The mean prediction of each row that folds held out, as a cross-validation has that of one network."""
    each = [one.candidate.predicted for one in chosen for _ in range(one.count)]
    return out_of_fold_frame(*each)


def record(blend: Blend, folder: RunFolder) -> None:
    """Write the files on all networks together; at last the summary, which says that all is there."""
    if blend.out_of_fold is not None:
        write_atomic(folder.out_of_fold, encode_frame(blend.out_of_fold, "parquet"))
    if blend.chosen:
        write_json(folder.ensemble, ensemble_json(blend.chosen))
    write_json(folder.summary, blend.summary)


def begin(planned: PlannedBlend, folder: RunFolder, notes: Sequence[str]) -> BlendJob:
    """A blend in this folder, which has its experiment from now on."""
    write_atomic(folder.config, to_yaml(planned.experiment))
    return BlendJob(planned, folder, tuple(notes))
