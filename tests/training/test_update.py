"""The order of penalties, clipping, rule, decay and max_norm, against a literal transcription."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.optimizers import blocks, optimizers
from nettrain.model.parameters import views
from nettrain.model.tape import Tape
from nettrain.training.loop import train
from nettrain.training.step.coefficients import coefficient_table
from nettrain.training.step.training_step import training_step
from nettrain.training.step.update import append_update, block_squares, clip_norm, limit_norms
from tests.trained import IRIS, built, experiment, trained
from tests.variants import overrides, variants

BLOCK = NumpyBackend.block

NUMBERS = [  # l2, l1, clip_value, clip_norm, weight_decay, max_norm of each member
    (0.3, 0.02, 0.05, 0.2, 0.5, 1.1),
    (0.0, 0.0, 10.0, 0.1, 0.0, 0.9),
    (0.1, 0.5, 0.3, 100.0, 0.9, 100.0),
]
KEYS = (
    *("regularization.l2", "regularization.l1", "training.clip_value", "training.clip_norm"),
    *("training.weight_decay", "regularization.max_norm"),
)
COMMON = ("backend.dtype=float64", "data.validation=0", "training.batch_size=full", "model.init.scale=2")
RATE, MU = 0.1, 0.8


def specs(rule: str) -> list:
    return [
        experiment(
            IRIS,
            *COMMON,
            f"optimizer={rule}",
            f"seed={r}",
            *(f"{key}={number}" for key, number in zip(KEYS, numbers, strict=True)),
        )
        for r, numbers in enumerate(NUMBERS)
    ]


class LossGradient:
    """The gradient of the loss without penalties, from a run that has none."""

    def __init__(self) -> None:
        plain = [experiment(IRIS, *COMMON, "optimizer=sgd", f"seed={r}") for r in range(len(NUMBERS))]
        self.run = built(plain)
        self.step = training_step(self.run, self.run.data.batches.rows)

    def __call__(self, w: np.ndarray) -> np.ndarray:
        self.run.population["parameters"][:] = w
        self.step.replay()
        return self.run.population["gradient"].copy()


def literally(run: Any, loss_gradient: Callable, steps: int, *, nesterov: bool) -> np.ndarray:
    """The weights (R, P) after these steps, member by member and unit by unit."""
    w = run.population["parameters"].copy()
    v, weights = np.zeros_like(w), run.layout.weights
    acted = np.zeros((len(NUMBERS), 3), dtype=bool)
    for _ in range(steps):
        point = w + MU * v if nesterov else w
        gradients = loss_gradient(point)
        for r, (l2, l1, value, norm, decay, _) in enumerate(NUMBERS):
            g, old = gradients[r], w[r].copy()
            g[:weights] += l2 * point[r, :weights] + l1 * np.sign(point[r, :weights])
            acted[r, 0] |= bool((np.abs(g) > value).any())
            g = np.clip(g, -value, value)
            acted[r, 1] |= bool(np.linalg.norm(g) > norm)
            g *= min(1.0, norm / np.linalg.norm(g))
            v[r] = MU * v[r] - RATE * g
            w[r] = w[r] + v[r]
            w[r, :weights] -= RATE * decay * old[:weights]
        for layer in filter(None, views(w, run.layout)):
            for r, numbers in enumerate(NUMBERS):
                for unit in range(layer["weight"].shape[2]):
                    incoming = layer["weight"][r, :, unit]
                    size = np.linalg.norm(incoming)
                    acted[r, 2] |= bool(size > numbers[-1])
                    incoming *= min(1.0, numbers[-1] / size)
    assert acted.tolist() == [[True, True, True], [False, True, True], [True, False, False]]
    return w


@pytest.mark.parametrize("nesterov", [False, True])
def test_penalties_clipping_rule_decay_and_max_norm_in_this_order(nesterov: bool) -> None:
    name = "nesterov" if nesterov else "momentum"
    run = built(specs(f"{{name: {name}, learning_rate: {RATE}, momentum: {MU}}}"))
    expected = literally(run, LossGradient(), 4, nesterov=nesterov)
    step = training_step(run, run.data.batches.rows)
    table, _ = coefficient_table(run, 0, 4)
    for t, values in enumerate(table):
        run.population["coefficients"][...] = values
        if t == 0:
            step.begin()
        step.replay()
    np.testing.assert_allclose(run.population["parameters"], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "rule", ["nesterov", "{name: nesterov, form: velocity}", "{name: nesterov, form: average}"]
)
def test_nesterov_equals_the_two_point_form_across_epochs_and_changing_rates(rule: str) -> None:
    """Look ahead, step, come back, in the very order of the rule, with one weight vector and no fusing."""
    common = ("schedule={name: step, every: 1, factor: 0.5}", "training.epochs=4", "training.shuffle=false")
    spec = experiment(
        IRIS, *common, "backend.dtype=float64", f"optimizer={rule}", "optimizer.learning_rate=0.2"
    )
    spec = spec.model_copy(
        update={
            "optimizer": spec.optimizer.model_copy(
                update={
                    "momentum_schedule": experiment(
                        IRIS, "optimizer={name: momentum, momentum_schedule: {name: linear, end: 0.5}}"
                    ).optimizer.momentum_schedule
                }
            )
        }
    )
    ours = trained([spec]).weights()
    slow = built([experiment(IRIS, *common, "backend.dtype=float64", "optimizer=sgd")])
    steps = {rows: training_step(slow, rows) for rows in slow.data.batches.sizes}
    w = slow.population["parameters"].copy()
    v, form = np.zeros_like(w), spec.optimizer.form
    total = slow.schedule.calendar.steps
    for j in range(total):
        position = j % slow.data.batches.steps
        start, stop = list(slow.data.batches.bounds())[position]
        rate, mu = 0.2 * 0.5 ** (j // slow.data.batches.steps), 0.9 + (0.5 - 0.9) * j / total
        ahead = {"classical": w + mu * v, "velocity": w - rate * mu * v, "average": w - rate * v}[form]
        slow.population["parameters"][:] = ahead
        slow.population["coefficients"][:] = 0
        steps[stop - start].index[...] = np.arange(start, stop)
        steps[stop - start].replay()
        g = slow.population["gradient"]
        if form == "classical":
            v = mu * v - rate * g
            w = w + v
        else:
            v = mu * v + (g if form == "velocity" else (1 - mu) * g)
            w = w - rate * v
    assert np.abs(ours - w[0]).max() <= 1e-12 * np.abs(w).max()


def test_a_norm_is_clipped_to_its_limit_whatever_the_number_of_blocks() -> None:
    rng = np.random.default_rng(0)
    size, weights = 3 * BLOCK + 192, 2 * BLOCK + 64
    g = rng.normal(size=(3, size)) * np.array([[1.0], [1e-3], [1e100]])
    parts, numbers = (
        blocks(3, [(0, weights, 0), (weights, size, 1)], BLOCK),
        np.array([[np.inf, 2.0], [np.inf, 2.0], [np.inf, 5.0]]),
    )
    sums, before = np.empty(len(parts)), g.copy()
    block_squares(g, sums, parts)
    clip_norm(g, numbers, sums, parts)
    assert np.linalg.norm(g[0]) == pytest.approx(2.0, rel=1e-12)
    assert g[1].tobytes() == before[1].tobytes()
    assert np.linalg.norm(g[2]) == pytest.approx(5.0, rel=1e-12)


def test_only_units_above_the_norm_are_scaled() -> None:
    rng = np.random.default_rng(0)
    w = rng.normal(size=(2, 5 * 150 + 50)).astype(np.float32)
    stripes = np.array([(r, 10, 5, 150, first) for r in range(2) for first in range(0, 150, 64)])
    before, limits = w.copy(), np.array([1.5, 4.0], np.float32)
    limit_norms(w, limits, np.empty((len(stripes), 64)), stripes)
    assert w[:, :10].tobytes() == before[:, :10].tobytes()
    assert w[:, 760:].tobytes() == before[:, 760:].tobytes()
    for r, limit in enumerate(limits):
        matrix, old = w[r, 10:760].reshape(5, 150), before[r, 10:760].reshape(5, 150)
        norms, were = (np.linalg.norm(m.astype(float), axis=0) for m in (matrix, old))
        np.testing.assert_allclose(norms, np.minimum(were, limit), rtol=1e-6)
        assert (matrix[:, were <= limit] == old[:, were <= limit]).all()
        assert (were > limit).any()


def test_the_objective_counts_both_penalties() -> None:
    spec = experiment(
        IRIS, "regularization={l1: 0.01, l2: 0.3}", "training.epochs=1", "backend.dtype=float64"
    )
    run = built([spec])
    done = next(train(run))
    layers = [layer for layer in views(run.population["parameters"], run.layout) if layer]
    sums = sum(np.abs(layer["weight"]).sum() for layer in layers)
    squares = sum((layer["weight"] ** 2).sum() for layer in layers)
    expected = done.figures["running_loss"] + 0.01 * sums + 0.15 * squares
    np.testing.assert_allclose(done.figures["objective"], expected, rtol=1e-12)


def test_l1_leaves_fewer_large_weights_than_none() -> None:
    common = ["training.epochs=30", "optimizer=sgd", "optimizer.learning_rate=0.05"]
    plain = trained([experiment(IRIS, *common)])
    penalised = trained([experiment(IRIS, *common, "regularization.l1=0.02")])
    weights = plain.run.layout.weights
    assert np.abs(penalised.weights()[:weights]).sum() < 0.7 * np.abs(plain.weights()[:weights]).sum()


FORMS = {label: form for label, form in variants(optimizers).items() if not optimizers[form[0]].full_batch}


@pytest.mark.parametrize("label", FORMS)
@pytest.mark.parametrize(
    "more", [[], ["training.clip_value=1"], ["training.clip_norm=1", "regularization.l1=0.1"]]
)
def test_a_gradient_of_nan_reaches_its_weight(label: str, more: list[str]) -> None:
    """Limits and the comparisons of a rule must not turn it into a number."""
    run = built([experiment(IRIS, *overrides("optimizer", *FORMS[label]), *more)])
    run.population["coefficients"][...] = coefficient_table(run, 0, 1)[0][0]
    run.population["gradient"][...] = 0.1
    run.population["gradient"][0, [0, 7, 70]] = np.nan
    tape = Tape()
    append_update(tape, run)
    for call in tape.bound(run.backend):
        call()
    assert np.isnan(run.population["parameters"][0, [0, 7, 70]]).all()
