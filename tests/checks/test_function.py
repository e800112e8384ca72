"""Gradients that other people have written."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.checks.function import Own, check_function, function_report, imported, own_function
from nettrain.errors import SpecError

DOCS = Path(__file__).parents[2] / "docs"


def own(call, at):
    return Own("homework:f", call, np.array(at, dtype=float))


def reported(call, at, **options):
    one = own(call, at)
    return function_report(one, check_function(one, **options), 0.0)


def cubes(x):
    return np.sum(x**3), 3 * x**2


def test_the_example_of_the_documentation():
    example = own_function(f"{DOCS / 'homework.py'}:loss")
    found = check_function(example)
    assert ("", False, 3) == (found.without_duals, found.compared.fails, found.compared.checked)
    assert (found.compared.dual_errors < 1e-15).all()


def test_arrays_of_any_shape():
    found = reported(cubes, np.arange(1.0, 13).reshape(2, 3, 2))
    assert (True, [2, 3, 2], 12) == (
        found["passed"],
        found["tensors"][0]["shape"],
        found["tensors"][0]["checked"],
    )
    sampled = reported(cubes, np.ones((4, 4)), samples=5)
    assert (True, 16, 5) == (sampled["passed"], *(sampled["tensors"][0][key] for key in ("size", "checked")))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda g: -g, "the gradient is -1 times what it should be: the sign is wrong"),
        (
            lambda g: 2 * g,
            "the gradient is 2 times what it should be: a 2 too many, as of a square",
        ),
        (lambda g: 7 * g, "the gradient is 7 times what it should be"),
        (lambda g: g.T, "the gradient is transposed"),
        (lambda g: 0 * g, "the gradient has no gradient: nothing writes it, or what should reach it is 0"),
        (
            lambda g: np.full_like(g, g.sum()),
            "the gradient has one number everywhere, as if summed over its units",
        ),
    ],
)
def test_what_wrong_gradients_look_like(spoil, said):
    found = reported(lambda x: (cubes(x)[0], spoil(3 * x**2)), [[1.0, 2.0], [3.0, 5.0]])
    assert (False, [said]) == (found["passed"], found["diagnosis"])


def test_differences_alone_where_dual_numbers_do_not_pass():
    found = reported(lambda x: (float(np.sum(np.asarray(x) ** 3)), 3 * np.asarray(x) ** 2), [1.0, 2.0])
    assert found["passed"]
    assert (None, None) == (found["tensors"][0]["dual"]["worst"], found["worst"]["dual"])
    why = "TypeError: a dual number is no plain array: np.array, np.asarray and float lose derivatives"
    assert why == found["without_duals"]
    wrong = reported(lambda x: (float(np.sum(np.asarray(x) ** 3)), 2 * np.asarray(x) ** 2), [1.0, 2.0])
    assert (False, 2) == (wrong["passed"], wrong["tensors"][0]["wrong"])
    assert "its value is a plain number" == reported(lambda x: (3.0, [0.0]), [1.0])["without_duals"]


def test_numbers_at_kinks_are_skipped_and_nothing_else_is_no_success():
    found = reported(lambda x: (np.abs(x).sum(), np.sign(x)), [0.0, 1.0, -2.0, 1e-9])
    assert (True, 2, 2, [[0], [3]]) == (
        found["passed"],
        *(found["tensors"][0][key] for key in ("checked", "skipped", "skipped_at")),
    )
    nowhere = reported(lambda x: (np.abs(x).sum(), np.sign(x)), [0.0])
    assert (False, "skipped", []) == (
        nowhere["passed"],
        nowhere["tensors"][0]["verdict"],
        nowhere["diagnosis"],
    )


def test_a_curve_is_no_kink():
    found = reported(lambda x: (np.sum(np.exp(30 * x)), 30 * np.exp(30 * x)), [0.0, 0.3])
    assert (True, 0) == (found["passed"], found["tensors"][0]["skipped"])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda x: 3.0, "homework:f: must return (value, gradient), not float"),
        (lambda x: (x, x), "homework:f: the value must be one number, not (2,)"),
        (lambda x: (x.sum(), x[:1]), "homework:f: the gradient is (1,), x0 is (2,)"),
        (lambda x: 1 / 0, "homework:f: fails: ZeroDivisionError: division by zero"),
    ],
)
def test_functions_of_another_form(call, said):
    with pytest.raises(SpecError) as error:
        check_function(own(call, [1.0, 2.0]))
    assert said == str(error.value)


def test_what_cannot_be_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("exercise_1.py").write_text("def loss(x): return x, x\nx0 = [1.0]\n")
    Path("exercise_2.py").write_text("def loss(x): return x, x\n")
    Path("exercise_3.py").write_text("x0 = [1.0]\n1 / 0\n")
    assert [1.0] == own_function("exercise_1:loss").point.tolist()
    assert [1.0] == own_function("exercise_1.py:loss").point.tolist()
    refused = {
        "exercise_1": "--function: exercise_1: write module:name, such as homework:loss",
        "exercise_1:lost": '--function: exercise_1 has no function "lost", did you mean "loss"?',
        "exercise_2:loss": "--function: exercise_2 has no x0, the array at which loss is checked",
        "exercise_3:loss": "--function: exercise_3: fails: ZeroDivisionError: division by zero",
        "nowhere:loss": '--function: no module "nowhere"',
        "nowhere.py:loss": "--function: nowhere.py: no such file",
    }
    for name, said in refused.items():
        with pytest.raises(SpecError) as error:
            own_function(name)
        assert said == str(error.value)
    assert imported("exercise_1").x0 == [1.0]
