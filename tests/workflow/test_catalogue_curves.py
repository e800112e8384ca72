"""The curves of `nettrain list KIND --figure`: derivatives against differences, kinks, schedules by hand."""

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.output.figures import activations as activations_figure
from nettrain.workflow.activation_curves import activation_curves
from nettrain.workflow.schedule_curves import momentum_curves, schedule_curves

CURVES = {curve.name: curve for curve in activation_curves()}


def at(curve, x):
    """Value and derivative at a place, from the nearest one that is drawn."""
    k = int(np.abs(curve.x - x).argmin())
    return float(curve.values[k]), float(curve.derivatives[k])


@pytest.mark.parametrize(
    ("names", "limits"),
    [(["tanh"], (-1.2, 1.2)), (["tanh", "relu"], (-2.0, 4.0)), (["relu"], (-2.0, 4.0))],
)
def test_a_picture_of_one_bounded_activation_is_close_to_it(names, limits, monkeypatch):
    drawn = []
    monkeypatch.setattr(activations_figure, "png", lambda figure: drawn.append(figure) or b"")
    activations_figure.activations_picture([CURVES[name] for name in names], "a title")
    assert limits == drawn[0].axes[0].get_ylim()


def test_every_activation_has_a_curve():
    assert set(activations) == set(CURVES)


@pytest.mark.parametrize("name", CURVES)
def test_derivatives_are_those_of_the_values(name):
    curve = CURVES[name]
    for piece in curve.pieces():
        x, values = curve.x[piece], curve.values[piece]
        slopes = (values[2:] - values[:-2]) / (x[2:] - x[:-2])
        np.testing.assert_allclose(
            curve.derivatives[piece][2:-2], slopes[1:-1], atol=1.1e-2
        )  # softsign bends at 0


@pytest.mark.parametrize(
    ("name", "kinks", "taken"),
    [
        ("relu", (0.0,), (0.0,)),
        ("leaky_relu", (0.0,), (0.01,)),
        ("prelu", (0.0,), (0.25,)),
        ("relu6", (0.0, 6.0), (0.0, 0.0)),
        ("hard_tanh", (-1.0, 1.0), (0.0, 0.0)),
        ("hard_sigmoid", (-3.0, 3.0), (0.0, 0.0)),
        ("maxout", (0.0,), (-1.0,)),
        ("tanh", (), ()),
    ],
)
def test_kinks_and_what_is_taken_there(name, kinks, taken):
    curve = CURVES[name]
    np.testing.assert_allclose(curve.kinks, kinks, atol=1e-8)
    np.testing.assert_allclose(curve.taken, taken, atol=1e-12)
    assert len(kinks) + 1 == len(curve.pieces())


def test_values_by_hand():
    assert (0.5, 0.25) == pytest.approx(at(CURVES["sigmoid"], 0.0))
    assert (0.0, 1.0) == pytest.approx(at(CURVES["tanh"], 0.0))
    assert (np.log(2), 0.5) == pytest.approx(at(CURVES["softplus"], 0.0))
    shares = np.exp([1.0, 1.0, 0.0]) / np.exp([1.0, 1.0, 0.0]).sum()
    assert (shares[0], shares[0] * (1 - shares[0])) == pytest.approx(at(CURVES["softmax"], 1.0))


def test_companions_of_joint_activations():
    maxout, softmax = CURVES["maxout"], CURVES["softmax"]
    np.testing.assert_allclose(np.max(maxout.companions, axis=0), maxout.values)
    np.testing.assert_allclose(sum(softmax.companions) + softmax.values, 1.0)


def test_schedules_by_hand():
    curves = {curve.name: curve for curve in schedule_curves()}
    assert (0.1, 1000) == (float(curves["constant"].values.min()), len(curves["constant"].values))
    assert 0.05 == pytest.approx(curves["cosine"].values[500])
    assert 0.025 == pytest.approx(curves["step"].values[250])
    cuts = np.unique(np.round(curves["plateau"].values[:650], 12))[::-1]
    np.testing.assert_allclose(cuts, [0.1, 0.01, 0.001, 0.0001])
    first = curves["plateau"].epochs[np.flatnonzero(np.diff(curves["plateau"].values))[0] + 1]
    assert 40 == first  # ten evaluations after epoch 30


def test_momentum_by_hand():
    curves = {curve.name: curve for curve in momentum_curves()}
    assert (0.5, 0.75) == (curves["sutskever"].values[0], curves["sutskever"].values[250])
    assert (0.9, 0.945) == pytest.approx((curves["linear"].values[0], curves["linear"].values[500]))
