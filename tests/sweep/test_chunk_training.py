"""A chunk of trials in the process that trains it: when its results are sent, and what its curves and rungs have."""

import math
from dataclasses import replace
from time import time

from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.sweep import chunk_training
from nettrain.sweep.chunk_training import ChunkTraining
from nettrain.sweep.messages import ChunkProgress, ExchangeChunk, ResumeChunk, RungReached, TrialsEnded
from nettrain.workflow.tensorboard import trial_curves
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


def wild(chunk):
    """The chunk, of whose first trial the first network diverges in the first epoch."""
    first = chunk.experiments[0][0]
    rate = first.optimizer.model_copy(update={"learning_rate": 1e300})
    trial = (first.model_copy(update={"optimizer": rate}), *chunk.experiments[0][1:])
    return replace(chunk, experiments=(trial, *chunk.experiments[1:]))


def test_at_a_rung_a_trial_of_which_a_fold_has_diverged_has_no_figure():
    chunk, data = chunk_of(3)
    messages = []
    ChunkTraining(replace(wild(chunk), rungs=(2,)), data).train_to_rung(messages.append)
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


def test_in_a_population_that_evolves_a_diverged_trial_goes_on_from_another():
    chunk, data = chunk_of(1)
    messages = []
    running = ChunkTraining(replace(wild(chunk), evolves=True, rungs=(2,)), data)
    assert running.train_to_rung(messages.append)
    assert [[1, 2, 3, 4]] == [sorted(one.figures) for one in messages if isinstance(one, RungReached)]
    assert not [one for one in messages if isinstance(one, TrialsEnded)]
    experiments = tuple(trial[0] for trial in chunk.experiments)
    running.go_on(ExchangeChunk(0, (1, 1, 2, 3, 4), experiments))
    assert not running.train_to_rung(messages.append)
    ended = {one.trial: one for one in messages[-1].results}
    assert [("finished", 6)] * 5 == [(ended[k].status, ended[k].epochs) for k in range(5)]


def test_curves_are_there_while_trials_wait_at_a_rung(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_curves, "SECONDS", 0.0)
    place = LogFolder.of(tmp_path / "logs", "sweep", tmp_path)
    chunk, data = chunk_of(1)
    running = ChunkTraining(replace(chunk, watcher=TrialCurves(place)), data)
    assert running.train_to_rung(lambda message: None)
    assert [1, 2] == [*read_events(place.path / "trial-2").scalars["loss/validation"]]


def test_training_stops_at_the_deadline():
    chunk, data = chunk_of(1)
    messages = []
    assert not ChunkTraining(replace(chunk, rungs=(), deadline=time() - 1), data).train_to_rung(
        messages.append
    )
    assert [(True, True)] * 5 == [(one.out_of_time, one.epochs < 6) for one in messages[-1].results]
