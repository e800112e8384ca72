"""Diagnostics are what NumPy computes by hand, change no bit of a run, and repeat to the bit."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from nettrain.model.parameters import views
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop, train
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.run import TrainingRun
from tests import trained as runs
from tests.fake_cupy.backend import FakeCupyBackend
from tests.trained import IRIS, Trained, experiment

pytestmark = pytest.mark.usefixtures("step_by_step")

ON = "training.diagnostics=true"
SIGNALS = ("activation_mean", "activation_spread", "saturated", "dead")
built, trained = partial(runs.built, recorded=True), partial(runs.trained, recorded=True)
Measured = list[tuple[int, int, str, dict[str, float]]]


def specs(count: int, *overrides: str, text: str = IRIS) -> list:
    chosen = {one.split("=")[0]: one for one in overrides}  # of two of one key the last counts
    return [experiment(text, *chosen.values(), f"seed={r}") for r in range(count)]


def measured(epochs: list[EpochDone], member: int = 0) -> Measured:
    """Epoch, step, layer and every quantity of one member, exactly."""
    rows = []
    for event in epochs:
        if event.diagnostics is None:
            continue
        for row in np.flatnonzero(event.members == member):
            for number, layer in enumerate(event.diagnostics.layers):
                values = {name: float(table[row, number]) for name, table in event.diagnostics.values.items()}
                rows.append((event.epoch, event.step, layer, values))
    return rows


# ----- by hand -----


class ByHand:
    """A network with one kind of activation, softmax and cross-entropy, trained by NumPy alone."""

    def __init__(self, run: TrainingRun, activation: str, rule: str, rate: float) -> None:
        layers = [dict(layer) for layer in views(run.population["parameters"].copy(), run.layout) if layer]
        self.weights = [layer["weight"][0] for layer in layers]
        self.biases = [layer["bias"][0] for layer in layers]
        self.x, self.y = run.data.train.x, run.data.train.y
        self.activation, self.rule, self.rate, self.t = activation, rule, rate, 0
        self.moments = [[0.0, 0.0] for _ in range(2 * len(layers))]

    def f(self, z: Any) -> tuple[Any, Any]:
        """The activation and its slope."""
        if self.activation == "relu":
            return np.maximum(z, 0), (z > 0).astype(float)
        a = 1 / (1 + np.exp(-z))
        return a, a * (1 - a)

    def forward(self, x: Any) -> tuple[list, list]:
        """The activations of all layers, the input first, and the slopes of the hidden ones."""
        signals, slopes = [x], []
        for w, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
            a, slope = self.f(signals[-1] @ w + b)
            signals.append(a)
            slopes.append(slope)
        return [*signals, signals[-1] @ self.weights[-1] + self.biases[-1]], slopes

    def gradients(self, rows: Any) -> list:
        """∂loss/∂W of each layer, then ∂loss/∂b."""
        signals, slopes = self.forward(self.x[rows])
        e = np.exp(signals[-1] - signals[-1].max(axis=1, keepdims=True))
        delta = (e / e.sum(axis=1, keepdims=True) - np.eye(e.shape[1])[self.y[rows]]) / len(e)
        weights, biases = [], []
        for k in reversed(range(len(self.weights))):
            weights.insert(0, signals[k].T @ delta)
            biases.insert(0, delta.sum(axis=0, keepdims=True))
            if k:
                delta = (delta @ self.weights[k].T) * slopes[k - 1]
        return [*weights, *biases]

    def step(self, rows: Any) -> tuple[list, list]:
        """‖ΔW‖/‖W‖ and ‖∂loss/∂W‖ of each layer."""
        self.t += 1
        gradients, count = self.gradients(rows), len(self.weights)
        before = [w.copy() for w in self.weights]
        arrays = [*self.weights, *self.biases]
        for k, g in enumerate(gradients):
            arrays[k] -= self.rate * self.direction(k, g)
        ratios = [
            np.linalg.norm(w - old) / np.linalg.norm(old) for w, old in zip(self.weights, before, strict=True)
        ]
        return ratios, [np.linalg.norm(g) for g in gradients[:count]]

    def direction(self, k: int, g: Any) -> Any:
        """Of plain descent, or of Adam with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8."""
        if self.rule == "sgd":
            return g
        m, v = self.moments[k]
        self.moments[k] = [0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g]
        first, second = (
            one / (1 - beta**self.t) for one, beta in zip(self.moments[k], (0.9, 0.999), strict=True)
        )
        return first / (np.sqrt(second) + 1e-8)

    def signals(self) -> Iterator[dict[str, float]]:
        """Of every layer for 64 rows at even distances; the output layer is linear."""
        signals, slopes = self.forward(self.x[np.linspace(0, len(self.x) - 1, 64).astype(int)])
        steepest = 1.0 if self.activation == "relu" else 0.25
        for a, slope in zip(signals[1:], [*slopes, np.ones_like(signals[-1])], strict=True):
            flat = slope < 0.01 * steepest if self.activation == "sigmoid" else np.zeros_like(slope)
            share = {"saturated": flat.mean(), "dead": (slope == 0).all(axis=0).mean()}
            yield {"activation_mean": a.mean(), "activation_spread": a.std(), **share}


@pytest.mark.parametrize("activation", ["sigmoid", "relu"])
@pytest.mark.parametrize(("rule", "rate"), [("sgd", 0.3), ("adam", 0.05)])
def test_the_figures_are_those_of_numpy_by_hand(activation, rule, rate):
    run = built(
        specs(
            1,
            ON,
            f"model.activation={activation}",
            *("model.init.scale=2", "model.init.bias_init=-3"),  # so that some units are saturated or dead
            f"optimizer={{name: {rule}, learning_rate: {rate}}}",
            *("training.epochs=3", "training.batch_size=36", "training.shuffle=false"),
            "backend.dtype=float64",
        )
    )
    hand, rows, expected = ByHand(run, activation, rule, rate), run.data.train.rows, []
    assert 72 < rows < 108, "two full batches, and one that is not"
    for epoch in range(4):
        if epoch == 0:
            few = np.linspace(0, rows - 1, 36).astype(int)
            values = {"gradient_norm": [np.linalg.norm(g) for g in hand.gradients(few)[:3]]}
        else:
            hand.step(slice(0, 36))
            ratios, gradients = hand.step(slice(36, 72))
            hand.step(slice(72, rows))
            values = {"update_ratio": ratios, "gradient_norm": gradients}
        values["weight_norm"] = [np.linalg.norm(w) for w in hand.weights]
        for k, signals in enumerate(hand.signals()):
            layer = {name: float(column[k]) for name, column in values.items()}
            expected.append((epoch, 3 * epoch, ["hidden 1", "hidden 2", "output"][k], {**layer, **signals}))
    found = measured([event for event in train(run) if isinstance(event, EpochDone)])
    assert [row[:3] for row in expected] == [row[:3] for row in found]
    for wanted, row in zip(expected, found, strict=True):
        assert set(QUANTITIES) - ({"update_ratio"} if row[0] == 0 else set()) == set(row[3])
        for name, value in wanted[3].items():
            assert row[3][name] == pytest.approx(value, rel=1e-9, abs=1e-12), (row[:3], name)
    share = {"sigmoid": "saturated", "relu": "dead"}[activation]
    assert any(0 < row[3][share] < 1 for row in found), "a case worth comparing"


# ----- nothing changes -----

KINDS = {
    "adam": [],
    "dropout and noise": ["model.dropout=0.3", "model.input_noise=0.1"],
    "batch norm": ["model.norm=batch"],
    "residual": ["model.residual=true", "model.norm=layer", "model.hidden=[6, 6, 4]"],
    "ahead of the weights": ["optimizer=nesterov", "regularization.max_norm=0.8"],
    "penalties and limits": [
        "regularization={l1: 0.01, l2: 0.01}",
        "training.clip_norm=0.1",
        "training.weight_decay=0.1",
    ],
    "learned slopes": ["model.activation=prelu"],
    "pieces": ["model.activation={name: maxout, pieces: 3}"],
    "one batch": ["training.batch_size=full"],
    "lbfgs": ["optimizer=lbfgs", "training.batch_size=auto", "backend.dtype=float64"],
    "with replacement": ["training.sampling=replacement", "training.evaluate_every=2"],
    "no hidden layer": ["model.hidden=[]"],
    "float64": ["backend.dtype=float64"],
}


@pytest.mark.parametrize("overrides", KINDS.values(), ids=KINDS)
def test_no_bit_of_a_run_changes(overrides):
    without, with_ = (trained(specs(2, *overrides, more)) for more in ("training.diagnostics=false", ON))
    for r in range(2):
        assert without.weights(r).tobytes() == with_.weights(r).tobytes()
        assert repr(without.history(r)) == repr(with_.history(r))
        statistics = (one.run.final.statistics[r].tobytes() for one in (without, with_))
        assert len(set(statistics)) == 1
    assert [] == measured(without.epochs)
    evaluated = [event.epoch for event in with_.epochs if event.evaluated]
    assert evaluated == list(dict.fromkeys(row[0] for row in measured(with_.epochs)))
    values = [value for row in measured(with_.epochs) for value in row[3].values()]
    assert np.isfinite(values).all()


# What is measured has code of its own there for these.
ON_DEVICE = {
    name: KINDS[name]
    for name in (
        "adam",
        "batch norm",
        "residual",
        "ahead of the weights",
        "learned slopes",
        "pieces",
        "lbfgs",
    )
}


# ----- nothing depends on neighbours, interruptions or the device -----


@pytest.mark.parametrize("overrides", [KINDS["batch norm"], KINDS["learned slopes"], KINDS["residual"]])
def test_a_member_of_a_population_has_the_diagnostics_it_has_alone(overrides):
    stopping = ["training.early_stopping={patience: 1}", "training.epochs=9", "optimizer.learning_rate=0.1"]
    many = specs(9, ON, *overrides, *stopping)
    population = trained(many)
    ends = {stopped.epoch for stopped in population.stopped.values()}
    assert len(ends) > 2, "members stop at different times and the others move"
    for r in (0, 4, 8):
        assert measured(population.epochs, r) == measured(trained([many[r]]).epochs)


@pytest.mark.parametrize("steps", [3, 6, 7, 9])
@pytest.mark.parametrize("overrides", [[], ["model.norm=batch", "model.dropout=0.2"]])
def test_an_interrupted_run_goes_on_with_the_same_diagnostics(overrides, steps):
    spec = specs(2, ON, *overrides)
    whole = trained(spec)
    done: list[bool] = []
    first = TrainingLoop(built(spec), lambda: bool(done.append(True)) or len(done) == steps)
    events = [event for event in first.events() if isinstance(event, EpochDone)]
    second = TrainingLoop(built(spec))
    restore(second, snapshot(first))
    events += [event for event in second.events() if isinstance(event, EpochDone)]
    for r in range(2):
        assert measured(whole.epochs, r) == measured(events, r)


def test_a_run_that_goes_on_may_begin_to_measure():
    before, after = specs(1), specs(1, ON)
    done: list[bool] = []
    first = TrainingLoop(built(before), lambda: bool(done.append(True)) or len(done) == 14)
    for _ in first.events():
        pass
    second = TrainingLoop(built(after))
    restore(second, snapshot(first))
    events = [event for event in second.events() if isinstance(event, EpochDone)]
    whole = measured(trained(after).epochs)
    assert measured(events) == [row for row in whole if row[0] > first.progress.epoch]


@pytest.mark.parametrize("overrides", ON_DEVICE.values(), ids=ON_DEVICE)
def test_a_device_measures_the_same(overrides):
    some = specs(2, ON, *overrides, "training.epochs=2", "backend.dtype=float64")
    here, there = trained(some), trained(some, FakeCupyBackend)
    for r in range(2):
        ours, theirs = measured(here.epochs, r), measured(there.epochs, r)
        assert [row[:3] for row in ours] == [row[:3] for row in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert one[3] == pytest.approx(other[3], rel=1e-9, abs=1e-12)


# ----- what is dead, and what is saturated -----


def first_epoch(result: Trained) -> dict[str, dict[str, float]]:
    return {layer: values for epoch, _, layer, values in measured(result.epochs) if epoch == 1}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["model.activation=relu", "model.init.bias_init=-100"], {"dead": 1, "saturated": 0}),
        (["model.activation=leaky_relu", "model.init.bias_init=-100"], {"dead": 0, "saturated": 0}),
        (["model.activation=tanh", "model.init.bias_init=-100"], {"dead": 1, "saturated": 1}),
        (["model.activation=tanh", "model.init.bias_init=6"], {"dead": 0, "saturated": 1}),
        (["model.activation=sigmoid", "model.init.bias_init=-9"], {"dead": 0, "saturated": 1}),
        (["model.activation=softplus", "model.init.bias_init=-6"], {"dead": 0, "saturated": 0}),
        (["model.activation=hard_tanh", "model.init.bias_init=3"], {"dead": 1, "saturated": 1}),
        (["model.activation=linear", "model.init.bias_init=-100"], {"dead": 0, "saturated": 0}),
        (["model.activation=maxout", "model.init.bias_init=-100"], {"dead": 0, "saturated": 0}),
    ],
)
def test_units_without_a_slope_are_dead_and_flat_ones_of_two_sided_functions_saturated(overrides, expected):
    still = ["optimizer={name: sgd, learning_rate: 1e-9}", "training.epochs=1", "model.init.scale=0.1"]
    layers = first_epoch(trained(specs(1, ON, *still, *overrides)))
    assert expected == {name: layers["hidden 1"][name] for name in ("dead", "saturated")}
    assert {"dead": 0, "saturated": 0} == {name: layers["output"][name] for name in ("dead", "saturated")}


def test_weights_of_zero_that_move_have_an_infinite_ratio_and_still_ones_none():
    zeros = ["model.init=zeros", "model.bias=false", "model.hidden=[]"]
    moving = first_epoch(trained(specs(1, ON, *zeros, "training.batch_size=full", "training.epochs=1")))
    assert moving["output"]["update_ratio"] == np.inf
    still = first_epoch(trained(specs(1, ON, "model.init=zeros", "model.bias=false", "training.epochs=1")))
    assert still["hidden 1"]["update_ratio"] == 0 == still["hidden 1"]["gradient_norm"]
