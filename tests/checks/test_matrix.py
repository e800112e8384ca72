"""The whole catalogue is right, and all of it is walked."""

import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.checks.comparison import SMALL
from nettrain.checks.matrix import LAYERS, cells, matrix, options, others, penalties
from nettrain.checks.small import KINDS
from nettrain.cli.json_output import GradcheckOutput
from nettrain.model.settings import ModelSettings, RegularizationSettings

# the derivative of a bias in front of batch_norm is 0, a sum of terms that cancel: what rounding leaves of it, a few
# units in the 16th place of the largest derivative, is measured by SMALL of that
CANCELLED = {"batch_norm and bias": 1e-15 / SMALL}


@pytest.fixture(scope="module")
def found():
    return matrix({})


def rows(found, group):
    return {row["name"]: row for row in found["rows"] if row["group"] == group}


def test_everything_is_right(found):
    assert found["passed"]
    assert [] == [(row["name"], row["failures"]) for row in found["rows"] if not row["passed"]]


def test_every_number_of_every_network_is_compared_by_both_methods(found):
    for row in found["rows"]:
        assert row["checked"] > 0
        assert row["skipped"] < 0.05 * row["checked"], row["name"]
        assert 0 < row["dual"] < CANCELLED.get(row["name"], 1e-12), row["name"]
        assert row["difference"] < 1e-6, row["name"]


def test_every_activation_meets_every_loss(found):
    grid = rows(found, "activations")
    assert set(activations) == set(grid)
    for name, row in grid.items():
        linked = {loss for loss, entry in losses.items() if entry.output_activation not in ("linear", name)}
        single = {loss for loss, entry in losses.items() if entry.fits[0] == "two classes"}
        missing = linked | single if activations[name].outputs_only else set()
        assert set(losses) - missing == set(row["cells"]), name


def test_every_form_of_targets_is_there(found):
    assert set(KINDS) == {kind for loss in losses for kind in losses[loss].fits}
    several = [f"{loss}, {kind}" for loss, entry in losses.items() for kind in entry.fits[1:]]
    assert several == list(rows(found, "targets"))


def test_every_penalty_and_every_key_of_a_layer_is_there(found):
    assert set(penalties()) == set(rows(found, "penalties"))
    assert {"l2", "l1"} <= set(penalties()) <= set(RegularizationSettings.model_fields)
    said = " ".join(text for overrides in LAYERS.values() for text in overrides)
    elsewhere = {"init", "output_activation", "seed"}  # no part of the gradient, or in the grid
    assert [] == [key for key in set(ModelSettings.model_fields) - elsewhere if f"model.{key}=" not in said]
    assert list(LAYERS) == list(rows(found, "layers"))


def test_every_option_of_every_entry_is_there(found):
    told = {tuple(name.split(", ", 1)) for name in rows(found, "options")}
    for registry in (activations, losses):
        for name, entry in registry.items():
            for field in set(entry.model_fields) - {"name"}:
                values = others(entry, field)
                assert values, (name, field)
                assert {(name, f"{field} {value}") for value in values} <= told
    assert len(told) == sum(1 for registry in (activations, losses) for _ in options(registry))


def test_what_is_printed_keeps_to_its_schema(found):
    assert "catalogue" == GradcheckOutput.model_validate(found).root["checked"]


def test_no_two_networks_are_one():
    walked = [(cell.group, cell.row, cell.column) for cell in cells()]
    assert len(walked) == len(set(walked))
