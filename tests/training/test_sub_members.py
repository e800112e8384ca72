"""Networks of sub-members: their mean prediction, their rows, and members that do not depend on another."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nettrain.errors import SpecError
from nettrain.experiment.document import parse
from nettrain.experiment.load import validate
from nettrain.model.parameters import views
from nettrain.training.rows.batches import epoch_orders
from tests.trained import IRIS, built, data_of, experiment, outputs_of, prepared, resolved_with_data, trained

KINDS = ["batch_ensemble", "mini", "packed"]


def spec(*overrides: str) -> Any:
    return experiment(IRIS, "model.dropout=0.2", *overrides)


@pytest.mark.parametrize("own", ["true", "false"])
@pytest.mark.parametrize("kind", KINDS)
def test_members_equal_single_runs(kind: str, own: str) -> None:
    sub_members = f"model.sub_members={{count: 3, kind: {kind}, own_batches: {own}}}"
    stopping = "training.early_stopping={patience: 1, min_delta: 0.02}"
    rates = (0.003, 0.02, 0.1, 0.001)
    specs = [
        spec(sub_members, stopping, "training.epochs=12", f"seed={r}", f"optimizer.learning_rate={rate}")
        for r, rate in enumerate(rates)
    ]
    together = trained(specs).run.final.parameters
    for r, one in enumerate(specs):
        assert trained([one]).run.final.parameters[0].tobytes() == together[r].tobytes()


LINKS = {
    "cross_entropy": ("classes", lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)),
    "binary_cross_entropy": ("two classes", lambda z: 1 / (1 + np.exp(-z))),
    "focal": ("two classes", lambda z: 1 / (1 + np.exp(-z))),
    "poisson": ("counts", np.exp),
    "mse": ("numbers", lambda z: z),
}


@pytest.mark.parametrize("loss", LINKS)
def test_the_prediction_is_the_mean_of_those_of_the_sub_members(loss: str, tmp_path: Path) -> None:
    """The raw output is that whose prediction is the mean: by NumPy from the outputs of each sub-member."""
    targets, predicted = LINKS[loss]
    common = [*data_of(targets, tmp_path), f"loss={loss}", "backend.dtype=float64", "model.hidden=[6]"]
    packed = spec("model.sub_members={count: 3, kind: packed}", *common)
    run = built([packed])
    x = run.data.train.x[:40]
    arrays = [layer for layer in views(run.population["parameters"], run.layout) if layer]
    outputs = []
    for i in range(3):
        a = x
        for number, layer in enumerate(arrays):
            weight, rows = layer["weight"][0], len(layer["weight"][0]) // 3
            a = a @ weight[i * rows : (i + 1) * rows] + layer["bias"][0, i]
            a = np.tanh(a) if number == 0 else a
        outputs.append(a)
    joint = outputs_of(run, run.population["parameters"], run.population["statistics"], x)[0]
    np.testing.assert_allclose(predicted(joint), np.mean(list(map(predicted, outputs)), axis=0), rtol=1e-12)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "poisson"])
def test_outputs_far_out_stay_finite(loss: str, tmp_path: Path) -> None:
    targets, _ = LINKS[loss]
    run = built(
        [spec("model.sub_members=3", *data_of(targets, tmp_path), f"loss={loss}", "backend.dtype=float64")]
    )
    far = run.population["parameters"] * 1e6
    outputs = outputs_of(run, far, run.population["statistics"], run.data.train.x[:40])
    assert np.isfinite(outputs).all()
    assert np.abs(outputs).max() > 1e3


def test_sub_members_take_the_rows_in_orders_of_their_own() -> None:
    orders = epoch_orders(np.array([3, 7]), 2, 20, shuffle=True, per_member=4)
    assert orders.shape == (8, 20)
    assert len({order.tobytes() for order in orders}) == 8
    assert all(sorted(order) == list(range(20)) for order in orders.tolist())
    alone = epoch_orders(np.array([7]), 2, 20, shuffle=True)
    assert alone[0].tobytes() == orders[4].tobytes()  # the first sub-member has the order of a plain network


def test_the_first_factors_are_those_of_a_column(tmp_path: Path) -> None:
    """One random sign for all inputs of a column, and for each sub-member."""
    rows = [f"{k % 7},{'abc'[k % 3]},{k % 2}" for k in range(60)]
    (tmp_path / "table.csv").write_text("\n".join(["x,letter,y", *rows]) + "\n")
    source = [f"data.source={tmp_path / 'table.csv'}", "data.target=y", "data.target_kind=numbers"]
    one = spec("model.sub_members=16", *source)
    first = views(built([one]).population["parameters"], built([one]).layout)[1]["input_scale"][0]
    assert first.shape == (16, 4)  # a number, and three letters
    assert set(np.unique(first)) == {-1.0, 1.0}
    assert (first[:, 1:] == first[:, 1:2]).all()
    assert (first[:, 0] != first[:, 1]).any()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.sub_members=1"], "model.sub_members.count: 1 is not at least 2"),
        (["model.sub_members=4", "model.residual=true"], "model.residual: true does not go with"),
        (["model.sub_members=4", "model.bias=false"], "model.bias: false does not go with"),
        (["model.sub_members=4", "model.parametrization=neural_tangent"], "model.parametrization:"),
    ],
)
def test_what_does_not_go_together(overrides: list[str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        spec(*overrides)


def test_losses_with_several_outputs_of_a_target_are_refused() -> None:
    one = spec("model.sub_members=4", "loss=gaussian_nll", *data_of("numbers", Path()))
    with pytest.raises(SpecError, match=r"model\.sub_members: does not go with gaussian_nll"):
        resolved_with_data([one])


def test_a_table_of_sub_members_is_short() -> None:
    """`32` is `{count: 32}`, which config.yaml writes."""
    settings = validate(parse(IRIS.replace("tanh}", "tanh, sub_members: 32}"), "test")).model.sub_members
    assert settings is not None
    assert settings.model_dump() == {"count": 32, "kind": "batch_ensemble", "own_batches": True, "keep": None}
    assert prepared(spec()).train.x.shape[1] == 4
