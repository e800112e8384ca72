"""The whole catalogue is right, and every entry of it is checked."""

from typing import Literal

import numpy as np
import pytest

from nettrain.backend import product
from nettrain.backend.product import is_small
from nettrain.backend.product_blocks import ProductBlock
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.settings import option
from nettrain.checks.catalogue import (
    ELSEWHERE,
    NetworkCase,
    case_report,
    catalogue_report,
    kind_for_layer,
    layer_overrides,
    network_cases,
    nondefault_settings,
    other_values,
    penalties,
)
from nettrain.checks.comparison import MIN_SHARE_OF_NETWORK
from nettrain.checks.options import CheckOptions
from nettrain.checks.small import KINDS, small_problem
from nettrain.cli.json_output import GradcheckOutput
from nettrain.model.layers import embeddings, layers, norms
from nettrain.model.settings import ModelSettings, RegularizationSettings
from tests.checks.test_mistakes import Planted

# the derivative of a bias in front of batch_norm is 0, a sum of terms that cancel: what rounding leaves of it, a few
# units in the 16th place of the network's largest derivative, is relative to MIN_SHARE_OF_NETWORK of that
CANCELLED = {"batch_norm and bias": 1e-15 / MIN_SHARE_OF_NETWORK}


@pytest.fixture(scope="module")
def report():
    return catalogue_report(CheckOptions())


def rows(report, group):
    return {row["name"]: row for row in report["rows"] if row["group"] == group}


def test_everything_is_right(report):
    assert report["passed"]
    assert [] == [(row["name"], row["failures"]) for row in report["rows"] if not row["passed"]]


def test_every_number_of_every_network_is_compared_by_both_methods(report):
    for row in report["rows"]:
        assert row["checked"] > 0
        assert row["skipped"] < 0.05 * row["checked"], row["name"]
        assert 0 < row["dual"] < CANCELLED.get(row["name"], 1e-12), row["name"]
        assert row["difference"] < 1e-6, row["name"]


def test_every_activation_meets_every_loss(report):
    grid = rows(report, "activations")
    assert set(activations) == set(grid)
    for name, row in grid.items():
        linked = {loss for loss, entry in losses.items() if entry.output_activation not in ("linear", name)}
        single = {loss for loss, entry in losses.items() if entry.fits[0] == "two classes"}
        missing = linked | single if activations[name].outputs_only else set()
        assert set(losses) - missing == set(row["cells"]), name


def test_every_kind_of_targets_is_there(report):
    assert set(KINDS) == {kind for loss in losses for kind in losses[loss].fits}
    several = [f"{loss}, {kind}" for loss, entry in losses.items() for kind in entry.fits[1:]]
    assert several == list(rows(report, "targets"))


def test_every_penalty_and_every_key_of_a_layer_is_there(report):
    assert set(penalties()) == set(rows(report, "penalties"))
    assert {"l2", "l1"} <= set(penalties()) <= set(RegularizationSettings.model_fields)
    overrides = " ".join(text for texts in layer_overrides().values() for text in texts)
    keys = set(ModelSettings.model_fields) - ELSEWHERE
    assert [] == [key for key in keys if f"model.{key}=" not in overrides]
    assert list(layer_overrides()) == list(rows(report, "layers"))


def test_every_kind_of_layer_and_norm_is_in_a_network():
    cases = layer_overrides().values()
    problems = [small_problem(kind_for_layer(overrides), overrides) for overrides in cases]
    kinds = {node.layer.name for problem in problems for node in problem.architecture.nodes}
    missing = (set(layers) | set(norms)) - {"none"} - kinds
    assert set() == missing, "add networks with these to LAYERS in nettrain/checks/catalogue.py"


def test_a_new_key_of_a_model_gets_networks_of_its_own(monkeypatch):
    class New(ModelSettings):
        gated: bool = option(False, "a switch")
        groups: int = option(1, "a number", ge=1)
        form: Literal["sum", "mean", "max"] = option("sum", "a choice")

    known = layer_overrides()
    monkeypatch.setattr("nettrain.checks.catalogue.ModelSettings", New)
    assert {
        "gated true": ("model.gated=true",),
        "groups 3": ("model.groups=3",),
        "form mean": ('model.form="mean"',),
        "form max": ('model.form="max"',),
    } == {name: overrides for name, overrides in layer_overrides().items() if name not in known}


