"""What an animation shows: the networks as they were after its epochs, whoever stops when."""

import io

import numpy as np
import pytest
from PIL import Image

from nettrain.output.figures.animation import LAST, animation
from nettrain.workflow.animation import FRAMES, MOST_RECORDED, EpochRecorder, chosen
from nettrain.workflow.in_memory import MemoryRecorder
from nettrain.workflow.preparation import prepare_training
from nettrain.workflow.small_world import look, predicting, small_world
from nettrain.workflow.source import load_experiment
from nettrain.workflow.training import TrainingJob
from tests.fake_cupy.backend import FakeCupyBackend

MOONS = {
    "experiment": "m",
    "data": {"source": "synthetic:moons"},
    "model": {"hidden": [5]},
    "optimizer": {"name": "adam", "learning_rate": 0.02},
}


def recorded(*overrides):
    prepared = prepare_training(load_experiment(MOONS, overrides))
    recorder = EpochRecorder(prepared)
    return recorder, TrainingJob(prepared, MemoryRecorder(prepared)).run(recorder.on_event)


def frames_of(recorder, result):
    return recorder.frames(result, small_world(result.prepared.data, result.run.model.task))


@pytest.mark.parametrize("extra", [[], ["training.ensemble=3"], ["model.norm=batch"]], ids=str)
def test_frames_are_the_networks_after_their_epochs(extra):
    recorder, result = recorded("training.epochs=5", *extra)
    assert [0, 1, 2, 3, 4, 5] == [one.epoch for one in recorder.recorded]
    frames = frames_of(recorder, result)
    _, shorter = recorded("training.epochs=3", *extra)
    world = small_world(shorter.prepared.data, shorter.run.model.task)
    expected = look(world, [("", predicting(shorter.networks))], 81).views[0].values
    np.testing.assert_array_equal(expected, frames[3].seen.views[0].values)


def test_the_last_frame_is_the_network_that_is_kept():
    stopping = ["training.early_stopping={patience: 3}", "optimizer.learning_rate=0.3"]
    recorder, result = recorded("training.epochs=60", *stopping)
    frames = frames_of(recorder, result)
    best = result.summary["best_epoch"]
    assert f"epoch {best}: the best, which is kept" == frames[-1].label
    at_best = next(frame for frame in frames if frame.label.startswith(f"epoch {best},"))
    np.testing.assert_array_equal(at_best.seen.views[0].values, frames[-1].seen.views[0].values)


def test_long_trainings_have_few_frames_and_more_of_the_first_epochs():
    recorder, result = recorded("training.epochs=300", "training.batch_size=full")
    frames = frames_of(recorder, result)
    epochs = [float(frame.label.split()[1].strip(",:")) for frame in frames]
    assert len(frames) <= FRAMES
    assert ([0.0, 1.0], 300.0) == (epochs[:2], epochs[-1])
    assert np.median(epochs) < 100


def test_chosen_epochs_are_spaced_by_the_square_root():
    epochs = [float(epoch) for epoch in range(1001)]
    assert [0.0, 10.0, 40.0, 90.0, 160.0] == [epochs[k] for k in chosen(epochs, 11)[:5]]
    assert [0, 1, 2] == chosen([0.0, 5.0, 9.0])


def test_a_diverged_training_has_frames_until_then():
    recorder, result = recorded("training.epochs=4", "optimizer=sgd", "optimizer.learning_rate=1e30")
    assert frames_of(recorder, result)


def test_the_same_frames_make_the_same_small_file():
    recorder, result = recorded("training.epochs=8")
    frames = frames_of(recorder, result)
    data = animation(frames, "moons")
    assert (True, True) == (data == animation(frames, "moons"), len(data) < 2e6)
    picture = Image.open(io.BytesIO(data))
    picture.seek(picture.n_frames - 1)
    assert (9, LAST) == (picture.n_frames, picture.info["duration"])


def test_a_line_is_wider_than_high():
    recorder, result = recorded("training.epochs=1", "data.source=synthetic:sine")
    picture = Image.open(io.BytesIO(animation(frames_of(recorder, result), "sine")))
    assert (484, 332) == picture.size  # 5.2 × 3 inches of axes, 80 dots each


def test_networks_on_a_device_are_recorded_alike(monkeypatch):
    overrides = ["training.epochs=3", "training.ensemble=2", "model.norm=batch"]
    on_host = frames_of(*recorded(*overrides))
    monkeypatch.setattr(
        "nettrain.workflow.preparation.named_backend",
        lambda settings: FakeCupyBackend(dtype=settings.dtype, threads=1),
    )
    on_device = frames_of(*recorded(*overrides))
    for one, other in zip(on_host, on_device, strict=True):
        np.testing.assert_allclose(one.seen.views[0].values, other.seen.views[0].values, atol=1e-4)


def test_evaluations_within_an_epoch_have_frames_of_their_own():
    recorder, result = recorded("training.epochs=2", "training.evaluate_every=0.25")
    labels = [frame.label.partition(",")[0] for frame in frames_of(recorder, result)]
    assert ["epoch 0", "epoch 0.25", "epoch 0.5", "epoch 0.75", "epoch 1"] == labels[:5]


def test_very_many_evaluations_are_thinned_out():
    recorder, _ = recorded("training.epochs=3", "training.evaluate_every=0.005", "training.batch_size=4")
    epochs = [one.epoch for one in recorder.recorded]
    assert len(epochs) <= MOST_RECORDED
    assert (0, 3, epochs) == (epochs[0], epochs[-1], sorted(epochs))
