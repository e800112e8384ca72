"""A population of trials on a device: rungs, trials that are pruned, results."""

import pytest

from nettrain.experiment.resolution import resolve_with_data
from nettrain.sweep import chunk_training
from nettrain.sweep.messages import FromWorker, RungReached, TrialChunk, TrialResult, TrialsEnded
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import IRIS, experiment, prepared

RATES = (0.1, 0.03, 0.01, 0.003, 1e-4)


def results() -> tuple[dict[int, TrialResult], list[dict[int, float]]]:
    """The result of each trial, and the metrics at each rung."""
    specs = [experiment(IRIS, f"optimizer.learning_rate={rate}") for rate in RATES]
    data = prepared(specs[0])
    trials = tuple(resolve_with_data(spec, data) for spec in specs)
    chunk = TrialChunk(0, tuple(range(5)), trials, data=None, metric="val_macro_f1", rungs=(2, 4))  # type: ignore[arg-type]
    messages: list[FromWorker] = []
    running = chunk_training.ChunkTraining(chunk, data)
    for worst in (4, 3):
        assert running.train_to_rung(messages.append)
        running.pruned |= {worst}
    assert not running.train_to_rung(messages.append)
    ended = {
        one.trial: one for message in messages if isinstance(message, TrialsEnded) for one in message.results
    }
    return ended, [message.figures for message in messages if isinstance(message, RungReached)]


def test_a_chunk_ends_the_same_on_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    here, rungs_here = results()
    monkeypatch.setattr(chunk_training, "open_backend", lambda name, **of: FakeCupyBackend(of["dtype"], 1))
    there, rungs_there = results()
    assert rungs_here == rungs_there
    assert len(rungs_there) == 2
    assert {"pruned", "finished"} == {one.status for one in there.values()}
    for trial, one in here.items():
        assert (one.status, one.epochs) == (there[trial].status, there[trial].epochs)
        assert one.figures == pytest.approx(there[trial].figures, rel=1e-6)
