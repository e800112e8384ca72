"""Verdicts on layers: what is healthy, worth a look, or wrong."""

import numpy as np
import pytest

from nettrain.training.diagnostics.layer_diagnostics import LayerDiagnostics
from nettrain.training.diagnostics.verdicts import layer_verdicts


def measured(members: int = 1, **changes: list[float]) -> LayerDiagnostics:
    """Two healthy hidden layers and an output, with some changes."""
    values = {
        "update_ratio": [1e-3, 1e-3, 1e-3],
        "gradient_norm": [0.1, 0.1, 0.1],
        "activation_mean": [0.3, 0.3, 0.0],
        "activation_spread": [0.4, 0.4, 1.0],
        "saturated": [0.0, 0.0, 0.0],
        "dead": [0.0, 0.0, 0.0],
        "weight_norm": [8.0, 8.0, 4.0],
    } | changes
    names = ("hidden 1", "hidden 2", "output")
    return LayerDiagnostics(names, {name: np.tile(row, (members, 1)) for name, row in values.items()})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["ok", "ok", "ok"]),
        ({"update_ratio": [9e-3, 1.1e-4, 1e-3]}, ["ok", "ok", "ok"]),
        ({"update_ratio": [2e-2, 5e-5, 1e-3]}, ["look", "look", "ok"]),
        ({"update_ratio": [0.2, 0.0, np.inf]}, ["wrong", "wrong", "wrong"]),
        ({"gradient_norm": [5e-4, 1e-6, 0.1]}, ["look", "wrong", "ok"]),
        ({"gradient_norm": [0.1, 0.1, 1e-9]}, ["ok", "ok", "ok"]),
        ({"saturated": [0.6, 0.95, 0.4]}, ["look", "wrong", "ok"]),
        ({"dead": [0.6, 0.95, 0.0]}, ["look", "wrong", "ok"]),
        ({"dead": [0.6, 0.0, 0.0], "update_ratio": [0.2, 1e-3, 1e-3]}, ["wrong", "ok", "ok"]),
    ],
)
def test_each_layer_is_graded_by_the_worst_of_its_figures(changes, expected):
    assert expected == [verdict.grade for verdict in layer_verdicts(measured(**changes))]


def test_what_is_wrong_is_said_in_words():
    verdict = layer_verdicts(measured(dead=[0.6, 0, 0], update_ratio=[0.2, 1e-3, 1e-3]))[0]
    assert (("large steps", "wrong"), ("dead", "look")) == verdict.findings


def test_small_steps_along_a_small_gradient_need_no_word():
    verdict = layer_verdicts(measured(gradient_norm=[1e-6, 0.1, 0.1], update_ratio=[1e-8, 1e-3, 1e-3]))[0]
    assert (("small gradient", "wrong"),) == verdict.findings


def test_small_steps_are_meant_where_the_schedule_has_lowered_the_rate():
    small = measured(update_ratio=[1e-7, 1e-7, 1e-7])
    assert ["wrong"] * 3 == [verdict.grade for verdict in layer_verdicts(small)]
    assert ["ok"] * 3 == [verdict.grade for verdict in layer_verdicts(small, annealed=True)]


@pytest.mark.parametrize("gradient", [0.0, 1e-6])
def test_small_steps_are_meant_where_the_loss_is_at_its_minimum(gradient):
    small = {"update_ratio": [0.0] * 3, "gradient_norm": [gradient] * 3}
    assert ["ok"] * 3 == grades(measured(**small), steepest_so_far=0.1)
    # the gradient is as large as ever: the steps are too small for it
    assert ["wrong"] * 3 == grades(measured(update_ratio=[1e-7] * 3), steepest_so_far=0.1)
    # an output that is the same for all rows is that of a network that cannot learn, as with zeros
    constant = measured(**small, activation_spread=[0.0] * 3)
    assert ["wrong"] * 3 == grades(constant, steepest_so_far=0.1)


def test_without_any_gradient_from_the_start_a_network_that_tells_rows_apart_is_at_its_minimum():
    assert ["ok"] * 3 == grades(measured(update_ratio=[0.0] * 3, gradient_norm=[0.0] * 3))


def grades(layers: LayerDiagnostics, steepest_so_far: float = 0.0) -> list[str]:
    return [verdict.grade for verdict in layer_verdicts(layers, steepest_so_far=steepest_so_far)]


def test_before_training_there_is_no_update_to_judge():
    start = measured()
    start = LayerDiagnostics(
        start.layers, {name: table for name, table in start.values.items() if name != "update_ratio"}
    )
    assert ["ok"] * 3 == [verdict.grade for verdict in layer_verdicts(start)]


def test_several_networks_are_judged_by_their_median():
    several = measured(3, dead=[0.0, 0.0, 0.0])
    several.values["dead"][0, 0] = 1.0
    assert "ok" == layer_verdicts(several)[0].grade
    several.values["dead"][1, 0] = 1.0
    assert ("wrong", 1.0) == (layer_verdicts(several)[0].grade, layer_verdicts(several)[0].figures["dead"])
