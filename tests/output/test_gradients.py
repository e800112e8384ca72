"""The report of a gradient check, to the letter."""

from io import StringIO

from rich.console import Console

from nettrain.output.gradcheck_view import show_check
from nettrain.output.gradient_matrix import matrix_view
from nettrain.output.gradients import fitting, function_view, gradient_report
from nettrain.workflow.gradcheck import CatalogueCheck

FACTS = {"network": "2-4-3, 27 parameters, initial weights", "loss": "cross_entropy, objective 1.204"}


def drawn(view, *arguments, width=80, **named):
    out = StringIO()
    view(Console(file=out, width=width), *arguments, **named)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def row(layer, tensor, shape, verdict="good", difference=(0.0, 0.0), dual=(4.8e-16, 5.4e-18), **more):
    size = more.pop("size", 12)
    return {
        **{"layer": layer, "tensor": tensor, "shape": shape, "size": size, "checked": size, "skipped": 0},
        "difference": {"worst": difference[0], "median": difference[1]},
        "dual": {"worst": dual[0], "median": dual[1]},
        **{"wrong": 0, "verdict": verdict, "skipped_at": []},
        **more,
    }


def report(*tensors, **more):
    return {
        "passed": True,
        "tensors": list(tensors),
        "directional": {"directions": 3, "skipped": 0, "difference": 0.0, "dual": 9.9e-18, "passed": True},
        "worst": {
            **{"layer": "hidden 1", "tensor": "weight", "index": [1, 2]},
            **{"analytic": 0.0503534987423, "difference": 0.0503534987052, "dual": 0.0503534987423},
        },
        "diagnosis": [],
        "seconds": 1.26,
        **more,
    }


RIGHT = report(
    row("hidden 1", "weight", [2, 4], size=8), row("output", "bias", [3], size=3, skipped=1, checked=2)
)
WRONG = report(
    row("hidden 1", "weight", [2, 4], "wrong", (9.5e-1, 9.5e-1), (19.0, 9.9), wrong=8, size=8),
    row("output", "bias", [3], "skipped", (None, None), (None, None), size=3, skipped=3, checked=0, skipped_at=[[0], [2]]),
    passed=False,
    directional={"directions": 3, "skipped": 2, "difference": 1.5e-1, "dual": 2.3e-3, "passed": False},
    diagnosis=["wrong from hidden 1 down: look at the derivative of relu or delta @ Wᵀ of output", "the weight of hidden 1 is 20 times what it should be"],
)  # fmt: skip


def test_a_right_gradient_in_80_columns():
    assert """\
digits
network  2-4-3, 27 parameters, initial weights
loss     cross_entropy, objective 1.204

 layer      tensor   shape   checked   skipped   difference      dual   verdict
 ──────────────────────────────────────────────────────────────────────────────
 hidden 1   weight   2×4           8         0            0   4.8e-16   good
 output     bias     3             2         1            0   4.8e-16   good

along    3 directions of all parameters at once: differences 0, dual numbers
         9.9e-18
worst    hidden 1 weight[1, 2]: backpropagation 0.0503534987423, difference
         0.0503534987052, dual number 0.0503534987423
checked  10 of 11 numbers, 1 skipped at kinks, in 1.3 s
verdict  the gradient is right
""" == drawn(gradient_report, "digits", FACTS, RIGHT, verbose=False)


def test_a_wrong_gradient_in_120_columns():
    assert """\
digits
network  2-4-3, 27 parameters, initial weights
loss     cross_entropy, objective 1.204

 layer      tensor   shape   checked   skipped   difference    median      dual    median   verdict
 ──────────────────────────────────────────────────────────────────────────────────────────────────
 hidden 1   weight   2×4           8         0      9.5e-01   9.5e-01   1.9e+01   9.9e+00   wrong
 output     bias     3             0         3            –         –         –         –   skipped

skipped  output bias[0], output bias[2]
along    3 directions of all parameters at once: differences 1.5e-01, dual numbers 2.3e-03, 2 of them skipped at kinks
worst    hidden 1 weight[1, 2]: backpropagation 0.0503534987423, difference 0.0503534987052, dual number 0.0503534987423
checked  8 of 11 numbers, 3 skipped at kinks, in 1.3 s
verdict  the gradient is wrong in 1 of 2 tensors, 8 of 8 numbers
why      wrong from hidden 1 down: look at the derivative of relu or delta @ Wᵀ of output
why      the weight of hidden 1 is 20 times what it should be
""" == drawn(gradient_report, "digits", FACTS, WRONG, verbose=True, width=120)


