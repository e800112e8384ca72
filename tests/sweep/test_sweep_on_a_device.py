"""A population of trials on a device: rungs, trials that are pruned, results."""

import pytest

from nettrain.data.prepare import Prepared
from nettrain.experiment.resolution import resolve_with_data
from nettrain.sweep import population_training
from nettrain.sweep.chunk_training import ChunkTraining
from nettrain.sweep.epoch_time import seconds_per_epoch
from nettrain.sweep.messages import FromWorker, ResumeChunk, RungReached, TrialChunk, TrialResult, TrialsEnded
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import IRIS, experiment, prepared

RATES = (0.1, 0.03, 0.01, 0.003, 1e-4)


def chunk_of(folds: int) -> tuple[TrialChunk, list[Prepared]]:
    """Trials that are compared twice, and their data: of one fold, or of several."""
    taken = [f"data.folds={{count: {folds}, take: {k}}}" for k in range(1, folds + 1)] if folds > 1 else [""]
    specs = [
        [experiment(IRIS, f"optimizer.learning_rate={rate}", *filter(None, [take])) for take in taken]
        for rate in RATES
    ]
    data = [prepared(spec) for spec in specs[0]]
    trials = tuple(
        tuple(resolve_with_data(spec, fold) for spec, fold in zip(trial, data, strict=True))
        for trial in specs
    )
    parts = (tuple(range(folds)),)
    chunk = TrialChunk(0, tuple(range(5)), trials, None, "val_macro_f1", (2, 4), populations=parts)  # type: ignore[arg-type]
    return chunk, data


def results(folds: int) -> tuple[dict[int, TrialResult], list[dict[int, float]]]:
    """The result of each trial, and the metrics at each rung."""
    messages: list[FromWorker] = []
    running = ChunkTraining(*chunk_of(folds))
    for worst in (4, 3):
        assert running.train_to_rung(messages.append)
        running.go_on(ResumeChunk(0, (worst,)))
    assert not running.train_to_rung(messages.append)
    ended = {
        one.trial: one for message in messages if isinstance(message, TrialsEnded) for one in message.results
    }
    return ended, [message.figures for message in messages if isinstance(message, RungReached)]


@pytest.mark.parametrize("folds", [1, 3])
def test_a_chunk_ends_the_same_on_a_device(folds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    here, rungs_here = results(folds)
    monkeypatch.setattr(
        population_training, "open_backend", lambda name, **of: FakeCupyBackend(of["dtype"], 1)
    )
    there, rungs_there = results(folds)
    assert rungs_here == rungs_there
    assert len(rungs_there) == 2
    assert {"pruned", "finished"} == {one.status for one in there.values()}
    for trial, one in here.items():
        assert (one.status, one.epochs) == (there[trial].status, there[trial].epochs)
        assert one.figures == pytest.approx(there[trial].figures, rel=1e-6)
        assert (folds if folds > 1 else 0) == len(there[trial].folds)


def test_the_time_of_an_epoch_is_measured_on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []

    def fake(name: str, **of: object) -> FakeCupyBackend:
        opened.append(int(str(of["device"])))
        return FakeCupyBackend(str(of["dtype"]), 1)

    monkeypatch.setattr(population_training, "open_backend", fake)
    chunk, data = chunk_of(3)
    assert 0 < seconds_per_epoch(chunk.experiments[0], data, 2) < 60
    assert [2] == opened
