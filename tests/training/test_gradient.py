"""Backpropagation against central differences in float64, with dropout masks held fixed."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.training.step.training_step import training_step
from tests.trained import IRIS, built, data_of, experiment

STEP = np.finfo(np.float64).eps ** (1 / 3)


class Probe:
    """One step of a run whose update does nothing, so that only loss and gradient remain."""

    def __init__(self, *overrides: str) -> None:
        common = ["backend.dtype=float64", "optimizer=sgd", "training.batch_size=16"]
        self.run = built([experiment(IRIS, *common, *overrides)])
        self.step = training_step(self.run, 16)
        self.step.index[...] = np.arange(16)[None]
        self.run.step_counter[0] = 3
        self.parameters = self.run.population["parameters"]
        statistics = self.run.population["statistics"]
        statistics += np.random.default_rng(1).random(statistics.shape)
        # biases are moved too, so that no unit is at a kink
        rng = np.random.default_rng(0)
        for slot in self.run.layout.slots:
            part = self.parameters[:, slot.start : slot.start + slot.size]
            part += 0.3 * rng.standard_normal(part.shape)

    def loss(self) -> float:
        total = self.run.population["total"]
        total[:] = 0
        self.step.replay()
        mean = self.run.experiment.loss.reduction == "mean"
        return float(total[0, 0] / (total[0, 1] if mean else 1))

    def gradient(self) -> np.ndarray:
        self.loss()
        return self.run.population["gradient"][0].copy()

    def difference(self, index: int) -> float:
        original = self.parameters[0, index]
        size = STEP * max(1.0, abs(original))
        values = []
        for sign in (1, -1):
            self.parameters[0, index] = original + sign * size
            values.append(self.loss())
        self.parameters[0, index] = original
        return (values[0] - values[1]) / (2 * size)


def assert_right(probe: Probe) -> None:
    gradient = probe.gradient()
    for slot in probe.run.layout.slots:
        indices = range(slot.start, slot.start + slot.size)
        differences = np.array([probe.difference(index) for index in indices])
        analytic = gradient[slot.start : slot.start + slot.size]
        worst = np.abs(analytic - differences).max() / max(np.abs(differences).max(), 1e-3)
        assert worst < 1e-7, (slot.layer, slot.name)


HIDDEN = [name for name, entry in activations.items() if not entry.outputs_only]
LAYERS = """[
  {units: 7, batch_norm: true, dropout: 0.3},
  {units: 5, activation: prelu, bias: false},
  {units: 6, activation: {name: maxout, pieces: 3}, batch_norm: {epsilon: 0.1}, bias: true, dropout: 0.2},
]"""
SINE = ["data.source=synthetic:sine", "loss.name=mse"]


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("batch_norm", ["false", "true"])
def test_every_activation(activation: str, batch_norm: str) -> None:
    assert_right(Probe(f"model.activation={activation}", f"model.batch_norm={batch_norm}"))


@pytest.mark.parametrize("activation", activations)
def test_every_activation_of_outputs(activation: str) -> None:
    target = ["data.target=[2, 3]", "data.columns.ignore=[4]", "loss.name=mse"]
    assert_right(Probe(*target, f"model.output_activation={activation}"))


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.batch_norm=true"],
        ["model.batch_norm={epsilon: 0.5}", "model.bias=true"],
        ["model.bias=false"],
        ["model.input_noise=0.5"],
        ["model.input_noise=0.5", "model.dropout=0.4", "model.batch_norm=true"],
        ["model.hidden=null", f"model.layers={LAYERS}"],
        ["model.activation={name: maxout, pieces: 4}"],
    ],
)
def test_every_layer(overrides: list[str]) -> None:
    assert_right(Probe(*overrides))


@pytest.mark.parametrize(("loss", "targets"), [(n, k) for n, entry in losses.items() for k in entry.fits])
def test_every_loss(loss: str, targets: str, tmp_path: Path) -> None:
    assert_right(Probe(*data_of(targets, tmp_path), f"loss.name={loss}"))


@pytest.mark.parametrize(
    "overrides",
    [
        ["loss.name=cross_entropy", "loss.label_smoothing=0.2"],
        ["loss.name=cross_entropy", "loss.reduction=sum"],
        ["data.source=synthetic:moons", "loss.name=binary_cross_entropy", "loss.label_smoothing=0.2"],
        ["data.source=synthetic:moons", "loss.name=cross_entropy"],
        ["data.source=synthetic:sine", "loss.name=mse", "loss.reduction=sum"],
        ["data.source=synthetic:sine", "loss.name=mse", "model.output_activation=tanh"],
    ],
)
def test_losses_with_options(overrides: list[str]) -> None:
    assert_right(Probe(*overrides))


def test_dropout_with_its_masks_held_fixed() -> None:
    probe = Probe("model.dropout=0.4")
    assert_right(probe)
    before = probe.gradient()
    probe.run.step_counter[0] = 4
    assert not np.array_equal(before, probe.gradient())  # another step, other masks


def test_a_linear_model() -> None:
    assert_right(Probe("model.hidden=[]"))


def test_padding_between_layers_stays_zero() -> None:
    run = built([experiment(IRIS, "optimizer=adam")])
    step = training_step(run, 16)
    run.population["coefficients"][:] = [0, 0.9, 0.1, 0.999, 0.001, 1e-8, 0.1, 1]
    used = np.zeros(run.layout.size, dtype=bool)
    for slot in run.layout.slots:
        assert slot.start % 64 == 0
        used[slot.start : slot.start + slot.size] = True
    for _ in range(5):
        step.replay()
    assert not used.all()
    assert not run.population["parameters"][0, ~used].any()
    assert run.population["parameters"][0, used].any()


def test_l2_pulls_weights_and_leaves_biases_alone() -> None:
    base = ["backend.dtype=float64", "optimizer=sgd", "training.batch_size=16"]
    moved = []
    for l2 in (0.0, 0.5):
        run = built([experiment(IRIS, *base, f"regularization.l2={l2}")])
        run.population["parameters"][:] += 0.1
        start = run.population["parameters"][0].copy()
        step = training_step(run, 16)
        run.population["coefficients"][:] = 0.1
        step.replay()
        moved.append(run.population["parameters"][0] - start)
    pull = moved[1] - moved[0]
    weights = run.layout.weights
    np.testing.assert_allclose(pull[:weights], -0.1 * 0.5 * start[:weights], rtol=1e-12, atol=1e-15)
    assert not pull[weights:].any()
