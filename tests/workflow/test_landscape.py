"""Loss landscapes of runs: the path is that of the training, and the weights lie where they should."""

import numpy as np
import pytest

import nettrain
from nettrain.errors import SpecError
from nettrain.workflow.landscape import LandscapeOptions, with_resolution
from nettrain.workflow.training_path import recorded_epochs, training_path

pytestmark = pytest.mark.usefixtures("step_by_step")

IRIS = {
    "data": {"source": "builtin:iris", "validation": 0.2},
    "model": {"hidden": [5]},
    "training": {"epochs": 8, "batch_size": 16},
}


@pytest.fixture(scope="module")
def run():
    return nettrain.train(IRIS)


def test_the_surface_at_the_final_weights_is_the_loss_of_the_run(run):
    landscape = nettrain.loss_landscape(run, resolution=5)
    assert landscape.loss == pytest.approx(run.metrics["train"]["loss"], rel=1e-6)
    random, path = landscape.surfaces
    assert random.losses[2, 2] == pytest.approx(landscape.loss, rel=1e-6)
    assert (5 * 5 * 2 + 9, 9) == (landscape.networks, len(landscape.epochs))
    assert path.explained is not None
    assert 0.5 < path.explained <= 1


def test_the_path_has_the_losses_of_the_history(run):
    landscape = nettrain.loss_landscape(run, resolution=3, split="validation")
    history = {row["epoch"]: row["val_loss"] for row in run.history.to_dicts()}
    for epoch, loss in zip(landscape.epochs, landscape.path_losses, strict=True):
        if epoch:
            assert loss == pytest.approx(history[epoch], rel=1e-6)
    assert landscape.path_losses[0] > landscape.path_losses[-1]


@pytest.mark.parametrize(
    "changes",
    [
        ("training.early_stopping={patience: 1, monitor: val_loss}",),
        ("training.repeat=3", "training.early_stopping={patience: 1, monitor: val_loss}"),
        ("model.dropout=0.2", "model.batch_norm=true", "optimizer={name: momentum, momentum: 0.9}"),
    ],
    ids=["early stopping", "repeats", "noise"],
)
def test_training_again_ends_with_the_weights_of_the_run(changes):
    run = nettrain.train(IRIS, *changes, "training.epochs=30")
    for member in range(len(run.trained.parameters)):
        summary = run.summary["members"][member] if "members" in run.summary else run.summary
        path = training_path(run.trained.experiment, member, summary["epochs_run"])
        assert np.array_equal(path.ended, run.trained.parameters[member])
        assert (0, summary["epochs_run"]) == (path.epochs[0], path.epochs[-1])
    assert not any("other weights" in note for note in nettrain.loss_landscape(run, resolution=3).notes)


def test_the_path_of_an_interrupted_run_is_as_long_as_the_run():
    seen = []
    run = nettrain.train(IRIS, on_event=seen.append, stop=lambda: len(seen) > 3)
    landscape = nettrain.loss_landscape(run, resolution=3)
    assert landscape.epochs == tuple(range(run.epochs + 1))


def test_long_trainings_are_recorded_more_densely_at_the_start():
    epochs = sorted(recorded_epochs(1000, 4000))
    steps = np.diff([0, *epochs])
    assert (1, 1000) == (epochs[0], epochs[-1])
    assert len(epochs) <= 100
    assert steps[:10].max() < steps[-10:].min()
    assert {1, 2, 3} == recorded_epochs(3, 4000)
    assert len(recorded_epochs(1000, 10**9)) <= 10


def test_without_a_path_nothing_is_trained(run, monkeypatch):
    monkeypatch.setattr("nettrain.workflow.landscape.training_path", None)
    landscape = nettrain.loss_landscape(run, resolution=3, path=False)
    assert ((), 1) == (landscape.epochs, len(landscape.surfaces))


def test_a_sample_of_the_rows_is_noted(run):
    landscape = nettrain.loss_landscape(run, resolution=3, rows=20, path=False)
    assert 20 == landscape.rows
    assert "a sample of 20 of" in landscape.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 2}, "^resolution: 2 is not at least 3"),
        ({"rows": 0}, "^rows: 0 is not at least 1"),
        ({"span": 0.0}, "^span: 0 is not above 0"),
        ({"member": 1}, "^member: 1 is not there"),
        ({"split": "test"}, "the run has no test rows"),
        ({"split": "trian"}, 'there is no split "trian", did you mean "train"?'),
    ],
    ids=["resolution", "rows", "span", "member", "split", "typo"],
)
def test_what_cannot_be_drawn_is_refused(run, options, message):
    with pytest.raises(SpecError, match=message):
        nettrain.loss_landscape(run, **options)


def test_large_networks_have_coarser_grids_by_default(run):
    networks = run.trained.networks
    wide = nettrain.train(IRIS, "model.hidden=[600, 600]", "training.epochs=1").trained.networks
    fine, coarse = (with_resolution(LandscapeOptions(), one).resolution for one in (networks, wide))
    assert 41 == fine
    assert 15 <= coarse < 41
    assert coarse % 2, "so that the final weights are a point"
    assert 9 == with_resolution(LandscapeOptions(resolution=9), wide).resolution
