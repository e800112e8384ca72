"""Training rows that stream to the device give the same bits as rows that are there.

On the fake CuPy, whose streams do their work as late as CUDA may do it: the one that computes, the one that copies, or
both. A stream that does not wait for the other then reads rows that have not arrived yet, or are overwritten.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from nettrain.backend.choose import open_backend
from nettrain.backend.pool import Pool
from nettrain.experiment.settings import Experiment
from nettrain.inference import predict
from nettrain.inference.evaluate import evaluate_ensemble, evaluate_members
from nettrain.inference.mc_dropout import mc_predictions
from nettrain.inference.predictions import predict_labelled
from nettrain.inference.split_predictions import most_telling_split, predict_split
from nettrain.store.trained_run import TrainedRun
from nettrain.training.diagnostics.divergence import diagnose
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.rows import double_buffer
from tests.fake_cupy import on_host, streams
from tests.fake_cupy.backend import FakeCupyBackend
from tests.fake_cupy.module import in_place_of_cupy
from tests.fake_cupy.queue import being_late, queue
from tests.fake_cupy.traffic import traffic
from tests.trained import IRIS, Trained, built, experiment, prepared, trained

pytestmark = pytest.mark.usefixtures("step_by_step")

FULL = partial(FakeCupyBackend, room=0)  # a device on which no rows fit
LATE = [("compute",), ("copies",), ("compute", "copies")]
STEPS = 2  # of a block, with one order and batches of 16 rows


@pytest.fixture(autouse=True)
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and chunks so small that an epoch takes several blocks, and a pass several chunks."""
    row = 4 * 4 + 8 + 4  # of iris: inputs, label, weight
    monkeypatch.setattr(double_buffer, "BLOCK_BYTES", STEPS * 16 * row)
    monkeypatch.setattr(predict, "chunk_rows", lambda architecture, chunk_bytes: 8)


