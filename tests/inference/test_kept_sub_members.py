"""Of trained sub-members the best by validation rows stay."""

import json
from pathlib import Path

import numpy as np
import pytest

import nettrain
from nettrain.errors import SpecError
from nettrain.inference.kept_sub_members import ranked, with_sub_members
from nettrain.inference.predict import raw_outputs
from nettrain.model.parameters import parameter_layout, views
from tests.trained import IRIS, experiment, resolved_with_data, trained

KINDS = ["batch_ensemble", "mini", "packed"]


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("kind", KINDS)
def test_those_with_the_smallest_loss_of_their_own_stay(kind: str) -> None:
    """Two networks; what is left predicts the mean of the sub-members that are left, each measured alone."""
    sub_members = f"model.sub_members={{count: 5, kind: {kind}}}"
    specs = [experiment(IRIS, sub_members, "backend.dtype=float64", f"seed={r}") for r in range(2)]
    run = trained(specs).run
    networks, validation = run.networks(resolved_with_data(specs)), run.data.datasets["validation"]
    rows = np.arange(validation.rows)
    each = [with_sub_members(networks, np.full((2, 1), k)) for k in range(5)]
    predicted = [softmax(raw_outputs(one.network(), validation.x)) for one in each]
    losses = np.array([-np.log(p[:, rows, validation.targets]).mean(axis=1) for p in predicted])  # (5, R)
    order = ranked(networks, validation)
    np.testing.assert_array_equal(order, np.argsort(losses, axis=0).T)

    best = with_sub_members(networks, np.sort(order[:, :2], axis=1))
    assert best.model.architecture.sub_members == 2
    joint = softmax(raw_outputs(best.network(), validation.x))
    for r in range(2):
        expected = np.mean([predicted[k][r] for k in order[r, :2]], axis=0)
        np.testing.assert_allclose(joint[r], expected, rtol=1e-12)
    mean = softmax(raw_outputs(networks.network(), validation.x))
    np.testing.assert_allclose(mean, np.mean(predicted, axis=0), rtol=1e-12)


def test_a_run_keeps_the_best(tmp_path: Path) -> None:
    """The model file, the summary and what is read back have the sub-members that stay."""
    spec = {
        "data": {"source": "builtin:iris", "test": 0.2},
        "model": {"hidden": [6], "sub_members": {"count": 6, "keep": 2}},
        "training": {"epochs": 5},
    }
    run = nettrain.train(spec)
    run.save(tmp_path / "run")
    reopened = nettrain.open_run(tmp_path / "run")
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    np.testing.assert_array_equal(run.predict_proba(rows), reopened.predict_proba(rows))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    whole = nettrain.train(spec, "model.sub_members.keep=null")
    assert summary["parameters"] < whole.summary["parameters"]
    shared, own = 4 * 6, 2 * (4 + 6 + 6 + 6 * 3 + 3)
    assert summary["parameters"] == shared + own


def test_what_is_shared_stays_as_it_is() -> None:
    spec = experiment(IRIS, "model.sub_members=4")
    networks = trained([spec]).run.networks(resolved_with_data([spec]))
    fewer = with_sub_members(networks, np.array([[1, 3]]))
    before, after = (
        views(one.parameters, parameter_layout(one.model.architecture)) for one in (networks, fewer)
    )
    assert after[1]["weight"].tobytes() == before[1]["weight"].tobytes()
    assert after[1]["bias"].tobytes() == before[1]["bias"][:, [1, 3]].tobytes()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model.sub_members={count: 4, keep: 5}"], r"model\.sub_members\.keep: 5 of 4 sub-members"),
        (["model.sub_members={count: 4, keep: 2}", "data.validation=0"], "keep: needs validation rows"),
    ],
)
def test_what_cannot_be_kept(overrides: list[str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        experiment(IRIS, *overrides)
