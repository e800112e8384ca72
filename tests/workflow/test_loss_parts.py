"""A cross-entropy is the entropy of its targets plus a divergence: in the summary, the report, and a note."""

import numpy as np
import polars as pl
import pytest

import nettrain
from tests.cli.command import inside

SPEC = {
    "model": {"hidden": []},
    "training": {"epochs": 3, "batch_size": "full"},
    "backend": {"threads": 1, "dtype": "float64"},
}
GENERATOR = np.random.default_rng(4)
X = GENERATOR.normal(size=(80, 2))
SHARES = GENERATOR.dirichlet(np.ones(3), 80)
WEIGHT = GENERATOR.uniform(0.5, 2, 80)
FRAME = pl.DataFrame(
    {"x": X[:, 0], "z": X[:, 1], "w": WEIGHT} | {n: SHARES[:, k] for k, n in enumerate("abc")}
)
TARGET = {"target": ["a", "b", "c"], "target_kind": "numbers", "validation": 0, "columns": {"weight": "w"}}


def test_the_loss_of_distributions_is_their_entropy_plus_the_divergence():
    run = nettrain.train(SPEC | {"data": TARGET, "loss": "cross_entropy"}, data=FRAME)
    entropy = float((WEIGHT * -(SHARES * np.log(SHARES)).sum(axis=1)).sum() / WEIGHT.sum())
    parts = run.summary["entropy"]
    assert list(parts) == ["train"]
    assert parts["train"]["entropy"] == pytest.approx(entropy, rel=1e-12)
    assert parts["train"]["loss"] == run.metrics["train"]["loss"]
    other = nettrain.train(SPEC | {"data": TARGET, "loss": "kl_divergence"}, data=FRAME)  # the same gradient
    assert parts["train"]["divergence"] == pytest.approx(other.metrics["train"]["loss"], rel=1e-9)
    assert "entropy" not in other.summary
    report = run.evaluate(FRAME)
    assert report.entropy == pytest.approx(entropy, rel=1e-12)
    assert other.evaluate(FRAME).entropy is None


def test_smoothed_labels_keep_the_running_loss_above_their_entropy():
    y = np.where(X[:, 0] > 0, "a", np.where(X[:, 1] > 0, "b", "c"))
    smoothed = {"loss": {"name": "cross_entropy", "label_smoothing": 0.3}}
    run = nettrain.train(SPEC | smoothed, data=(X, y))
    floor = -(0.8 * np.log(0.8) + 0.2 * np.log(0.1))
    (parts,) = run.summary["entropy"].values()
    assert parts["entropy"] == pytest.approx(floor, rel=1e-12)
    assert parts["loss"] == run.history["running_loss"][-1]
    assert parts["divergence"] == pytest.approx(parts["loss"] - floor, rel=1e-12)
    text = f"the running loss cannot fall below {floor:.4g}, the entropy of the smoothed targets"
    assert text in run.notes
    plain = nettrain.train(SPEC, data=(X, y))
    assert "entropy" not in plain.summary
    assert not any("entropy" in note for note in plain.notes)


def test_members_have_the_mean():
    y = np.where(X[:, 0] > 0, "a", "b")
    smoothed = {"loss": {"name": "binary_cross_entropy", "label_smoothing": 0.2}}
    run = nettrain.train(SPEC | smoothed, "training.repeat=3", data=(X, y))
    last = run.history.filter(pl.col("epoch") == 3)["running_loss"].mean()
    assert run.summary["entropy"]["running"]["loss"] == pytest.approx(last, rel=1e-12)
    assert run.summary["entropy"]["running"]["entropy"] == pytest.approx(
        -(0.9 * np.log(0.9) + 0.1 * np.log(0.1)), rel=1e-12
    )


def test_the_commands_show_the_sum(tmp_path):
    FRAME.write_csv(tmp_path / "shares.csv")
    (tmp_path / "s.yaml").write_text(
        "experiment: s\ndata: {source: shares.csv, target: [a, b, c], target_kind: numbers, test: 0.25}\n"
        "loss: cross_entropy\ntraining: {epochs: 2}\n"
    )
    done = inside(tmp_path, "train", "s.yaml", "--no-figures")
    lines = [line for line in done.out.splitlines() if "= entropy" in line]
    assert ["entropy train", "val", "test"] == [
        line.partition(" loss")[0].strip().replace("  ", " ") for line in lines
    ]
    for line in lines:
        loss, entropy, divergence = (float(word) for word in line.split() if word[0].isdigit())
        assert loss == pytest.approx(entropy + divergence, abs=2e-3)
    shown = inside(tmp_path, "evaluate", "runs/s").out
    assert " = entropy of the targets " in shown