def test_every_option_of_every_entry_is_there(report):
    names = {tuple(name.split(", ", 1)) for name in rows(report, "options")}
    for registry in (activations, embeddings, losses):
        for name, entry in registry.items():
            for field in set(entry.model_fields) - {"name"}:
                values = other_values(entry, field)
                assert values, (name, field)
                assert {(name, f"{field} {value}") for value in values} <= names
    assert len(names) == sum(
        1 for registry in (activations, embeddings, losses) for _ in nondefault_settings(registry)
    )


def test_every_activation_and_layer_is_in_a_network_of_large_products(report):
    large = rows(report, "large products")
    assert set(activations) <= set(large)
    assert {f"norm {name}, relu" for name in norms if name != "none"} <= set(large)
    assert {"dropout, relu", "residual, relu", "bias false, relu"} <= set(large)


def large_case(row):
    return next(case for case in network_cases() if (case.group, case.row) == ("large products", row))


def test_large_products_go_through_a_blas_forward_and_backward(monkeypatch):
    """x @ W, delta @ Wᵀ and xᵀ @ delta of the second layer, of a training step."""
    right, met = ProductBlock.product, set()

    def noted(self, a, b, out):
        met.add((*a.shape[1:], b.shape[2]))
        return right(self, a, b, out)

    monkeypatch.setattr(ProductBlock, "product", noted)
    monkeypatch.setattr("nettrain.backend.numpy.takes_tiles", is_small)
    assert case_report(large_case("relu"), CheckOptions(), ())["passed"]
    assert {(11, 160, 160), (160, 11, 160)} <= met
    met.clear()
    assert case_report(small_relu(), CheckOptions(), ())["passed"]
    assert set() == met


def small_relu():
    return next(case for case in network_cases() if (case.row, case.column) == ("relu", "mse"))


def test_what_fails_is_told_and_what_is_never_valid_is_no_row(monkeypatch):
    def wrong(delta, z, a, *rest):
        delta *= 0.5

    cases = [
        NetworkCase("activations", "tanh", "mse", "numbers", (("model.activation=tanh", "loss=mse"),)),
        NetworkCase("layers", "no such key", "", "numbers", (("model.no_such_key=1",), ("model.hidden=-1",))),
        NetworkCase("layers", "plain", "", "numbers", (("model.hidden=-1",), ("model.activation=sigmoid",))),
    ]
    monkeypatch.setattr("nettrain.checks.catalogue.network_cases", lambda: iter(cases))
    monkeypatch.setattr(activations["tanh"], "backward_kernel", Planted(wrong))
    found = catalogue_report(CheckOptions())
    assert not found["passed"]
    assert [("tanh", False), ("plain", True)] == [(row["name"], row["passed"]) for row in found["rows"]]
    (failure,) = found["rows"][0]["failures"]
    assert ("mse", False) == (failure["of"], found["rows"][0]["cells"]["mse"])
    assert "the derivative of tanh" in " ".join(failure["diagnosis"])


LEAKS = {  # in the passes behind a BLAS; None where the pass does nothing
    "a gate that lets everything back": ("apply_relu_mask", lambda delta, relu_mask: None),
    "a gate that lets one unit back": (
        "apply_relu_mask",
        lambda delta, relu_mask: np.multiply(
            delta, (relu_mask > 0) | (np.arange(delta.shape[2]) == 7), out=delta
        ),
    ),
    "a gate that is closed": ("apply_relu_mask", lambda delta, relu_mask: delta.fill(0)),
    "a clamp that is missing": (
        "add_bias",
        lambda z, w, start, least: np.add(z, w[:, None, start : start + z.shape[2]], out=z),
    ),
    "a bias that is missing": ("add_bias", lambda z, w, start, least: np.maximum(z, least[0], out=z)),
}
WHOLE_GATES = {"a gate that lets everything back", "a gate that is closed"}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_behind_a_blas_is_detected_by_the_catalogue_alone(leak, monkeypatch):
    name, body = LEAKS[leak]
    monkeypatch.setattr(product, name, Planted(body))
    monkeypatch.setattr("nettrain.backend.numpy.takes_tiles", is_small)
    assert case_report(small_relu(), CheckOptions(), ())["passed"]  # whose products are too small to meet it
    large = case_report(large_case("relu"), CheckOptions(), ())
    assert not large["passed"]
    if leak in WHOLE_GATES:  # of hidden 1, in the product of hidden 2
        where = "wrong from hidden 1 down: look at the derivative of relu or delta @ Wᵀ of hidden 2"
        assert where == large["diagnosis"][0]


def test_the_report_fits_its_json_schema(report):
    assert "catalogue" == GradcheckOutput.model_validate(report).root["checked"]


def test_no_two_networks_have_the_same_name():
    names = [(case.group, case.row, case.column) for case in network_cases()]
    assert len(names) == len(set(names))
