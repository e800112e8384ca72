"""Commands on a file with a recipe: what runs leave repeats them, goes on, and compares."""

import json

import polars as pl
import pytest

from nettrain.experiment.document import parse
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

FILE = """\
experiment: ours
recipe: mlp
data: {source: builtin:iris, test: 0.2}
model: {hidden: [8]}
training: {epochs: 6, early_stopping: {patience: 6}}
"""
SWEEP = """
sweep:
  method: grid
  parameters:
    recipe: {values: [none, mlp]}
    optimizer.learning_rate: {values: [0.01, 0.02]}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ours.yaml").write_text(FILE)
    return tmp_path


def command(folder, *arguments):
    done = inside(folder, *arguments)
    assert (0, "") == (done.code, done.err), done
    return done.out


def weights(folder, run):
    return (folder / "runs" / run / "model.safetensors").read_bytes()


def test_config_yaml_repeats_the_run(folder):
    assert "\nrecipe   mlp " in command(folder, "train", "ours.yaml")
    command(folder, "train", "runs/ours/config.yaml", "experiment=again", "--quiet")
    assert weights(folder, "ours") == weights(folder, "again")
    shown = parse(command(folder, "show", "runs/ours/config.yaml"), "f").block
    assert {"name": "mlp", "open": []} == shown["recipe"]
    assert "adamw" == shown["optimizer"]["name"]


def test_a_run_goes_on(folder):
    command(folder, "train", "ours.yaml", "--quiet")
    command(folder, "train", "ours.yaml", "experiment=short", "training.epochs=3", "--quiet")
    command(folder, "resume", "runs/short", "training.epochs=6", "--quiet")
    assert weights(folder, "ours") == weights(folder, "short")
    refused = inside(folder, "resume", "runs/short", "recipe=none")
    assert 2 == refused.code
    assert 'override "recipe=none": recipe: the settings of its recipe are written out' in refused.err


def test_folds_train_by_it(folder):
    command(folder, "train", "ours.yaml", "data.test=null", "--folds", "3", "--quiet")
    shown = parse((folder / "runs/ours/folds/2/config.yaml").read_text(), "f").block
    assert ("adamw", 64) == (shown["optimizer"]["name"], shown["training"]["batch_size"])


def test_a_sweep_over_recipes(folder):
    (folder / "ours.yaml").write_text(FILE + SWEEP)
    command(folder, "sweep", "ours.yaml", "--quiet")
    trials = pl.read_csv(folder / "sweeps/ours/trials.csv")
    assert [("mlp", 0.01), ("mlp", 0.02), ("none", 0.01), ("none", 0.02)] == sorted(
        trials.select("recipe", "optimizer.learning_rate").rows()
    )
    best = parse((folder / "sweeps/ours/best.yaml").read_text(), "f").block
    assert best["recipe"]["name"] in ("none", "mlp")
    assert {"none": "adam", "mlp": "adamw"}[best["recipe"]["name"]] == best["optimizer"]["name"]


def test_a_comparison_names_the_recipes(folder):
    command(folder, "compare", "ours.yaml", "--vary", "recipe=none,mlp", "--quiet")
    summary = json.loads((folder / "comparisons/ours/summary.json").read_text())
    assert ["no recipe", "mlp"] == [entry["label"] for entry in summary["entries"]]


def test_it_is_listed_with_its_settings(folder):
    out = command(folder, "list", "recipe", "mlp")
    assert "optimizer: {name: adamw," in out
    assert "from the data: training.batch_size" in out
    listed = json.loads(command(folder, "list", "recipe", "--json"))["recipe"]
    assert {"none", "mlp", "tabm"} <= {entry["name"] for entry in listed}


def test_show_without_data_says_what_waits_for_them(folder):
    (folder / "ours.yaml").write_text(FILE.replace("builtin:iris", "nowhere.csv"))
    done = inside(folder, "show", "ours.yaml")
    assert "the data cannot be read" in done.err
    waiting = ["training.batch_size", "optimizer.learning_rate", "model.dropout"]
    assert {"name": "mlp", "open": waiting} == parse(done.out, "f").block["recipe"]
