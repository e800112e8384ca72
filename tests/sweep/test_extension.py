"""Searches that go on while they run, keep their networks, and end by the clock."""

import json
import shutil
from time import time

import numpy as np
import pytest

from nettrain.errors import StoredFileError
from nettrain.experiment.load import load
from nettrain.store.model_file import read_model
from nettrain.store.run_folder import RunFolder
from nettrain.sweep.kept_networks import TrialNetwork, network_folder, read_ending
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import _best_experiment
from nettrain.sweep.sweep_journal import SweepJournal
from nettrain.workflow.run import open_run
from nettrain.workflow.train import train
from nettrain.workflow.tuning.candidates import load_candidates
from nettrain.workflow.tuning.ensemble import write_ensemble
from nettrain.workflow.tuning.found import select
from tests.sweep.sweeping import HALVING, run_sweep, write_experiment

SMALL = """
experiment: small
data: {source: 'builtin:iris'}
model: {hidden: [4]}
training: {epochs: 12, batch_size: 16, early_stopping: {monitor: val_loss, patience: 3}}
sweep:
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}
    seed: {value: 0}
"""


def extended(folder, text, extensions, *, kept=False, deadline=None):
    """A sweep that begins without trials and is extended by these calls, one whenever a worker is idle."""
    waiting = list(extensions)

    def further():
        return waiting.pop(0)(sweep) if waiting else None

    with open_sweep(load(write_experiment(folder, text)), folder / "sweeps", total=0, workers=1) as sweep:
        sweep.kept_in = folder / "kept" if kept else None
        sweep.deadline = deadline
        for _ in sweep.run(lambda: False, further):
            pass
        return sweep


def figures(sweep):
    """What trials ended with, by number."""
    return {trial: (one.status, one.epochs, one.figures) for trial, one in sweep.results.items()}


def test_trials_are_those_of_a_sweep_that_knew_their_number(tmp_path):
    text = HALVING.replace("max: 1.0e+20", "max: 1.0")
    (tmp_path / "whole").mkdir()
    expected = run_sweep(tmp_path / "whole", text, total=8)
    actual = extended(tmp_path, text, [lambda sweep: sweep.extend(8)])
    assert figures(expected) == figures(actual)


def test_chosen_trials_train_to_their_end_and_are_known_again(tmp_path):
    rate = "optimizer.learning_rate"
    chosen = [{rate: 1e-3, "model.hidden": [4]}, {rate: 2e-3, "model.hidden": [4]}]
    sweep = extended(
        tmp_path, HALVING, [lambda sweep: sweep.extend(4), lambda sweep: sweep.extend(0, chosen)]
    )
    assert ["finished", "finished"] == [sweep.results[trial].status for trial in (5, 6)]
    assert [trial.values for trial in sweep.trials[4:]] == chosen
    with open_sweep(
        load(write_experiment(tmp_path, HALVING)), tmp_path / "sweeps", total=0, workers=1
    ) as again:
        assert [trial.values for trial in again.trials] == [trial.values for trial in sweep.trials]
        assert again.chunks == []
        assert [(1, 2, 3, 4)] == [bracket.trials for bracket in again.brackets]


def test_kept_networks_are_those_of_runs_of_their_own(tmp_path):
    sweep = extended(tmp_path, SMALL, [lambda sweep: sweep.extend(3)], kept=True)
    for trial in sweep.trials:
        network = TrialNetwork(trial.number, 0)
        kept = network_folder(tmp_path / "kept", network, 1)
        own = RunFolder(tmp_path / f"own{trial.number}")
        run = train(trial.experiment.model_dump(), folder=own.path)
        for mine, other in zip(read_model(kept.model)[1:], read_model(own.model)[1:], strict=True):
            np.testing.assert_array_equal(other, mine)
        ending = read_ending(kept, network)
        summary = run.summary
        assert (summary["stop_reason"], summary["best_epoch"], summary["epochs_run"]) == (
            ending.stopped.reason,
            ending.stopped.best_epoch,
            ending.stopped.epoch,
        )
        assert run.history["epoch"].max() == ending.stopped.epoch
        validation = {int(row.split(",")[0]) for row in kept.history.read_text().splitlines()[1:]}
        assert set(range(1, ending.stopped.epoch + 1)) == validation


