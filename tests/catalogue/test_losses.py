"""Losses: PyTorch's figures, closed forms, extremes, and the training kernels against the definitions."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.catalogue.columns import columns
from nettrain.catalogue.losses import losses, targets_for
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.target_distribution import PredictedGaussian
from nettrain.catalogue.members import shaped, stack
from tests.catalogue.oracles import ORACLES, assert_oracles

CASES = json.loads((Path(__file__).parents[1] / "golden" / "losses.json").read_text())["cases"]
WEIGHT = np.array([[1.0, 2.0, 0.5, 3.0]])
LABELS = np.array([[0, 2, 1, 2]], np.int32)
FLAGS = np.array([[[0.0], [1.0], [1.0], [0.0]]])
SHARES = np.array([[[1.0, 0, 0], [0.25, 0.5, 0.25], [0, 0.1, 0.9], [0.5, 0.5, 0]]])
NUMBERS = np.array([[[0.5, -1.0], [2.0, 0.0], [0.0, 0.0], [3.0, 1.0]]])
TARGETS = {
    "classes": (LABELS, 3),
    "two classes": (FLAGS, 1),
    "labels": (np.concatenate([FLAGS, 1 - FLAGS, FLAGS], axis=-1), 3),
    "numbers": (NUMBERS, 2),
    "counts": (NUMBERS + 1, 2),
    "distributions": (SHARES, 3),
}
WALK = [(name, targets) for name, entry in losses.items() for targets in entry.fits]
VARIED = {"focal": {"gamma": 0.5}, "huber": {"delta": 0.3}, "gaussian_nll": {"epsilon": 0.1}}


class Batch:
    """A batch of a loss: its outputs (R, B, K) and targets, and what each member's numbers are."""

    def __init__(self, name: str, output: np.ndarray, target: np.ndarray, *numbers: dict) -> None:
        self.entry, self.output = losses[name], output
        self.target = target if target.dtype.kind == "i" else target.astype(output.dtype)
        self.members = [self.entry(**member) for member in (numbers or [{}] * len(output))]
        members = stack(self.members)
        self.loss = shaped(members, 1, output.dtype)
        self.numbers = columns(members.kernel_numbers(), len(output)).astype(output.dtype)

    def train(self, weight: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Batch loss sums (R, 2) and delta (R, B, K) of the training kernel."""
        weight = np.ones((1, self.output.shape[1])) if weight is None else weight
        delta, total = np.full_like(self.output, np.nan), np.zeros((len(self.output), 2))
        weight = weight.astype(self.output.dtype)
        self.entry.kernel(self.target)(self.output, self.target, weight, self.numbers, delta, total)
        return total, delta

    def rows(self) -> np.ndarray:
        return self.loss.rows(np, self.output, self.target)

    def training_rows(self) -> np.ndarray:
        return self.loss.training_rows(np, self.output, self.target)


def batch(name: str, targets: str, members: int = 2, dtype: type = np.float64, **numbers: Any) -> Batch:
    """A batch of random outputs."""
    target, outputs = TARGETS[targets]
    if targets == "two classes":
        target = np.where(target > 0, 1.0, losses[name].low)
    outputs *= losses[name](**numbers).outputs_per_target
    output = np.random.default_rng(1).normal(0, 2, (members, 4, outputs)).astype(dtype)
    return Batch(name, output, target, *[numbers] * members)


def described(made: Batch) -> np.ndarray:
    """What is predicted (R, B, …): probabilities, scores, numbers, quantiles, or means and variances."""
    if not isinstance(made.loss, DistributionalLoss):
        return made.loss.predictions(np, made.output)
    pairs = zip(made.members, made.output, strict=True)
    found = [loss.distribution(output) for loss, output in pairs]
    if isinstance(found[0], PredictedGaussian):
        return np.array([np.concatenate([one.mean, one.variance], axis=-1) for one in found])
    return np.array([one.values.reshape(4, -1) for one in found])


def smoothing(name: str) -> dict:
    return {"label_smoothing": 0.1} if "label_smoothing" in losses[name].model_fields else {}


def test_every_loss_has_an_oracle_for_every_form_of_targets() -> None:
    assert_oracles(losses, {case["name"] for case in CASES.values()})
    forms = {
        (case["name"], np.ndim(case["targets"]), np.shape(case["outputs"])[1]) for case in CASES.values()
    }
    for name, targets in WALK:
        target, outputs = TARGETS[targets]
        seen = {(entry, axes, min(width, 2)) for entry, axes, width in forms}
        assert (name, target.ndim - 1, min(outputs, 2)) in seen, f"{name}, {targets}: {ORACLES['loss']}"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_losses_and_derivatives_are_pytorchs(case: str, dtype: type) -> None:
    expected = CASES[case]
    target = np.array(expected["targets"])[None]
    if target.dtype.kind == "i":
        target = target.astype(np.int32)
    made = Batch(expected["name"], np.array(expected["outputs"], dtype)[None], target, expected["numbers"])
    rows, delta = np.array(expected["rows"]), np.array(expected["delta"])
    each = np.abs(delta).max(axis=1, keepdims=True)
    tolerance = 1e-12 if dtype is np.float64 else 2e-6
    np.testing.assert_allclose(made.training_rows()[0], rows, rtol=tolerance, atol=tolerance)
    _, found = Batch(
        expected["name"], made.output, target, expected["numbers"] | {"reduction": "sum"}
    ).train()
    assert (np.abs(found[0] - delta) <= tolerance * np.maximum(each, 1e-3)).all()
    for i in range(len(rows)):  # row by row, or 1e4 would hide the others
        alone = Batch(expected["name"], made.output[:, i : i + 1], target[:, i : i + 1], expected["numbers"])
        total, _ = alone.train()
        assert total[0, 0] == pytest.approx(rows[i], rel=tolerance, abs=tolerance)


@pytest.mark.parametrize(("name", "targets"), WALK)
def test_the_kernel_equals_the_definition(name: str, targets: str) -> None:
    made = batch(name, targets)
    total, _ = made.train(WEIGHT)
    np.testing.assert_allclose(total[:, 0], (made.rows() * WEIGHT).sum(axis=1), rtol=1e-13)
    assert total[:, 1].tolist() == [6.5, 6.5]
    smoothed = batch(name, targets, **smoothing(name))
    total, _ = smoothed.train(WEIGHT)
    np.testing.assert_allclose(total[:, 0], (smoothed.training_rows() * WEIGHT).sum(axis=1), rtol=1e-13)


@pytest.mark.parametrize(("name", "targets"), WALK)
@pytest.mark.parametrize("varied", [False, True])
def test_delta_is_the_derivative(name: str, targets: str, varied: bool) -> None:
    made = batch(name, targets, **smoothing(name), **(VARIED.get(name, {}) if varied else {}))
    _, delta = made.train(WEIGHT)
    outputs = made.output.copy()
    for index in np.ndindex(made.output.shape):
        values = []
        for sign in (1, -1):
            made.output[index] = outputs[index] + sign * 1e-6
            total, _ = made.train(WEIGHT)
            values.append(total[index[0], 0] / total[index[0], 1])
        made.output[index] = outputs[index]
        assert delta[index] == pytest.approx((values[0] - values[1]) / 2e-6, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize(("name", "targets"), WALK)
def test_the_sum_is_the_mean_times_the_weight(name: str, targets: str) -> None:
    (_, mean), (_, total) = (batch(name, targets, reduction=kind).train() for kind in ("mean", "sum"))
    np.testing.assert_allclose(total, 4 * mean, rtol=1e-13)


@pytest.mark.parametrize(("name", "targets"), WALK)
def test_rows_without_weight_teach_nothing(name: str, targets: str) -> None:
    total, delta = batch(name, targets).train(np.zeros((1, 4)))
    assert not total.any()
    assert not delta.any()


@pytest.mark.parametrize(("name", "targets"), WALK)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_members_bits_do_not_depend_on_its_neighbours(name: str, targets: str, dtype: type) -> None:
    numbers = [{}, VARIED.get(name, {}), smoothing(name)]
    together = batch(name, targets, 3, dtype)
    together = Batch(name, together.output, together.target, *numbers)
    total, delta = together.train(WEIGHT)
    rows, training_rows = together.rows(), together.training_rows()
    assert rows.dtype == training_rows.dtype == dtype
    for r, member in enumerate(numbers):
        alone = Batch(name, together.output[r : r + 1], together.target, member)
        own_total, own_delta = alone.train(WEIGHT)
        assert (total[r].tobytes(), delta[r].tobytes()) == (own_total.tobytes(), own_delta.tobytes())
        assert rows[r].tobytes() == alone.rows()[0].tobytes()
        assert training_rows[r].tobytes() == alone.training_rows()[0].tobytes()


@pytest.mark.parametrize(("name", "targets"), WALK)
def test_within_one_side_a_loss_is_smooth(name: str, targets: str) -> None:
    """On a walk through the outputs, the derivative jumps only where `sides` changes."""
    made, steps = batch(name, targets, 1), np.linspace(-4, 4, 4001)[:, None, None]
    walk = made.output + steps * np.linspace(0.3, 1, made.output.size).reshape(made.output.shape)
    along = Batch(name, walk, made.target, *[{"reduction": "sum"}] * len(walk))  # a member for each step
    slopes = along.train()[1].reshape(len(walk), -1)
    sides = along.loss.sides(np, walk, made.target)
    jumps = np.flatnonzero((np.abs(np.diff(slopes, axis=0)) > 0.05 * (1 + np.abs(slopes[1:]))).any(axis=1))
    for k in jumps:
        assert (sides[k] != sides[k + 1]).any()
    assert bool(len(jumps)) == (name in {"mae", "hinge", "perceptron", "pinball"})


def test_cross_entropy_by_hand() -> None:
    output = np.array([[[2.0, 0.0, 0.0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]])
    total, delta = Batch("cross_entropy", output, LABELS).train()
    first = math.log(math.e**2 + 2) - 2
    assert total[0, 0] == pytest.approx(first + 3 * math.log(3), rel=1e-14)
    p = math.e**2 / (math.e**2 + 2)
    np.testing.assert_allclose(delta[0, 0], np.array([p - 1, (1 - p) / 2, (1 - p) / 2]) / 4, rtol=1e-14)


@pytest.mark.parametrize("smoothed", [0.0, 0.3])
def test_labels_are_distributions_on_one_class(smoothed: float) -> None:
    labels = batch("cross_entropy", "classes", label_smoothing=smoothed)
    numbers = [{"label_smoothing": smoothed}] * 2
    shares = Batch("cross_entropy", labels.output, np.eye(3)[LABELS], *numbers)
    for ours, theirs in zip(labels.train(WEIGHT), shares.train(WEIGHT), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)


def test_cross_entropy_is_entropy_plus_divergence() -> None:
    crossed = batch("cross_entropy", "distributions")
    entropy = -np.where(SHARES > 0, SHARES * np.log(np.where(SHARES > 0, SHARES, 1)), 0).sum(axis=-1)
    divergence = Batch("kl_divergence", crossed.output, SHARES)
    np.testing.assert_allclose(crossed.rows(), entropy + divergence.rows(), rtol=1e-13)
    itself = Batch("kl_divergence", np.log(SHARES[:, 1:2]), SHARES[:, 1:2])
    assert abs(itself.rows()).item() < 1e-15


def h(*p: float) -> float:
    """-Σp·log p by hand."""
    return -sum(q * math.log(q) for q in p if q)


def entropies(name: str, target: np.ndarray, outputs: int, **numbers: Any) -> list[float]:
    smoothed = bool(numbers)
    found = losses[name](**numbers).target_entropies(target, outputs, smoothed=smoothed)
    assert found is not None
    return found.tolist()


def test_entropies_of_targets_by_hand() -> None:
    shares = [h(1), h(0.25, 0.5, 0.25), h(0.1, 0.9), h(0.5, 0.5)]
    assert entropies("cross_entropy", SHARES[0], 3) == pytest.approx(shares, rel=1e-14)
    assert entropies("cross_entropy", LABELS[0], 3) == [0, 0, 0, 0]
    assert entropies("cross_entropy", LABELS[0], 3, label_smoothing=0.3) == pytest.approx(
        [h(0.8, 0.1, 0.1)] * 4
    )
    assert entropies("binary_cross_entropy", FLAGS[0], 1, label_smoothing=0.2) == pytest.approx(
        [h(0.9, 0.1)] * 4
    )
    both = entropies("binary_cross_entropy", LABELS[0], 3, label_smoothing=0.2)
    assert both == pytest.approx([3 * h(0.9, 0.1)] * 4)
    for name in ("mse", "hinge", "kl_divergence", "focal", "poisson"):
        assert losses[name]().target_entropies(LABELS[0], 3, smoothed=True) is None


@pytest.mark.parametrize("smoothed", [0.0, 0.25])
@pytest.mark.parametrize(
    ("name", "targets"), [(n, t) for n, t in WALK if n in ("cross_entropy", "binary_cross_entropy")]
)
def test_no_outputs_have_a_smaller_loss_than_the_entropy(name: str, targets: str, smoothed: float) -> None:
    """And those whose predictions are the targets have it; of random ones near them, all have more."""
    target, outputs = TARGETS[targets]
    numbers = {"label_smoothing": smoothed}
    floor = losses[name](**numbers).target_entropies(target[0], outputs, smoothed=True)
    assert floor is not None
    hot = np.eye(outputs)[target[0]] if target.ndim == 2 else target[0]
    even = 1 / outputs if name == "cross_entropy" else 0.5
    best = losses[name].outputs_for(np.clip(hot * (1 - smoothed) + smoothed * even, 1e-14, 1 - 1e-14))
    made = Batch(name, best[None], target, numbers)
    np.testing.assert_allclose(made.training_rows()[0], floor, rtol=1e-9, atol=1e-11)
    near = best + np.random.default_rng(2).normal(0, 0.5, (50, *best.shape))
    assert (Batch(name, near, target, *[numbers] * 50).training_rows() >= floor - 1e-12).all()


def test_binary_cross_entropy_by_hand() -> None:
    output = np.array([[[0.0], [1.0], [-1.0], [2.0]]])
    total, delta = Batch("binary_cross_entropy", output, FLAGS, {"label_smoothing": 0.2}).train()
    y = FLAGS[0, :, 0] * 0.8 + 0.1
    p = 1 / (1 + np.exp(-output[0, :, 0]))
    assert total[0, 0] == pytest.approx(-(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(), rel=1e-13)
    np.testing.assert_allclose(delta[0, :, 0], (p - y) / 4, rtol=1e-13)


@pytest.mark.parametrize("smoothed", [0.0, 0.3])
def test_one_against_all_is_a_row_of_flags(smoothed: float) -> None:
    output = np.random.default_rng(4).normal(0, 2, (2, 4, 3))
    hot = np.eye(3)[LABELS]
    ours, theirs = (
        Batch("binary_cross_entropy", output, target, *[{"label_smoothing": smoothed}] * 2)
        for target in (LABELS, hot)
    )
    np.testing.assert_array_equal(ours.rows(), theirs.rows())
    np.testing.assert_array_equal(ours.training_rows(), theirs.training_rows())
    for mine, other in zip(ours.train(WEIGHT), theirs.train(WEIGHT), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-14, atol=1e-16)


def test_focal_without_focus_is_cross_entropy() -> None:
    for targets, plain in (("classes", "cross_entropy"), ("two classes", "binary_cross_entropy")):
        focal, other = batch("focal", targets, gamma=0.0), batch(plain, targets)
        np.testing.assert_allclose(focal.train(WEIGHT)[1], other.train(WEIGHT)[1], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(focal.rows(), other.rows(), rtol=1e-12)


@pytest.mark.parametrize(("name", "loss"), [("mse", 15.25 / 2), ("mse_half", 15.25 / 2), ("mae", 7.5 / 2)])
def test_errors_by_hand(name: str, loss: float) -> None:
    total, delta = Batch(name, np.zeros((1, 4, 2)), NUMBERS, {"reduction": "sum"}).train()
    assert total[0, 0] == loss
    slope = {"mse": -NUMBERS, "mse_half": -NUMBERS, "mae": -np.sign(NUMBERS) / 2}[name]
    assert delta.tolist() == slope.tolist()


def test_squared_errors_of_classes_by_hand() -> None:
    output = np.array([[[1.0, 0.5, -0.5], [0, 0, 0], [0, 1, 0], [0, 0, 1]]])  # labels 0, 2, 1, 2
    total, delta = Batch("mse_half", output, LABELS, {"reduction": "sum"}).train()
    assert total[0, 0] == (0.25 + 0.25) / 2 + 0.5
    assert delta[0].tolist() == [[0, 0.5, -0.5], [0, 0, -1], [0, 0, 0], [0, 0, 0]]
    smoothed = Batch("mse", output, LABELS, {"label_smoothing": 0.3}).training_rows()
    assert smoothed[0, 0] == pytest.approx((0.2**2 + 0.4**2 + 0.6**2) / 3, rel=1e-14)  # of 0.8, 0.1, 0.1


def test_a_saturated_sigmoid_passes_no_gradient_of_a_squared_error() -> None:
    """Of σ(-8) for y = 1 the derivative by z is 2(σ-y)σ(1-σ), a thousandth of that of cross-entropy, σ-y."""
    p = 1 / (1 + math.exp(8))
    _, delta = Batch("mse", np.array([[[p]]]), np.array([[[1.0]]])).train()
    assert delta.item() * p * (1 - p) == pytest.approx(-2 * (1 - p) ** 2 * p, rel=1e-12)
    _, crossed = Batch("binary_cross_entropy", np.array([[[-8.0]]]), np.array([[[1.0]]])).train()
    assert crossed.item() == pytest.approx(p - 1, rel=1e-12)


def test_huber_is_between_the_square_and_the_distance() -> None:
    output = np.random.default_rng(0).normal(0, 3, (1, 4, 2))
    wide = Batch("huber", output, NUMBERS, {"delta": 1e3}).rows()
    np.testing.assert_allclose(wide, Batch("mse", output, NUMBERS).rows() / 2, rtol=1e-13)
    narrow = Batch("huber", output, NUMBERS, {"delta": 1e-9}).rows() / 1e-9
    np.testing.assert_allclose(narrow, Batch("mae", output, NUMBERS).rows(), rtol=1e-8)


def test_the_perceptron_corrects_wrong_rows_by_their_sign() -> None:
    output = np.array([[[0.0], [0.0], [3.0], [-3.0]]])
    target = np.array([[[1.0], [-1.0], [-1.0], [-1.0]]])
    total, delta = Batch("perceptron", output, target, {"reduction": "sum"}).train()
    assert delta.ravel().tolist() == [-1, 0, 1, 0]  # 0 says -1
    assert total[0, 0] == 3


@pytest.mark.parametrize(("name", "targets"), WALK)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_output_of_nan_has_a_loss_and_a_gradient_of_nan(name: str, targets: str, dtype: type) -> None:
    clean = batch(name, targets, 1, dtype)
    for row, column in np.ndindex(clean.output.shape[1:]):
        broken = batch(name, targets, 1, dtype)
        broken.output[0, row, column] = np.nan
        total, delta = broken.train()
        assert np.isnan(total[0, 0])
        assert np.isnan(delta[0, row, column])
        assert np.isnan(broken.rows()[0]).tolist() == [k == row for k in range(4)]
        assert np.isnan(described(broken)[0, row]).any()
    assert np.isfinite(clean.train()[0]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "targets"), [pair for pair in WALK if pair[0] != "poisson"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_outputs_of_ten_thousand_stay_finite(name: str, targets: str, dtype: type) -> None:
    made = batch(name, targets, 1, dtype)
    made.output[...] = -1e4
    made.output[..., 0] = 1e4
    assert np.isfinite(made.train()[0]).all()
    assert np.isfinite(made.train()[1]).all()
    assert np.isfinite(made.rows()).all()
    assert np.isfinite(described(made)).all()


CHANCES = [
    (name, targets) for name, targets in WALK if losses[name].output_activation in ("softmax", "sigmoid")
]


@pytest.mark.parametrize(("name", "targets"), CHANCES)
def test_responses_are_probabilities(name: str, targets: str) -> None:
    output = batch(name, targets).output
    predictions = losses[name]().predictions(np, output)
    if targets == "labels":
        np.testing.assert_allclose(predictions, 1 / (1 + np.exp(-output)), rtol=1e-14)
        return
    if targets == "classes" and losses[name].output_activation == "sigmoid":
        each = 1 / (1 + np.exp(-output))
        shares = losses[name].class_probabilities(predictions)
        np.testing.assert_allclose(shares, each / each.sum(axis=-1, keepdims=True), rtol=1e-13)
        assert losses[name].class_probabilities(np.zeros((1, 4))).tolist() == [[0.25] * 4]
        return
    odds = np.concatenate([np.zeros_like(output), output], axis=-1) if targets == "two classes" else output
    predictions = (
        np.concatenate([1 - predictions, predictions], axis=-1) if targets == "two classes" else predictions
    )
    np.testing.assert_allclose(predictions.sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(
        predictions, np.exp(odds) / np.exp(odds).sum(axis=-1, keepdims=True), rtol=1e-13
    )
    assert losses[name].probabilities


def test_responses_of_other_losses() -> None:
    output = batch("hinge", "classes").output
    assert losses["hinge"]().predictions(np, output) is output
    assert not losses["hinge"].probabilities
    np.testing.assert_array_equal(losses["poisson"]().predictions(np, output), np.exp(output))


def test_what_each_loss_of_the_catalogue_is_for() -> None:
    classes, pair, numbers = {"classes"}, {"two classes"}, {"numbers"}
    expected = {
        **{"cross_entropy": classes | {"distributions"}, "kl_divergence": classes | {"distributions"}},
        **{"binary_cross_entropy": classes | pair | {"labels"}, "focal": classes | pair},
        **{"hinge": classes | pair, "squared_hinge": classes | pair, "perceptron": pair},
        **{name: numbers | classes | pair | {"labels"} for name in ("mse", "mse_half")},
        **{"mae": numbers, "huber": numbers, "poisson": {"counts"}},
        **{"pinball": numbers, "gaussian_nll": numbers},
    }
    assert {name: set(losses[name].fits) for name in expected} == expected


def test_targets_take_the_form_that_the_loss_reads() -> None:
    labels = np.array([0, 1, 1], np.int32)
    assert targets_for(losses["cross_entropy"], labels, 2) is labels
    assert targets_for(losses["hinge"], labels, 3) is labels
    assert targets_for(losses["binary_cross_entropy"], labels, 1).tolist() == [[0], [1], [1]]
    assert targets_for(losses["hinge"], labels, 1).tolist() == [[-1], [1], [1]]
    assert targets_for(losses["mse"], NUMBERS[0, :, :1], 1).tolist() == [[0.5], [2], [0], [3]]


@pytest.mark.parametrize("name", [name for name, entry in losses.items() if "distributions" in entry.fits])
def test_a_distribution_sums_to_one_and_has_nothing_below_zero(name: str) -> None:
    objection = losses[name].objection
    assert objection(SHARES[0]) == ""
    assert objection(np.array([[0.333333, 0.333333, 0.333333]])) == ""  # six printed digits
    wanted = "targets from 0 on whose sum is 1, not "
    assert objection(np.array([[0.5, 0.5], [0.7, 0.4]])) == wanted + "0.7, 0.4"
    assert objection(np.array([[1.5, -0.5]])) == wanted + "1.5, -0.5"


def test_counts_start_at_zero() -> None:
    assert losses["poisson"].objection(np.array([[0.0], [2.5]])) == ""
    assert losses["poisson"].objection(np.array([[3.0], [-2.0]])) == "counts from 0 on, not -2"
