"""What is compared, what is skipped, and what counts as wrong."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from nettrain.checks.backpropagation import backpropagated
from nettrain.checks.comparison import Compared, difference_error
from nettrain.checks.differences import BLOCK_BYTES, neighbourhood, partial_differences
from nettrain.checks.gradient import affordable, check, directions
from nettrain.checks.objective import Objective
from nettrain.checks.report import report
from nettrain.checks.small import small_problem
from nettrain.model.parameters import Slot, views


def tensor(found, layer, name):
    return next(one for one in found.tensors if (one.layer, one.name) == (layer, name))


def skipped(found):
    """Which numbers were skipped, by tensor."""
    places = {
        (one.layer, one.name): [one.index(k) for k in np.flatnonzero(one.crossed)] for one in found.tensors
    }
    return {name: where for name, where in places.items() if where}


def at_kink(overrides, kind="classes"):
    """A network without hidden layers but one, whose unit 2 is at z = 0 in the first row of the batch."""
    problem = small_problem(kind, overrides)
    point = problem.point.copy()
    first = views(point[None], problem.layout)[0]
    z = problem.data.train.x[problem.rows[0]] @ first["weight"][0] + first["bias"][0, 0]
    first["bias"][0, 0, 2] -= z[2]
    return replace(problem, point=point)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "prelu", "elu", "selu", "relu6"])
def test_a_unit_at_its_kink_is_skipped_and_nothing_else(activation):
    found = check(at_kink(["model.hidden=[7]", f"model.activation={activation}"]))
    wanted = {(0, "weight"): [(k, 2) for k in range(5)], (0, "bias"): [(2,)]}
    assert (wanted, False) == (skipped(found), found.fails)
    assert found.directional.upon.all()


def test_two_equal_pieces_of_maxout_are_a_kink():
    problem = small_problem("classes", ["model.hidden=[7]", "model.activation=maxout"])
    point = problem.point.copy()
    first = views(point[None], problem.layout)[0]
    for name in ("weight", "bias"):
        first[name][..., 7 + 3] = first[name][..., 3]
    found = check(replace(problem, point=point))
    columns = [3, 10]
    assert {
        (0, "weight"): [(k, j) for k in range(5) for j in columns],
        (0, "bias"): [(3,), (10,)],
    } == skipped(found)
    assert not found.fails


def test_an_error_of_nothing_is_a_kink_of_mae():
    problem = small_problem("numbers", ["model.hidden=[]", "loss=mae"])
    point = problem.point.copy()
    only, row = views(point[None], problem.layout)[0], problem.rows[0]
    output = problem.data.train.x[row] @ only["weight"][0] + only["bias"][0, 0]
    only["bias"][0, 0, 1] -= (output - problem.data.train.y[row])[1]
    found = check(replace(problem, point=point))
    assert {(0, "weight"): [(k, 1) for k in range(5)], (0, "bias"): [(1,)]} == skipped(found)
    assert not found.fails


def test_a_kink_on_the_way_stops_differences_alone():
    problem = at_kink(["model.hidden=[7]", "model.activation=relu"])
    point = problem.point.copy()
    views(point[None], problem.layout)[0]["bias"][0, 0, 2] += 1e-7  # nearer than h, and not upon it
    found = check(replace(problem, point=point))
    assert (True, False, False) == (
        found.directional.crossed.all(),
        found.directional.upon.any(),
        found.fails,
    )
    assert found.directional.difference_error is None
    assert found.directional.dual_error < 1e-14


def test_nothing_compared_is_no_success():
    problem = small_problem(
        "two classes", ["model.hidden=[]", "loss=perceptron", "model.init=zeros"], apart=0.0
    )
    found = check(problem)
    told = report(problem, found, 0.0)
    assert (False, True, False, None) == (found.fails, found.empty, told["passed"], told["worst"])
    said = "these weights lie upon kinks, where slopes have two sides: check others, as of a trained run"
    assert [said] == told["diagnosis"]


def test_differences_against_a_closed_form():
    problem = small_problem("numbers", ["model.hidden=[]", "loss=mse_half"])
    weight, row = problem.data.train.weight[problem.rows], views(problem.point[None], problem.layout)[0]
    x, y = problem.data.train.x[problem.rows], problem.data.train.y[problem.rows]
    error = x @ row["weight"][0] + row["bias"][0, 0] - y
    true = x.T @ (error * weight[:, None]) / weight.sum()
    found = check(problem)
    weights = tensor(found, 0, "weight")
    for method in (weights.analytic, weights.dual):
        np.testing.assert_allclose(method, true.reshape(-1), rtol=1e-13)
    np.testing.assert_allclose(weights.difference, true.reshape(-1), rtol=1e-8)
    assert found.objective == pytest.approx((0.5 * error**2).sum(axis=1) @ weight / weight.sum(), rel=1e-14)


def test_the_gradient_is_seen_in_a_step_to_the_last_bits():
    problem = small_problem("classes", ["regularization.l2=0.3"])
    twice = [backpropagated(problem).gradient for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    assert np.isfinite(twice[0]).all()


def test_masks_and_noise_are_those_of_training():
    problem = small_problem("classes", ["model.dropout=0.5", "model.input_noise=0.3"])
    drawn = backpropagated(problem)
    masks = [layer["mask"] for layer in drawn.drawn if "mask" in layer]
    assert 2 == len(masks)
    assert all({0.0, 2.0} == set(np.unique(mask)) for mask in masks)
    noise = drawn.drawn[0]["noisy"][0] - problem.data.train.x[problem.rows]
    assert 0.2 < noise.std() < 0.4
    here = views(problem.point[None], problem.layout)
    assert drawn.loss == pytest.approx(float(Objective(problem, drawn)(here)[0]), rel=1e-14)


def test_samples_are_drawn_by_their_seed():
    problem = small_problem("classes", [])
    found = [check(problem, samples=4, seed=seed) for seed in (0, 0, 1)]
    places = [[one.places.tolist() for one in each.tensors] for each in found]
    assert places[0] == places[1] != places[2]
    assert [4, 4, 4, 4, 4, 3] == [
        one.checked for one in sorted(found[0].tensors, key=lambda t: t.name == "bias")
    ]
    nothing = check(problem, samples=0)
    assert ({"unchecked"}, False) == ({one.verdict for one in nothing.tensors}, nothing.fails)


def test_directions_have_length_one_and_move_every_number_and_no_padding():
    place = small_problem("classes", []).layout
    moves = directions(place, np.random.default_rng(0))
    used = np.zeros(place.size, dtype=bool)
    for slot in place.slots:
        used[slot.start : slot.start + slot.size] = True
    np.testing.assert_allclose(np.linalg.norm(moves, axis=1), 1)
    assert not moves[:, ~used].any()
    assert np.abs(moves[:, used]).min() > 0.3 * np.abs(moves[:, used]).max()


def test_a_difference_does_not_depend_on_the_size_of_blocks():
    problem = small_problem("classes", [])
    places = np.arange(30)
    found = [partial_differences(neighbourhood(problem, pairs), places) for pairs in (1, 7, 30)]
    for one in found[1:]:
        for expected, actual in zip(found[0], one, strict=True):
            np.testing.assert_array_equal(expected, actual)


def test_blocks_fit_their_memory():
    problem = small_problem(
        "classes", ["model.hidden=[256, 256]", "model.dropout=0.1", "model.batch_norm=true"]
    )
    tracemalloc.start()
    around = neighbourhood(problem, 1000)
    around.measure()
    peak = tracemalloc.get_traced_memory()[1]
    check(problem, samples=40)
    whole = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert around.pairs > 1
    assert peak < BLOCK_BYTES
    assert whole < 2 * BLOCK_BYTES


def test_what_is_affordable():
    assert 3964 < affordable(small_problem("classes", []))
    assert affordable(small_problem("classes", ["model.hidden=[4000, 4000]", "model.init=zeros"])) < 100


def compared(analytic, difference, dual, **more):
    size, settings = len(analytic), {"crossed": False, "rounding": 1e-10, "least": 1e-5, **more}
    crossed, rounding = (np.full(size, settings[key]) for key in ("crossed", "rounding"))
    numbers = (np.array(values, dtype=float) for values in (analytic, difference, dual))
    return Compared(
        Slot(0, "weight", (1, size), 0), np.arange(size), *numbers, crossed, rounding, settings["least"]
    )


def test_dual_numbers_decide():
    assert ["good", "wrong"] == [
        compared([1, 0.5], [1, 0.5], [1, 0.5 + error]).verdict for error in (0.9e-10, 1.1e-10)
    ]


def test_differences_confirm():
    errors = {0.9e-4: "good", 0.9e-2: "look", 1.5e-2: "wrong"}
    assert list(errors.values()) == [compared([1, 1], [1, 1 + error], [1, 1]).verdict for error in errors]
    assert "look" == compared([1, 1e-7], [1, 2e-7], [1, 1e-7], rounding=0).verdict  # small, and bent


def test_what_is_not_a_number_is_wrong():
    assert "wrong" == compared([1, np.nan], [1, 1], [1, 1]).verdict
    assert 1 == compared([1, np.nan], [1, 1], [1, 1]).worst
    assert "wrong" == compared([1, np.inf], [1, 1], [1, 1]).verdict


def test_skipped_numbers_neither_pass_nor_fail():
    assert "skipped" == compared([1, 5], [1, 1], [1, 1], crossed=True).verdict


def test_tiny_tensors_are_measured_by_the_network():
    assert "good" == compared([1e-18, 0], [0, 0], [2e-18, 0]).verdict
    assert "wrong" == compared([1e-18, 0], [0, 0], [2e-18, 0], least=1e-21, rounding=0).verdict


def test_the_error_of_a_difference():
    analytic, difference = np.array([1.0, 1.0, 1e-11, 0.0]), np.array([1.0 + 1e-11, 2.0, -1e-11, 1.0])
    errors = difference_error(analytic, difference, 1e-10)
    np.testing.assert_allclose(errors, [0, 0.5 - 5e-11, 0, 1 - 1e-10], rtol=1e-12)


def test_a_curved_objective_gets_a_second_look_and_a_wrong_gradient_does_not_profit():
    problem = small_problem("classes", ["model.hidden=[7]"])
    coarse = check(problem, step=0.05)
    assert not coarse.fails
    assert max(one.difference_errors.max() for one in coarse.tensors) < 1e-2
    wrong = compared([1.2, 1], [1, 1], [1.2, 1])
    assert "wrong" == wrong.verdict


def test_networks_that_hardly_learn_are_measured_by_their_objective():
    problem = small_problem("numbers", ["model.hidden=[3]", "model.activation=sigmoid"])
    point = problem.point.copy()
    views(point[None], problem.layout)[0]["bias"][...] = -60.0  # where sigmoid's derivative is e^-60
    found = check(replace(problem, point=point))
    assert 0 < np.abs(tensor(found, 0, "weight").dual).max() < 1e-20
    assert not found.fails