def test_networks_of_folds_are_kept_by_fold(tmp_path):
    text = SMALL.replace("'builtin:iris'", "'builtin:iris', folds: 3").replace("epochs: 12", "epochs: 2")
    extended(tmp_path, text, [lambda sweep: sweep.extend(1)], kept=True)
    kept = RunFolder(tmp_path / "kept" / "1")
    assert ["1", "2", "3"] == [fold.path.name for fold in kept.folds]
    for k, fold in enumerate(kept.folds):
        assert read_ending(fold, TrialNetwork(1, k)) is not None
    with pytest.raises(
        StoredFileError, match=r"ending\.json: is of fold 1 of trial 1; restore it, or remove"
    ):
        read_ending(kept.fold(1), TrialNetwork(1, 1))
    kept.fold(2).history.write_text("epoch,step,better\n")
    with pytest.raises(
        StoredFileError, match=r"2/history\.csv: was changed since it was written; restore it"
    ):
        read_ending(kept.fold(2), TrialNetwork(1, 1))


def test_training_ends_at_the_deadline_and_says_so(tmp_path):
    text = SMALL.replace("epochs: 12", "epochs: 1000000").replace(
        ", early_stopping: {monitor: val_loss, patience: 3}", ""
    )

    def begun(sweep):  # a worker is idle
        sweep.deadline = time() + 2
        return sweep.extend(1)

    sweep = extended(tmp_path, text, [begun], kept=True)
    result = sweep.results[1]
    assert result.out_of_time
    assert result.status == "finished"
    assert result.epochs < 1_000_000
    assert "when the time was over: this trains on" in _best_experiment(sweep, sweep.best[0])
    stored = SweepJournal(sweep.folder.journal, sweep.space).results[1]
    assert stored == result
    assert (tmp_path / "kept" / "1" / "model.safetensors").is_file()


def test_a_trial_that_ends_in_time_leaves_no_trace_of_the_clock_in_the_journal(tmp_path):
    sweep = extended(tmp_path, SMALL, [lambda sweep: sweep.extend(1)], deadline=time() + 600)
    lines = map(json.loads, sweep.folder.journal.read_text().splitlines())
    assert all("out_of_time" not in line for line in lines)
    assert not sweep.results[1].out_of_time


def test_candidates_are_the_best_trials_whose_files_are_whole(tmp_path, monkeypatch):
    text = SMALL.replace("epochs: 12", "epochs: 3").replace(
        "sweep:\n", "calibration: temperature\nsweep:\n  trials: 4\n"
    )
    kept = tmp_path / "kept"
    with open_sweep(
        load(write_experiment(tmp_path, text)), tmp_path / "sweeps", total=None, workers=1
    ) as sweep:
        sweep.kept_in = kept
        for _ in sweep.run(lambda: False):
            pass
        best = [one.trial for one in sweep.best]
        found = load_candidates(sweep, kept)
        assert best == [one.number for one in found]
        assert best[:1] == [one.number for one in load_candidates(sweep, kept, stop=lambda: True)]
        with monkeypatch.context() as few:
            few.setattr("nettrain.workflow.tuning.candidates.MOST_NUMBERS", 1)
            assert best[:1] == [one.number for one in load_candidates(sweep, kept)]
        shutil.rmtree(kept / str(best[0]))
        assert best[1:] == [one.number for one in load_candidates(sweep, kept)]
    own = train(sweep.trials[best[0] - 1].experiment.model_dump())  # with its temperature
    predictions = found[0].predictions
    chosen = predictions.values[np.arange(len(predictions.y)), predictions.y]
    assert own.metrics["val"]["log_loss"] == pytest.approx(-np.log(chosen).mean(), rel=1e-6)


def test_an_ensemble_of_candidates_has_figures_of_its_intervals(tmp_path):
    text = SMALL.replace("'builtin:iris'", "'synthetic:sine', test: 0.2").replace("epochs: 12", "epochs: 3")
    text = text.replace("sweep:\n", "loss: gaussian_nll\nsweep:\n  trials: 2\n")
    with open_sweep(
        load(write_experiment(tmp_path, text)), tmp_path / "sweeps", total=None, workers=1
    ) as sweep:
        sweep.kept_in = tmp_path / "kept"
        for _ in sweep.run(lambda: False):
            pass
        chosen = select(load_candidates(sweep, sweep.kept_in), "val_loss").chosen
        summary = write_ensemble(RunFolder(tmp_path / "ensemble"), "both", chosen)
    assert {"train", "val", "test"} == {*summary["distribution"]}
    own = open_run(tmp_path / "ensemble")
    intervals = summary["distribution"]["test"]["y"]["intervals"]
    measured = own.evaluate(interval=[one["level"] for one in intervals]).distribution["y"]["intervals"]
    assert [one["coverage"] for one in intervals] == [one["coverage"] for one in measured]
