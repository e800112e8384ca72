"""Losses: values by hand, extremes, and the training kernel against the definition."""

import math

import numpy as np
import pytest

from nettrain.catalogue.losses import losses, targets_for
from nettrain.engine.members import stack

LABELS = np.array([[0, 2, 1, 2]], np.int32)
FLAGS = np.array([[[0.0], [1.0], [1.0], [0.0]]])
NUMBERS = np.array([[[0.5, -1.0], [2.0, 0.0], [0.0, 0.0], [3.0, 1.0]]])
TARGETS = {"cross_entropy": LABELS, "binary_cross_entropy": FLAGS, "mse": NUMBERS}
OUTPUTS = {"cross_entropy": 3, "binary_cross_entropy": 1, "mse": 2}


def run(name: str, output: np.ndarray, weight: np.ndarray | None = None, **numbers: object) -> tuple:
    """Batch loss sums (R, 2) and delta (R, B, K) of the training kernel."""
    entry = losses[name]
    members = stack([entry(**numbers)] * len(output))
    columns = [np.broadcast_to(np.asarray(v, float), len(output)) for v in entry.columns(members)]
    delta, total = np.empty_like(output), np.zeros((len(output), 2))
    weight = np.ones((1, output.shape[1])) if weight is None else weight
    entry.train(
        output,
        TARGETS[name].astype(output.dtype) if name != "cross_entropy" else LABELS,
        weight.astype(output.dtype),
        np.stack(columns, axis=1).astype(output.dtype),
        delta,
        total,
    )
    return total, delta


def logits(name: str, members: int = 2) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 3, (members, 4, OUTPUTS[name]))


def test_every_loss_is_here() -> None:
    assert set(TARGETS) == set(losses)


@pytest.mark.parametrize("name", losses)
def test_the_kernel_equals_the_definition(name: str) -> None:
    output, weight = logits(name), np.array([[1.0, 2.0, 0.5, 3.0]])
    rows = losses[name].rows(np, losses[name](), output, TARGETS[name])
    total, _ = run(name, output, weight)
    np.testing.assert_allclose(total[:, 0], (rows * weight).sum(axis=1), rtol=1e-13)
    assert total[:, 1].tolist() == [6.5, 6.5]


@pytest.mark.parametrize("name", losses)
def test_delta_is_the_derivative(name: str) -> None:
    numbers = {"label_smoothing": 0.1} if "label_smoothing" in losses[name].model_fields else {}
    weight = np.array([[1.0, 2.0, 0.5, 3.0]])
    output = logits(name)
    _, delta = run(name, output, weight, **numbers)
    for place in np.ndindex(output.shape):
        values = []
        for sign in (1, -1):
            moved = output.copy()
            moved[place] += sign * 1e-6
            total, _ = run(name, moved, weight, **numbers)
            values.append(total[place[0], 0] / total[place[0], 1])
        assert delta[place] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("name", losses)
def test_the_sum_is_the_mean_times_the_weight(name: str) -> None:
    output = logits(name)
    _, mean = run(name, output)
    _, total = run(name, output, reduction="sum")
    np.testing.assert_allclose(total, 4 * mean, rtol=1e-13)


@pytest.mark.parametrize("name", losses)
def test_rows_without_weight_teach_nothing(name: str) -> None:
    total, delta = run(name, logits(name), np.zeros((1, 4)))
    assert not total.any()
    assert not delta.any()


def test_cross_entropy_by_hand() -> None:
    output = np.array([[[2.0, 0.0, 0.0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]])
    total, delta = run("cross_entropy", output)
    first = math.log(math.e**2 + 2) - 2
    assert total[0, 0] == pytest.approx(first + 3 * math.log(3), rel=1e-14)
    p = math.e**2 / (math.e**2 + 2)
    np.testing.assert_allclose(delta[0, 0], np.array([p - 1, (1 - p) / 2, (1 - p) / 2]) / 4, rtol=1e-14)


def test_label_smoothing_by_hand() -> None:
    output, s = logits("cross_entropy", 1), 0.3
    total, _ = run("cross_entropy", output, label_smoothing=s)
    log_p = output[0] - np.log(np.exp(output[0]).sum(axis=-1, keepdims=True))
    target = (1 - s) * np.eye(3)[LABELS[0]] + s / 3
    assert total[0, 0] == pytest.approx(-(target * log_p).sum(), rel=1e-13)


def test_binary_cross_entropy_by_hand() -> None:
    output = np.array([[[0.0], [1.0], [-1.0], [2.0]]])
    total, delta = run("binary_cross_entropy", output, label_smoothing=0.2)
    y = FLAGS[0, :, 0] * 0.8 + 0.1
    p = 1 / (1 + np.exp(-output[0, :, 0]))
    assert total[0, 0] == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(), rel=1e-13)
    np.testing.assert_allclose(delta[0, :, 0], (p - y) / 4, rtol=1e-13)


def test_mse_by_hand() -> None:
    total, delta = run("mse", np.zeros((1, 4, 2)))
    assert total[0, 0] == (0.25 + 1 + 4 + 9 + 1) / 2
    np.testing.assert_allclose(delta[0], -NUMBERS[0] / 4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_ten_thousand_stay_finite(name: str, dtype: type) -> None:
    output = np.full((1, 4, OUTPUTS[name]), -1e4, dtype)
    output[..., 0] = 1e4
    total, delta = run(name, output)
    rows = losses[name].rows(np, losses[name](), output, TARGETS[name])
    assert np.isfinite(total).all()
    assert np.isfinite(delta).all()
    assert rows.max() == pytest.approx(2e4 if name == "cross_entropy" else 1e4)
    assert np.isfinite(losses[name].respond(output)).all()


@pytest.mark.parametrize("name", ["cross_entropy", "binary_cross_entropy"])
def test_responses_are_probabilities(name: str) -> None:
    response = losses[name].respond(logits(name))
    if name == "binary_cross_entropy":
        response = np.concatenate([1 - response, response], axis=-1)
    np.testing.assert_allclose(response.sum(axis=-1), 1, rtol=1e-14)
    rows = losses[name].rows(np, losses[name](), logits(name), TARGETS[name])
    classes = LABELS[0] if name == "cross_entropy" else FLAGS[0, :, 0].astype(int)
    likely = response[:, np.arange(4), classes]
    np.testing.assert_allclose(-np.log(likely), rows, rtol=1e-12)


def test_targets_take_the_form_that_the_loss_reads() -> None:
    labels = np.array([0, 1, 1], np.int32)
    assert targets_for(losses["cross_entropy"], labels) is labels
    assert targets_for(losses["binary_cross_entropy"], labels).tolist() == [[0], [1], [1]]