def test_a_function():
    tensor = row("", "x", [3], difference=(1.1e-9, 0.0), dual=(None, None), size=3)
    worst = {"layer": "", "tensor": "x", "index": [1], "analytic": 0.25, "difference": 0.25, "dual": None}
    checked = report(tensor, checked="homework:loss", value=0.6434, worst=worst, seconds=0.01)
    checked |= {"without_duals": "TypeError: it is no array"}
    assert """\
homework:loss
value    0.6434

 tensor   shape   checked   skipped   difference   dual   verdict
 ────────────────────────────────────────────────────────────────
 x        3             3         0      1.1e-09      –   good

note     differences alone, no dual numbers: TypeError: it is no array
worst    x[1]: gradient 0.25, difference 0.25
checked  3 of 3 numbers, 0 skipped at kinks, in 0.0 s
verdict  the gradient is right
""" == drawn(function_view, checked, verbose=False)


def test_a_narrow_terminal_goes_without_shapes():
    text = drawn(gradient_report, "digits", {}, RIGHT, verbose=False, width=75)
    assert " layer      tensor   checked   skipped   difference      dual   verdict\n" in text


def test_nothing_compared_is_no_success():
    along = {**WRONG["directional"], "dual": None, "difference": None, "skipped": 3}
    skipped = [WRONG["tensors"][1]]
    nothing = {**WRONG, "tensors": skipped, "directional": along, "worst": None, "diagnosis": []}
    assert "verdict  nothing was compared\n" == drawn(gradient_report, "x", {}, nothing, verbose=False)[-30:]
    right = {**RIGHT, "passed": False}
    assert drawn(gradient_report, "x", {}, right, verbose=False).endswith(
        "verdict  the gradient is wrong, though no number that was compared is\n"
    )


def line(group, name, cells=None, failures=(), **more):
    counted = {"checked": 84, "skipped": 2, "difference": 4.5e-11, "dual": 1.2e-15, "networks": 1}
    return {
        **{
            "group": group,
            "name": name,
            "cells": cells or {},
            "passed": not failures,
            "failures": list(failures),
        },
        **(counted | more),
    }


FAILURE = {"of": "mse", "worst": RIGHT["worst"], "diagnosis": ["look at relu", "the sign is wrong"]}
MATRIX = {
    "passed": False,
    "losses": ["mse", "cross_entropy"],
    "rows": [
        line("activations", "relu", {"mse": False, "cross_entropy": False}, [FAILURE, FAILURE]),
        line("activations", "softmax", {"mse": True}),
        line("layers", "batch_norm"),
        line("layers", "dropout"),
        line("penalties", "l2", failures=[{**FAILURE, "of": ""}]),
    ],
    "networks": 6,
    "seconds": 7.25,
}


def test_the_catalogue_in_80_columns():
    assert """\

 activation  1  2  difference     dual
 ─────────────────────────────────────
 relu        ✗  ✗     4.5e-11  1.2e-15
 softmax     ✓  –     4.5e-11  1.2e-15

losses   1 mse   2 cross_entropy

 also           difference      dual
 ───────────────────────────────────────
 layers
   batch_norm      4.5e-11   1.2e-15   ✓
   dropout         4.5e-11   1.2e-15   ✓
 penalties
   l2              4.5e-11   1.2e-15   ✗

wrong    relu with mse and 1 more: hidden 1 weight[1, 2]: backpropagation
         0.0503534987423, difference 0.0503534987052, dual number
         0.0503534987423
why      look at relu; the sign is wrong
wrong    l2: hidden 1 weight[1, 2]: backpropagation 0.0503534987423, difference
         0.0503534987052, dual number 0.0503534987423
why      look at relu; the sign is wrong
checked  420 numbers of 6 networks, 10 skipped at kinks, in 7.2 s
verdict  the gradient is wrong in 3 of 6 networks
""" == drawn(matrix_view, MATRIX)


def test_the_catalogue_in_120_columns_tells_counts_too():
    wide = drawn(matrix_view, {**MATRIX, "rows": MATRIX["rows"][1:4]}, width=120)
    assert "   batch_norm        84         2      4.5e-11   1.2e-15   ✓\n" in wide
    assert wide.endswith("verdict  all gradients are right\n")


def test_columns_that_nobody_can_do_without_stay_however_narrow_the_terminal():
    table = fitting(Console(width=10), RIGHT["tensors"])
    assert ["layer", "tensor", "checked", "skipped", "difference", "dual", "verdict"] == [
        str(column.header) for column in table.columns
    ]


def test_a_check_is_shown_by_what_was_checked():
    out = StringIO()
    show_check(Console(file=out, width=80), CatalogueCheck(MATRIX), verbose=False)
    assert drawn(matrix_view, MATRIX) == "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())
