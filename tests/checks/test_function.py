"""Gradients that users wrote."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.checks.function import (
    UserFunction,
    compare_function,
    function_report,
    load_function,
    load_module,
)
from nettrain.checks.options import CheckOptions
from nettrain.errors import SpecError

DOCS = Path(__file__).parents[2] / "docs"


def user_function(call, at):
    return UserFunction("homework:f", call, np.array(at, dtype=float))


def report(call, at, **options):
    return function_report(compare_function(user_function(call, at), CheckOptions(**options)), 0.0)


def cubes(x):
    return np.sum(x**3), 3 * x**2


def test_the_example_of_the_documentation():
    example = load_function(f"{DOCS / 'homework.py'}:loss")
    comparison = compare_function(example)
    compared = comparison.compared
    assert ("", False, 3) == (comparison.without_duals, compared.fails, compared.checked)
    assert (compared.dual_errors < 1e-15).all()


def test_arrays_of_any_shape():
    checked = report(cubes, np.arange(1.0, 13).reshape(2, 3, 2))
    assert (True, [2, 3, 2], 12) == (
        checked["passed"],
        checked["tensors"][0]["shape"],
        checked["tensors"][0]["checked"],
    )
    sampled = report(cubes, np.ones((4, 4)), samples=5)
    assert (True, 16, 5) == (sampled["passed"], *(sampled["tensors"][0][key] for key in ("size", "checked")))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda g: -g, "the gradient is -1 times what it should be: the sign is wrong"),
        (
            lambda g: 2 * g,
            "the gradient is 2 times what it should be: a factor 2 is too many, as from a square",
        ),
        (lambda g: 7 * g, "the gradient is 7 times what it should be"),
        (lambda g: g.T, "the gradient is transposed"),
        (lambda g: 0 * g, "the gradient is 0 everywhere: nothing writes it, or what should reach it is 0"),
        (
            lambda g: np.full_like(g, g.sum()),
            "the gradient has the same value everywhere, as if summed over its units",
        ),
    ],
)
def test_what_wrong_gradients_look_like(spoil, message):
    checked = report(lambda x: (cubes(x)[0], spoil(3 * x**2)), [[1.0, 2.0], [3.0, 5.0]])
    assert (False, [message]) == (checked["passed"], checked["diagnosis"])


def test_differences_alone_where_dual_numbers_do_not_work():
    checked = report(lambda x: (float(np.sum(np.asarray(x) ** 3)), 3 * np.asarray(x) ** 2), [1.0, 2.0])
    assert checked["passed"]
    assert (None, None) == (checked["tensors"][0]["dual"]["worst"], checked["worst"]["dual"])
    why = "TypeError: a dual number is not a plain array: np.array, np.asarray and float would lose its derivatives"
    assert why == checked["without_duals"]
    wrong = report(lambda x: (float(np.sum(np.asarray(x) ** 3)), 2 * np.asarray(x) ** 2), [1.0, 2.0])
    assert (False, 2) == (wrong["passed"], wrong["tensors"][0]["wrong"])
    assert "its value is a plain number" == report(lambda x: (3.0, [0.0]), [1.0])["without_duals"]


def test_coordinates_at_kinks_are_skipped_and_nothing_compared_is_no_success():
    checked = report(lambda x: (np.abs(x).sum(), np.sign(x)), [0.0, 1.0, -2.0, 1e-9])
    assert (True, 2, 2, [[0], [3]]) == (
        checked["passed"],
        *(checked["tensors"][0][key] for key in ("checked", "skipped", "skipped_at")),
    )
    nowhere = report(lambda x: (np.abs(x).sum(), np.sign(x)), [0.0])
    assert (False, "skipped", []) == (
        nowhere["passed"],
        nowhere["tensors"][0]["verdict"],
        nowhere["diagnosis"],
    )


def test_a_curve_is_no_kink():
    checked = report(lambda x: (np.sum(np.exp(30 * x)), 30 * np.exp(30 * x)), [0.0, 0.3])
    assert (True, 0) == (checked["passed"], checked["tensors"][0]["skipped"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: 3.0, "homework:f: must return (value, gradient), not float"),
        (lambda x: (x, x), "homework:f: the value must be one number, not (2,)"),
        (lambda x: (x.sum(), x[:1]), "homework:f: the gradient is (1,), x0 is (2,)"),
        (lambda x: 1 / 0, "homework:f: fails: ZeroDivisionError: division by zero"),
    ],
)
def test_functions_that_do_not_return_a_value_and_a_gradient(call, message):
    with pytest.raises(SpecError) as error:
        compare_function(user_function(call, [1.0, 2.0]))
    assert message == str(error.value)


def test_functions_and_points_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("exercise_1.py").write_text("def loss(x): return x, x\nx0 = [1.0]\n")
    Path("exercise_2.py").write_text("def loss(x): return x, x\n")
    Path("exercise_3.py").write_text("x0 = [1.0]\n1 / 0\n")
    assert [1.0] == load_function("exercise_1:loss").point.tolist()
    assert [1.0] == load_function("exercise_1.py:loss").point.tolist()
    refused = {
        "exercise_1": "--function: exercise_1: write module:name, such as homework:loss",
        "exercise_1:lost": '--function: exercise_1 has no function "lost", did you mean "loss"?',
        "exercise_2:loss": "--function: exercise_2 has no x0, the array at which loss is checked",
        "exercise_3:loss": "--function: exercise_3: fails: ZeroDivisionError: division by zero",
        "nowhere:loss": '--function: no module "nowhere"',
        "nowhere.py:loss": "--function: nowhere.py: no such file",
    }
    for name, message in refused.items():
        with pytest.raises(SpecError) as error:
            load_function(name)
        assert message == str(error.value)
    assert load_module("exercise_1").x0 == [1.0]
