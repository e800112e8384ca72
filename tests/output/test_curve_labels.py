"""Legends say what curves are of."""

from nettrain.experiment.running_loss import peculiarities
from nettrain.output.curve_labels import curve_labels
from tests.trained import IRIS, experiment


def test_labels_say_what_a_running_loss_holds_and_that_rows_are_a_sample() -> None:
    assert peculiarities(experiment(IRIS, "model.dropout=0.1", "model.batch_norm=true")) == [
        "dropout",
        "batch norm",
    ]
    noisy = ("model.input_noise=0.1", "loss={name: cross_entropy, label_smoothing: 0.1}")
    one = experiment(IRIS, *noisy, "data.class_weights=balanced", "training.evaluate_train=20")
    assert curve_labels(one, 102) == {
        "running": "running (with noise, smoothing, class weights)",
        "train": "training (20 rows)",
    }
    assert curve_labels(experiment(IRIS, "training.evaluate_train=102"), 102) == {}