@pytest.fixture(params=LATE, ids="+".join)
def late(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """Streams that do their work as late as possible."""
    with being_late(*request.param):
        yield request.param


LATELY = pytest.mark.usefixtures("late")


def specs(count: int, *choice: str) -> list[Experiment]:
    return [experiment(IRIS, *choice, f"seed={r}") for r in range(count)]


SHARED = "training.order_seed=5"
SETTINGS = {
    "one order": (3, [SHARED]),
    "own orders": (3, []),
    "replacement": (2, ["training.sampling=replacement"]),
    "the last batch dropped": (2, ["training.drop_last=true", SHARED]),
    "no short batch": (2, ["training.batch_size=15", SHARED]),
    "batches of one row": (1, ["training.batch_size=1", "training.epochs=2"]),
    "no shuffling": (2, ["training.shuffle=false"]),
    "best weights": (3, ["training.early_stopping={patience: 1, min_delta: 0.1}", "training.epochs=9"]),
    "dropout and noise": (2, ["model.dropout=0.3", "model.input_noise=0.1", SHARED]),
    "batch norm": (2, ["model.batch_norm=true", SHARED]),
    "class weights": (2, ["data.class_weights=balanced"]),
    "sub-members": (1, ["model.sub_members=2"]),
    "sub-members that share a batch": (2, ["model.sub_members={count: 3, own_batches: false}", SHARED]),
    "numbers": (1, ["data.source=synthetic:sine"]),
    "a slow metric": (2, ["training.early_stopping={monitor: val_macro_f1, patience: 3}"]),
    "penalties and limits": (2, ["optimizer=nesterov", "regularization={l1: 0.01, max_norm: 1}"]),
    "snapshots": (2, ["training.snapshots=2", SHARED]),
    "parts of an epoch": (2, ["training.evaluate_every=0.25"]),
    "a sample of training rows": (
        2,
        ["training.early_stopping={monitor: train_loss, patience: 3}", "training.evaluate_train=30", SHARED],
    ),
    "training rows within an epoch": (
        2,
        ["training.target={train_accuracy: 0.97}", "training.evaluate_every=0.5", SHARED],
    ),
}


def streamed(run: Any) -> Any:
    """The run, after a check that all rows stream and that an epoch takes several blocks."""
    assert {table.prefetcher is not None for table in run.data.datasets.values()} == {True}
    assert run.data.batches.steps > 2 * run.data.double_buffer.steps
    return run


def assert_same(here: Trained, there: Trained) -> None:
    streamed(there.run)
    assert here.run.data.double_buffer is None
    assert here.stopped == there.stopped
    for name in ("parameters", "statistics"):
        assert getattr(here.run.final, name).tobytes() == getattr(there.run.final, name).tobytes()
    for member in range(len(here.run.final.parameters)):
        np.testing.assert_equal(there.history(member), here.history(member))


@LATELY
@pytest.mark.parametrize("setting", SETTINGS)
def test_streaming_changes_no_bit(setting: str) -> None:
    members, choice = SETTINGS[setting]
    experiments = specs(members, *choice)
    assert_same(trained(experiments, FakeCupyBackend), trained(experiments, FULL))


@LATELY
def test_members_that_stop_early() -> None:
    choice = ["training.epochs=12", "training.early_stopping={patience: 2, min_delta: 0.05}"]
    experiments = [
        experiment(IRIS, *choice, f"optimizer.learning_rate={2.0**-r}", f"seed={r}") for r in range(3)
    ]
    here, there = trained(experiments, FakeCupyBackend), trained(experiments, FULL)
    assert_same(here, there)
    assert there.run.population.size < 3


@LATELY
@pytest.mark.parametrize("setting", ["own orders", "replacement", "best weights", "dropout and noise"])
def test_a_run_interrupted_within_an_epoch_and_resumed_ends_the_same(setting: str) -> None:
    members, choice = SETTINGS[setting]
    experiments = specs(members, *choice)
    whole = trained(experiments, FakeCupyBackend)
    for steps in (3, 4, 13):  # after the first step of a block, after its last, before the short batch
        asked = iter([False] * steps)
        begun = TrainingLoop(built(experiments, FULL), partial(next, asked, True))
        for _ in begun.events():
            pass
        assert begun.progress.step == steps + 1
        rest = TrainingLoop(built(experiments, FULL))
        restore(rest, snapshot(begun))
        for _ in rest.events():
            pass
        assert rest.run.final.parameters.tobytes() == whole.run.final.parameters.tobytes()
        assert rest.endings.stopped == whole.stopped


@LATELY
def test_the_diagnosis_of_a_divergence() -> None:
    rule = "optimizer={name: sgd, learning_rate: 1e6}"
    spec = experiment(IRIS, "model.activation=relu", rule)
    results = []
    for new_backend in (FakeCupyBackend, FULL):
        run = built([spec], new_backend)
        results.append(diagnose(run.experiment, prepared(run.experiment), run.backend))
    here, there = results
    assert here is not None
    assert there is not None
    assert here.step == 3  # the first of a block
    np.testing.assert_equal(vars(there), vars(here))


def inferred(new_backend: Any) -> list[Any]:
    """Metrics and predictions of a trained run, and of its networks as from a file."""
    experiments = specs(2, "model.dropout=0.2", "training.epochs=2")
    run, data = trained(experiments, new_backend).run, prepared(experiments[0])
    networks, datasets = run.networks([run.experiment] * 2), run.data.datasets
    fitted = (run.architecture, run.final.parameters, run.final.statistics, data.preprocessing)
    stored = TrainedRun(run.experiment, *fitted, run.backend).networks
    labelled = predict_labelled(stored, data.train)
    of_rows = [labelled.values, labelled.losses, *mc_predictions(stored, data.train.x, 3)]
    split = predict_split(networks, datasets[most_telling_split(datasets)])
    return [evaluate_members(networks, datasets), evaluate_ensemble(networks, datasets), split, *of_rows]


@LATELY
def test_metrics_and_predictions() -> None:
    for here, there in zip(inferred(FakeCupyBackend), inferred(FULL), strict=True):
        np.testing.assert_equal(there, here)


WAITS: dict[str, tuple[str, Callable[[Any], tuple[Any, str]]]] = {
    "of a step for its rows": ("copies", lambda prefetcher: (prefetcher._stream, "wait_event")),
    "of a copy for the steps before": ("compute", lambda prefetcher: (prefetcher._copies, "wait_event")),
    "of the host for a block": ("compute copies", lambda prefetcher: (streams.Event, "synchronize")),
}


@pytest.mark.parametrize("wait", WAITS)
def test_without_one_of_the_waits_training_goes_wrong(wait: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the three waits is needed, and the fake CuPy shows it."""
    experiments, (late, waiting) = specs(2, SHARED), WAITS[wait]
    here, run = trained(experiments, FakeCupyBackend), built(experiments, FULL)
    monkeypatch.setattr(*waiting(run.backend.prefetcher()), lambda *_: None)
    with being_late(*late.split()):
        for _ in TrainingLoop(run).events():
            pass
    assert here.run.final.parameters.tobytes() != run.final.parameters.tobytes()


class TrafficRecorder:
    """Records after every step what has gone to and from the device."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int]] = []

    def __call__(self) -> bool:
        self.seen.append((traffic.waits, traffic.uploads, traffic.streamed))
        return False


EXCHANGED = ["one order", "own orders", "class weights", "batches of one row"]


@LATELY
@pytest.mark.parametrize("setting", EXCHANGED)
def test_within_an_epoch_only_one_block_after_another_is_sent(setting: str) -> None:
    members, choice = SETTINGS[setting]
    run, observer = built(specs(members, *choice), FULL), TrafficRecorder()
    for _ in TrainingLoop(run, observer).events():
        pass
    steps, length = run.data.batches.steps, streamed(run).data.double_buffer.steps
    arrays, last = 2 if run.data.double_buffer.unweighted else 3, (steps - 1) // length
    for first in range(0, len(observer.seen), steps):
        waits, uploads, sent = zip(*observer.seen[first : first + steps - 1], strict=True)
        assert len({*zip(waits, uploads, strict=True)}) == 1
        # before the first step of each block the next one is sent
        blocks = [step // length + 1 for step in range(steps - 1)]
        assert [(now - sent[0]) // arrays for now in sent] == [min(block, last) - 1 for block in blocks]


@pytest.mark.parametrize("setting", EXCHANGED)
def test_the_host_waits_for_a_block_two_behind_and_not_for_the_last_steps(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members, choice = SETTINGS[setting]
    run, undone = built(specs(members, *choice), FULL), list[int]()
    wait = streams.Event.synchronize

    def watched(event: streams.Event) -> None:
        before = traffic.held
        wait(event)
        undone.extend([len(queue.compute.work)] * (traffic.held - before))

    monkeypatch.setattr(streams.Event, "synchronize", watched)
    monkeypatch.setattr(run.data.double_buffer, "steps", 1)  # so that an epoch has blocks enough
    with being_late("compute", "copies"):
        for _ in TrainingLoop(run).events():
            pass
    assert len(undone) >= 4
    assert min(undone) >= 2  # the steps before that of the block to be filled


def copies_of(run: Any) -> Any:
    """Copies that have not been made yet."""
    return run.backend.prefetcher()._copies.line.work


def test_no_copy_is_under_way_when_a_run_has_ended() -> None:
    asked = iter([False] * 2)
    training = TrainingLoop(built(specs(2), FULL), partial(next, asked, True))
    with being_late("copies"):
        for _ in training.events():
            pass
        assert not copies_of(training.run)


def test_no_copy_is_under_way_when_the_chunks_are_closed() -> None:
    run = built(specs(1), FULL)
    inputs = predict.inputs_of(run.backend, prepared(run.experiment).train.x)
    network = run.networks([run.experiment]).network()
    chunks = iter(predict.row_chunks(network, inputs, Pool(run.backend)))
    with being_late("copies"):
        next(chunks)
        assert copies_of(run)
        chunks.close()  # type: ignore[attr-defined]
        assert not copies_of(run)


@pytest.mark.skipif(on_host.COMPILER is None, reason="no g++")
def test_the_cupy_backend_and_its_graphs(late: tuple[str, ...]) -> None:
    """A limit of CuPy's memory pool is what makes rows stream."""
    ends = []
    with in_place_of_cupy(graphs=True) as cupy, being_late(*late):
        for limit in (0, 1):
            cupy.get_default_memory_pool().set_limit(limit)
            ends.append(trained(specs(2, "training.epochs=3"), partial(open_backend, "cupy")))
        assert queue.made > 0
        assert_same(*ends)
