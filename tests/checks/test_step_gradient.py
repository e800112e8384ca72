"""What is compared, what is skipped, and what counts as wrong."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from nettrain.checks.backpropagation import step_gradient
from nettrain.checks.comparison import TensorComparison, difference_error
from nettrain.checks.differences import BLOCK_BYTES, neighbourhood_of, partial_differences
from nettrain.checks.gradient import affordable_samples, check, random_directions
from nettrain.checks.objective import Objective
from nettrain.checks.options import CheckOptions
from nettrain.checks.report import network_report
from nettrain.checks.small import small_problem
from nettrain.model.parameters import Slot, views


def tensor(comparison, layer, name):
    return next(one for one in comparison.tensors if (one.layer, one.name) == (layer, name))


def skipped(comparison):
    """The indices of the coordinates that were skipped, by tensor."""
    indices = {
        (one.layer, one.name): [one.index(k) for k in np.flatnonzero(one.crosses_kink)]
        for one in comparison.tensors
    }
    return {name: some for name, some in indices.items() if some}


def at_kink(overrides, kind="classes"):
    """A network with one hidden layer, whose unit 2 is at z = 0 in the first row of the batch."""
    problem = small_problem(kind, overrides)
    point = problem.point.copy()
    first = views(point[None], problem.layout)[0]
    z = problem.data.train.x[problem.rows[0]] @ first["weight"][0] + first["bias"][0, 0]
    first["bias"][0, 0, 2] -= z[2]
    return replace(problem, point=point)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "prelu", "elu", "selu", "relu6"])
def test_a_unit_at_its_kink_is_skipped_and_nothing_else(activation):
    comparison = check(at_kink(["model.hidden=[7]", f"model.activation={activation}"]))
    expected = {(0, "weight"): [(k, 2) for k in range(5)], (0, "bias"): [(2,)]}
    assert (expected, False) == (skipped(comparison), comparison.fails)
    assert comparison.directional.on_kink.all()


def test_two_equal_pieces_of_maxout_are_a_kink():
    problem = small_problem("classes", ["model.hidden=[7]", "model.activation=maxout"])
    point = problem.point.copy()
    first = views(point[None], problem.layout)[0]
    for name in ("weight", "bias"):
        first[name][..., 7 + 3] = first[name][..., 3]
    comparison = check(replace(problem, point=point))
    columns = [3, 10]
    assert {
        (0, "weight"): [(k, j) for k in range(5) for j in columns],
        (0, "bias"): [(3,), (10,)],
    } == skipped(comparison)
    assert not comparison.fails


def test_a_residual_of_0_is_a_kink_of_mae():
    problem = small_problem("numbers", ["model.hidden=[]", "loss=mae"])
    point = problem.point.copy()
    only, row = views(point[None], problem.layout)[0], problem.rows[0]
    output = problem.data.train.x[row] @ only["weight"][0] + only["bias"][0, 0]
    only["bias"][0, 0, 1] -= (output - problem.data.train.y[row])[1]
    comparison = check(replace(problem, point=point))
    assert {(0, "weight"): [(k, 1) for k in range(5)], (0, "bias"): [(1,)]} == skipped(comparison)
    assert not comparison.fails


def test_a_kink_within_the_step_affects_differences_alone():
    problem = at_kink(["model.hidden=[7]", "model.activation=relu"])
    point = problem.point.copy()
    views(point[None], problem.layout)[0]["bias"][0, 0, 2] += 1e-7  # nearer than h, but not on it
    comparison = check(replace(problem, point=point))
    assert (True, False, False) == (
        comparison.directional.crosses_kink.all(),
        comparison.directional.on_kink.any(),
        comparison.fails,
    )
    assert comparison.directional.difference_error is None
    assert comparison.directional.dual_error < 1e-14


def test_nothing_compared_is_no_success():
    problem = small_problem(
        "two classes", ["model.hidden=[]", "loss=perceptron", "model.init=zeros"], perturbation=0.0
    )
    comparison = check(problem)
    report = network_report(problem, comparison, 0.0)
    assert (False, True, False, None) == (
        comparison.fails,
        comparison.empty,
        report["passed"],
        report["worst"],
    )
    message = (
        "these weights lie on kinks, where the derivatives from the left and from the right differ:"
        " check other weights, such as those of a trained run"
    )
    assert [message] == report["diagnosis"]


def test_differences_against_a_closed_form():
    problem = small_problem("numbers", ["model.hidden=[]", "loss=mse_half"])
    weight, row = problem.data.train.weight[problem.rows], views(problem.point[None], problem.layout)[0]
    x, y = problem.data.train.x[problem.rows], problem.data.train.y[problem.rows]
    error = x @ row["weight"][0] + row["bias"][0, 0] - y
    true = x.T @ (error * weight[:, None]) / weight.sum()
    comparison = check(problem)
    weights = tensor(comparison, 0, "weight")
    for method in (weights.analytic, weights.dual):
        np.testing.assert_allclose(method, true.reshape(-1), rtol=1e-13)
    np.testing.assert_allclose(weights.difference, true.reshape(-1), rtol=1e-8)
    assert comparison.objective == pytest.approx(
        (0.5 * error**2).sum(axis=1) @ weight / weight.sum(), rel=1e-14
    )


def test_the_gradient_of_a_step_is_the_same_to_the_last_bit():
    problem = small_problem("classes", ["regularization.l2=0.3"])
    twice = [step_gradient(problem).gradient for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    assert np.isfinite(twice[0]).all()


def test_masks_and_noise_are_those_of_training():
    problem = small_problem("classes", ["model.dropout=0.5", "model.input_noise=0.3"])
    step = step_gradient(problem)
    masks = [buffers["mask"] for buffers in step.random_buffers if "mask" in buffers]
    assert 2 == len(masks)
    assert all({0.0, 2.0} == set(np.unique(mask)) for mask in masks)
    noise = step.random_buffers[0]["noisy"][0] - problem.data.train.x[problem.rows]
    assert 0.2 < noise.std() < 0.4
    tensors = views(problem.point[None], problem.layout)
    assert step.loss == pytest.approx(float(Objective(problem, step)(tensors)[0]), rel=1e-14)


def test_samples_are_drawn_by_their_seed():
    problem = small_problem("classes", [])
    comparisons = [check(problem, CheckOptions(samples=4, seed=seed)) for seed in (0, 0, 1)]
    sampled = [[one.coordinates.tolist() for one in each.tensors] for each in comparisons]
    assert sampled[0] == sampled[1] != sampled[2]
    assert [4, 4, 4, 4, 4, 3] == [
        one.checked for one in sorted(comparisons[0].tensors, key=lambda t: t.name == "bias")
    ]
    nothing = check(problem, CheckOptions(samples=0))
    assert ({"unchecked"}, False) == ({one.verdict for one in nothing.tensors}, nothing.fails)


def test_directions_have_length_one_and_move_every_parameter_but_no_padding():
    layout = small_problem("classes", []).layout
    directions = random_directions(layout, np.random.default_rng(0))
    used = np.zeros(layout.size, dtype=bool)
    for slot in layout.slots:
        used[slot.start : slot.start + slot.size] = True
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1)
    assert not directions[:, ~used].any()
    assert np.abs(directions[:, used]).min() > 0.3 * np.abs(directions[:, used]).max()


def test_a_difference_does_not_depend_on_the_size_of_blocks():
    problem = small_problem("classes", [])
    coordinates = np.arange(30)
    first, *others = [
        partial_differences(neighbourhood_of(problem, pairs), coordinates) for pairs in (1, 7, 30)
    ]
    for other in others:
        np.testing.assert_array_equal(first.values, other.values)
        np.testing.assert_array_equal(first.crosses_kink, other.crosses_kink)
        np.testing.assert_array_equal(first.uncertainty, other.uncertainty)


def test_blocks_fit_their_memory():
    problem = small_problem(
        "classes", ["model.hidden=[256, 256]", "model.dropout=0.1", "model.batch_norm=true"]
    )
    tracemalloc.start()
    neighbourhood = neighbourhood_of(problem, 1000)
    neighbourhood.measure()
    peak = tracemalloc.get_traced_memory()[1]
    check(problem, CheckOptions(samples=40))
    whole = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert neighbourhood.pairs > 1
    assert peak < BLOCK_BYTES
    assert whole < 2 * BLOCK_BYTES


def test_affordable_samples():
    assert 3964 < affordable_samples(small_problem("classes", []))
    assert (
        affordable_samples(small_problem("classes", ["model.hidden=[4000, 4000]", "model.init=zeros"])) < 100
    )


def compared(analytic, difference, dual, **more):
    size, settings = len(analytic), {"crosses_kink": False, "uncertainty": 1e-10, "min_scale": 1e-5, **more}
    numbers = (np.array(values, dtype=float) for values in (analytic, difference, dual))
    return TensorComparison(
        Slot(0, "weight", (1, size), 0),
        np.arange(size),
        *numbers,
        np.full(size, settings["crosses_kink"]),
        np.full(size, settings["uncertainty"]),
        settings["min_scale"],
    )


def test_dual_numbers_decide():
    assert ["good", "wrong"] == [
        compared([1, 0.5], [1, 0.5], [1, 0.5 + error]).verdict for error in (0.9e-10, 1.1e-10)
    ]


def test_differences_confirm():
    errors = {0.9e-4: "good", 0.9e-2: "look", 1.5e-2: "wrong"}
    assert list(errors.values()) == [compared([1, 1], [1, 1 + error], [1, 1]).verdict for error in errors]
    assert "look" == compared([1, 1e-7], [1, 2e-7], [1, 1e-7], uncertainty=0).verdict  # small, and curved


def test_nan_and_infinity_are_wrong():
    assert "wrong" == compared([1, np.nan], [1, 1], [1, 1]).verdict
    assert 1 == compared([1, np.nan], [1, 1], [1, 1]).worst
    assert "wrong" == compared([1, np.inf], [1, 1], [1, 1]).verdict


def test_skipped_coordinates_neither_pass_nor_fail():
    assert "skipped" == compared([1, 5], [1, 1], [1, 1], crosses_kink=True).verdict


def test_tiny_tensors_are_measured_by_the_network():
    assert "good" == compared([1e-18, 0], [0, 0], [2e-18, 0]).verdict
    assert "wrong" == compared([1e-18, 0], [0, 0], [2e-18, 0], min_scale=1e-21, uncertainty=0).verdict


def test_the_error_of_a_difference():
    analytic, difference = np.array([1.0, 1.0, 1e-11, 0.0]), np.array([1.0 + 1e-11, 2.0, -1e-11, 1.0])
    errors = difference_error(analytic, difference, 1e-10)
    np.testing.assert_allclose(errors, [0, 0.5 - 5e-11, 0, 1 - 1e-10], rtol=1e-12)


def test_differences_of_a_curved_objective_are_refined_and_a_wrong_gradient_still_fails():
    problem = small_problem("classes", ["model.hidden=[7]"])
    coarse = check(problem, CheckOptions(step=0.05))
    assert not coarse.fails
    assert max(one.difference_errors.max() for one in coarse.tensors) < 1e-2
    wrong = compared([1.2, 1], [1, 1], [1.2, 1])
    assert "wrong" == wrong.verdict


def test_networks_that_hardly_learn_are_measured_by_their_objective():
    problem = small_problem("numbers", ["model.hidden=[3]", "model.activation=sigmoid"])
    point = problem.point.copy()
    views(point[None], problem.layout)[0]["bias"][...] = -60.0  # where sigmoid's derivative is e^-60
    comparison = check(replace(problem, point=point))
    assert 0 < np.abs(tensor(comparison, 0, "weight").dual).max() < 1e-20
    assert not comparison.fails
