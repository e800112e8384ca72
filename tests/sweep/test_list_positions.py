"""Searched keys with positions in lists: `model.layers.0.units` means what it does as an override."""

import csv

import pytest

import nettrain
from nettrain.errors import SpecError
from nettrain.experiment.load import load
from tests.sweep.sweeping import rows, run_sweep, trials, write_experiment

BASE = """
experiment: layers
data: {source: 'builtin:iris'}
model:
  layers:
    - {units: 6, activation: relu}
    - {units: 3}
training: {epochs: 2, batch_size: 16}
sweep:
"""
GRID = """
  method: grid
  parameters:
    model.layers.0.units: {values: [4, 5]}
    model.layers.1.activation: {values: [tanh, {name: leaky_relu, negative_slope: 0.2}]}
"""
RANDOM = """
  trials: 12
  parameters:
    model.layers.0.units: {min: 2, max: 9}
    model.layers.0.activation: {values: [relu, leaky_relu]}
    model.layers.0.activation.negative_slope: {min: 0.1, max: 0.3}
    model.layers.1.dropout: {min: 0.0, max: 0.5}
    model: {parameters: {layers: {parameters: {1: {parameters: {units: {values: [2, 3]}}}}}}}
"""


def as_overrides(folder, trial, **keys):
    """The model that a trial's values make as overrides of its file."""
    overrides = [f"{key}={value}" for key, value in trial.values.items()]
    return load(folder / "sweep.yaml", overrides).experiment.model


@pytest.mark.parametrize("search", [GRID, RANDOM], ids=["grid", "random"])
def test_values_make_the_network_that_they_make_as_overrides(search, tmp_path):
    drawn = trials(tmp_path, BASE + search)
    assert [4, 12][search is RANDOM] == len(drawn)
    for trial in drawn:
        assert as_overrides(tmp_path, trial).layers == trial.experiment.model.layers
        units = trial.values["model.layers.0.units"], trial.values.get("model.layers.1.units", 3)
        assert units == tuple(layer.units for layer in trial.experiment.model.layers)


def test_a_number_is_drawn_only_with_the_activation_that_has_it(tmp_path):
    for trial in trials(tmp_path, BASE + RANDOM):
        slope = "model.layers.0.activation.negative_slope" in trial.values
        assert slope is (trial.values["model.layers.0.activation"] == "leaky_relu")


def test_the_sweep_has_the_keys_as_columns_and_its_best_is_repeated(tmp_path):
    sweep = run_sweep(tmp_path, BASE + GRID)
    header, *table = csv.reader(rows(sweep).splitlines())
    assert ["trial", "status", "model.layers.0.units", "model.layers.1.activation"] == header[:4]
    expected = [["4", "tanh"], ["4", "{name: leaky_relu, negative_slope: 0.2}"]]
    assert expected == [row[2:4] for row in table[:2]]
    best = sweep.best[0]
    again = nettrain.train(sweep.folder.best)
    assert best.figures["val_loss"] == again.metrics["val"]["loss"]


def test_from_python(tmp_path):
    write_experiment(tmp_path, BASE + GRID)
    result = nettrain.sweep(tmp_path / "sweep.yaml", jobs=1)
    assert [4, 4, 5, 5] == result.trials["model.layers.0.units"].to_list()
    assert {"model.layers.0.units", "model.layers.1.activation"} == set(result.best)


def test_positions_in_lists_of_numbers_also_of_a_default(tmp_path):
    text = BASE.replace(
        "  layers:\n    - {units: 6, activation: relu}\n    - {units: 3}\n", "  activation: tanh\n"
    )
    drawn = trials(tmp_path, f"{text}  method: grid\n  parameters: {{model.hidden.1: {{values: [5, 7]}}}}\n")
    assert [[64, 5], [64, 7]] == [trial.experiment.model.hidden for trial in drawn]
    assert [[8, 32]] == [load(tmp_path / "sweep.yaml", ["model.hidden.0=8"]).experiment.model.hidden]


def test_a_position_is_drawn_only_with_a_list_that_has_it(tmp_path):
    search = """
  method: grid
  parameters:
    model.layers: {values: [[{units: 2}], [{units: 3}, {units: 4}]]}
    model.layers.1.units: {values: [5, 6]}
"""
    drawn = trials(tmp_path, BASE + search)
    assert [[2], [3, 5], [3, 6]] == [[one.units for one in trial.experiment.model.layers] for trial in drawn]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("model.layers.2.units", "model.layers has 2 entries, from 0"),
        ("model.layers.-1.units", "model.layers is a list, name an entry by its number from 0"),
        ("model.layers.units", "model.layers is a list, name an entry by its number from 0"),
        ("model.hidden.3", "model.hidden has 2 entries, from 0"),
        ("model.layers.0.unit", 'model.layers.0.unit: unknown key, did you mean "units"?'),
    ],
)
def test_a_wrong_position_is_one_line(key, problem, tmp_path):
    text = f"{BASE}  method: grid\n  parameters:\n    {key}: {{values: [2, 3]}}\n"
    with pytest.raises(SpecError) as caught:
        trials(tmp_path, text)
    assert (f"{tmp_path}/sweep.yaml:12: {problem}",) == caught.value.problems
