"""What `train` tells a newcomer: how good a constant is, and whether the network should have trained longer."""

import json
import shlex

import numpy as np
import pytest

from tests.cli.command import inside

SPEC = """
experiment: first
data: {source: rows.csv, test: 0.2, validation: 0.2}
model: {hidden: [4]}
optimizer: {name: sgd, learning_rate: 0.01}
training: {epochs: 20, batch_size: 16}
"""


@pytest.fixture
def folder(tmp_path):
    """A table whose target follows from x, two thirds of it `no`."""
    random = np.random.default_rng(1)
    x, noise = random.normal(size=(200, 2)).T
    rows = [f"{a:.4f},{b:.4f},{'yes' if a > 0.4 else 'no'},{a:.4f}" for a, b in zip(x, noise, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["x,noise,bought,amount", *rows]) + "\n")
    (tmp_path / "first.yaml").write_text(SPEC)
    return tmp_path


def trained(folder, *overrides):
    done = inside(folder, "train", "first.yaml", "--no-figures", *overrides)
    assert 0 == done.code, done.err
    return done.out, json.loads((folder / "runs/first/summary.json").read_text())


def class_counts(folder, split):
    """How many rows of the run's split are `no` and `yes`, as `evaluate` counts them."""
    done = inside(folder, "evaluate", "runs/first", "--part", split, "--json")
    report = json.loads(done.out)
    return [row["rows"] for row in report["classes"]["bought"]], report


def test_a_constant_stands_beside_the_figures_of_each_split(folder):
    out, summary = trained(folder, "data.target=bought", "data.columns.ignore=[amount]")
    (no, yes), _ = class_counts(folder, "train")
    shares = np.array([no, yes]) / (no + yes)
    for split, name in {"train": "train", "val": "validation", "test": "test"}.items():
        counts, report = class_counts(folder, name)
        expected = {
            "accuracy": counts[0] / sum(counts),
            "loss": -(np.log(shares) * counts).sum() / sum(counts),
            "f1": 2 * counts[1] / (2 * counts[1] + counts[0]),
        }
        for figures in (summary["baseline"]["metrics"][split], report["baseline"]["metrics"]):
            assert pytest.approx(expected) == {key: figures[key] for key in expected}
    assert 3 == out.count("  baseline")
    assert f'baseline always "no", {100 * shares[0]:.1f} % of the training rows' in out
    assert "f1 of yes" in out


def test_weights_of_rows_count_and_those_of_classes_do_not(folder):
    lines = (folder / "rows.csv").read_text().splitlines()
    weighted = [f"{line},{3 if ',yes,' in line else 1}" for line in lines[1:]]
    (folder / "rows.csv").write_text("\n".join([f"{lines[0]},w", *weighted]) + "\n")
    settings = ["data.target=bought", "data.columns={ignore: [amount], weight: w}"]
    _, summary = trained(folder, *settings, "data.class_weights=balanced")
    yes = sum(",yes," in line for line in lines[1:])
    share = 3 * yes / (3 * yes + 200 - yes)
    assert pytest.approx(share, abs=0.02) == max(summary["baseline"]["constants"]["predictions"]["shares"])
    assert 'always "yes"' in summary["baseline"]["prediction"]


def test_a_network_that_is_worse_is_called_so(folder):
    out, summary = trained(
        folder, "data.target=amount", "data.columns.ignore=[x, bought]", "training.epochs=1"
    )
    loss, constant = (part["test"]["loss"] for part in (summary["metrics"], summary["baseline"]["metrics"]))
    assert loss > constant
    assert "test_loss" in summary["baseline"]["worse"]
    assert "warning  worse than the baseline: test loss" in out
    again = inside(folder, "evaluate", "runs/first")
    assert "warning: worse than the baseline: loss" in again.out


def test_a_run_that_ends_too_early_names_the_command_that_goes_on_and_times_add_up(folder):
    out, summary = trained(folder, "data.target=bought", "data.columns.ignore=[amount]")
    assert {"networks": 1, "overrides": ["training.epochs=40"], "resumable": True} == summary["improving"]
    (command,) = [line.removeprefix("go on    ") for line in out.splitlines() if line.startswith("go on")]
    assert "nettrain resume runs/first training.epochs=40" == command
    summary["timing"]["total_seconds"] = 1000.0
    (folder / "runs/first/summary.json").write_text(json.dumps(summary))
    assert 0 == inside(folder, *shlex.split(command)[1:], "--no-figures").code
    after = json.loads((folder / "runs/first/summary.json").read_text())
    assert 40 == after["epochs_run"]
    assert after["timing"]["total_seconds"] > 1000
    assert 2 * summary["timing"]["steps"] == after["timing"]["steps"]


def test_a_schedule_of_the_length_of_the_run_cannot_be_resumed_for_longer(folder):
    out, summary = trained(folder, "data.target=bought", "data.columns.ignore=[amount]", "schedule=cosine")
    assert not summary["improving"]["resumable"]
    assert "go on    nettrain train runs/first/config.yaml training.epochs=40\n" in out


def test_a_run_that_had_its_best_epoch_long_ago_is_not_advised(folder):
    changes = ["optimizer.learning_rate=0.5", "training.epochs=200", "training.early_stopping.patience=150"]
    out, summary = trained(folder, "data.target=bought", "data.columns.ignore=[amount, x]", *changes)
    assert summary["best_epoch"] < 150
    assert "improving" not in summary
    assert "go on" not in out


def test_identifiers_and_columns_that_give_the_target_away_are_noted(folder):
    lines = (folder / "rows.csv").read_text().splitlines()
    numbered = [
        f"{k + 1000},{line}" for k, line in enumerate(sorted(lines[1:], key=lambda row: ",yes," in row))
    ]
    (folder / "rows.csv").write_text("\n".join([f"customer,{lines[0]}", *numbered]) + "\n")
    done = inside(folder, "train", "first.yaml", "data.target=bought", "--no-figures")
    notes = " ".join(done.out.replace("\nnote", " note").split())
    assert 'column "customer": numbers the rows: it seems to identify rows' in notes
    assert '3 columns ("customer", "x", "amount"): alone tells the classes apart' in notes


def test_a_target_that_never_changes_is_noted_and_has_r2_0(folder):
    rows = [f"{k % 9},0.1" for k in range(100)]
    (folder / "rows.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    out, summary = trained(folder, "data.target_kind=numbers")
    assert 'note     target "y": 0.1 in every training row, so nothing can be learned of it' in out
    assert {0.0} == {split["r2"] for split in summary["metrics"].values()}


def test_init_notes_the_columns_that_give_the_target_away(folder):
    done = inside(folder, "init", "rows.csv", "--target", "bought")
    assert "input: alone tells the classes apart" in done.out
    assert "leaks    x, amount: tells the target; is it known before the target is?\n" in done.out
    text = (folder / "rows.yaml").read_text()
    assert "x, amount: tells the target" in text
    assert 0 == inside(folder, "show", "rows.yaml").code
