"""A chunk of trials in the process that trains it: when its results are sent, and what its curves and rungs have."""

import math
from dataclasses import replace

from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.sweep import chunk_training
from nettrain.sweep.chunk_training import ChunkTraining
from nettrain.sweep.messages import ChunkProgress, ResumeChunk, RungReached, TrialsEnded
from nettrain.workflow.tensorboard.trial_curves import TrialCurves
from tests.export.event_reader import read_events
from tests.sweep.test_sweep_on_a_device import chunk_of


def test_results_are_sent_while_others_train(monkeypatch):
    """Trial 4 ends at the first rung, long before the others."""
    monkeypatch.setattr(chunk_training, "RESULTS_INTERVAL", -1.0)
    monkeypatch.setattr(chunk_training, "PROGRESS_INTERVAL", -2.0)
    messages = []
    running = ChunkTraining(*chunk_of(1))
    assert running.train_to_rung(messages.append)
    running.go_on(ResumeChunk(0, (4,)))
    messages.clear()
    assert running.train_to_rung(messages.append)
    assert [ChunkProgress, TrialsEnded, RungReached] == [type(one) for one in messages]
    assert (3, 4) == (messages[0].epoch, messages[0].members)
    assert (False, [(4, "pruned", 2)]) == (
        messages[1].chunk_done,
        [(one.trial, one.status, one.epochs) for one in messages[1].results],
    )
    assert {0, 1, 2, 3} == {*messages[2].figures}


def test_at_a_rung_a_trial_of_which_a_fold_has_diverged_has_no_figure():
    chunk, data = chunk_of(3)
    wild = [
        one.model_copy(update={"optimizer": one.optimizer.model_copy(update={"learning_rate": 1e300})})
        for one in chunk.experiments[0][:1]
    ]
    trials = ((*wild, *chunk.experiments[0][1:]), *chunk.experiments[1:])
    messages = []
    ChunkTraining(replace(chunk, experiments=trials, rungs=(1,)), data).train_to_rung(messages.append)
    figures = messages[-1].figures
    assert [0] == [trial for trial, figure in figures.items() if math.isnan(figure)]
    assert 5 == len(figures)


def test_trials_have_curves_those_of_folds_below_them(tmp_path):
    for folds, parts in ((1, ["trial-2"]), (3, ["trial-2/fold-1", "trial-2/fold-3"])):
        place = LogFolder.of(tmp_path / "logs", f"{folds} folds", tmp_path)
        chunk, data = chunk_of(folds)
        running = ChunkTraining(replace(chunk, rungs=(), watcher=TrialCurves(place)), data)
        assert not running.train_to_rung(lambda message: None)
        for part in parts:
            losses = read_events(place.path / part).scalars["loss/validation"]
            assert [1, 2, 3, 4, 5, 6] == [*losses]
