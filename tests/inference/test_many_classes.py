"""More classes than a confusion matrix has: the same figures, in memory that grows with the rows."""

import tracemalloc

import numpy as np
import pytest

from nettrain.catalogue.metrics import Task, classes
from nettrain.inference import predictions
from nettrain.inference.metrics import compute_metrics
from tests.cli.command import inside


def drawn(rows, count):
    """True classes, predictions and weights."""
    random = np.random.default_rng(0)
    y = random.integers(0, count, rows)
    scores = random.random((rows, count))
    scores[np.arange(rows), y] += random.random(rows)
    return y, scores / scores.sum(axis=1, keepdims=True), random.integers(0, 4, rows).astype(float)


def measured(y, scores, weight):
    task = Task("classes", ("y",), tuple(f"c{i}" for i in range(scores.shape[1])))
    chunks = [(slice(k, k + 7), scores[k : k + 7]) for k in range(0, len(y), 7)]
    return compute_metrics(chunks, y, weight, task), task


@pytest.mark.parametrize("few", [1, 100, 1 << 16])
def test_pairs_of_classes_are_counted_as_in_a_matrix(monkeypatch, few):
    rows = drawn(500, 20)
    expected, task = measured(*rows)
    monkeypatch.setattr(classes, "MOST_IN_MATRIX", 19)
    monkeypatch.setattr(classes, "FEW_ADDED", few)
    actual, _ = measured(*rows)
    assert expected.scalars == pytest.approx(actual.scalars, rel=1e-12)
    assert expected.classes(task) == actual.classes(task)
    first, second = expected.confusions["y"].confused(), actual.confusions["y"].confused()
    for name in ("true", "predicted", "weight"):
        assert getattr(first, name).tolist() == getattr(second, name).tolist()
    assert ({}, ["y"]) == (actual.confusion, list(expected.confusion))


def test_a_hundred_thousand_classes_take_no_square(monkeypatch):
    confusion_of = classes.Confusion
    tracemalloc.start()
    confusion = confusion_of(100_000)
    for _ in range(10):
        confusion.add(np.arange(20), np.eye(20, 100_000, dtype=np.float32), np.ones(20))
    totals = confusion.totals()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (200.0, 200.0, 10.0) == (totals.total, totals.right.sum(), totals.true[19])
    assert peak < 30e6


def test_a_run_of_very_many_classes_in_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(classes, "MOST_IN_MATRIX", 29)
    monkeypatch.setattr(predictions, "LARGE", 1000)
    rows = "".join(f"{i % 30},{i % 7},c{i % 30:02}\n" for i in range(600))
    (tmp_path / "x.csv").write_text(f"a,b,y\n{rows}")
    (tmp_path / "e.yaml").write_text(
        "experiment: e\ndata: {source: x.csv, test: 0.2}\nmodel: {hidden: [8]}\ntraining: {epochs: 2}\n"
    )
    trained = inside(tmp_path, "train", "e.yaml", "--quiet")
    assert (0, "") == (trained.code, trained.err)
    assert not (tmp_path / "runs/e/confusion.png").exists()
    done = inside(tmp_path, "evaluate", "runs/e")
    assert (0, "") == (done.code, done.err)
    assert "often confused" in done.out or "predicted" in done.out
    assert 0 == inside(tmp_path, "report", "runs/e").code
    assert '"confusion":{}' in inside(tmp_path, "evaluate", "runs/e", "--json").out
