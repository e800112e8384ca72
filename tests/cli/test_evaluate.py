"""`nettrain evaluate` through the real entry point, and runs on several targets."""

import csv
import json

import pytest

from tests.cli.command import nettrain

LABELS = """\
data: {source: rows.csv, target: [wet, cold], validation: 0.2, test: 0.2}
model: {hidden: [8]}
optimizer: {name: adam, learning_rate: 0.05}
training: {epochs: 30, batch_size: 16}
"""


def write_rows(path, names=("a", "b", "wet", "cold")):
    """Two numbers; the first says whether it is wet, the second whether it is cold."""
    with path.open("w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(names)
        for k in range(200):
            a, b = k % 20 - 9.5, k // 20 - 4.5
            row = {"a": a, "b": b, "wet": int(a > 0), "cold": int(b > 0), "more": k}
            writer.writerow([row[name] for name in names])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    write_rows(folder / "rows.csv")
    (folder / "labels.yaml").write_text(LABELS)
    done = nettrain(folder, "train", "labels.yaml", "experiment=labels", "--json")
    assert 0 == done.code, done.err
    (folder / "summary.json").write_text(done.out)
    return folder


def test_several_labels_are_learned_together(folder):
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["metrics"]["test"]["accuracy"] > 0.9
    config = (folder / "runs" / "labels" / "config.yaml").read_text()
    assert "binary_cross_entropy" in config
    assert "target_kind: labels" in config


def test_evaluate_repeats_the_runs_own_test_figures(folder):
    summary = json.loads((folder / "summary.json").read_text())
    done = nettrain(folder, "evaluate", "runs/labels", "--json")
    assert 0 == done.code, done.err
    told = json.loads(done.out)
    assert summary["metrics"]["test"] == told["metrics"]
    assert 40 == told["rows"]


def test_evaluate_takes_columns_in_any_order_and_more_of_them(folder):
    write_rows(folder / "permuted.csv", ("cold", "more", "b", "wet", "a"))
    told = [
        json.loads(nettrain(folder, "evaluate", "runs/labels", name, "--json").out)
        for name in ("rows.csv", "permuted.csv")
    ]
    assert told[0]["metrics"] == told[1]["metrics"]
    assert 200 == told[0]["rows"]


def test_evaluate_for_a_person(folder):
    done = nettrain(folder, "evaluate", "runs/labels")
    assert 0 == done.code
    assert ["rows", "loss", "accuracy"] == [line.split()[0] for line in done.out.splitlines()][:3]


def test_predictions_of_several_labels(folder):
    write_rows(folder / "new.csv", ("b", "a"))
    done = nettrain(folder, "predict", "runs/labels", "new.csv")
    rows = list(csv.reader(done.out.splitlines()))
    assert ["wet", "cold", "probability_wet", "probability_cold"] == rows[0]
    assert 201 == len(rows)
    for wet, cold, p_wet, p_cold in rows[1:]:
        assert (int(float(p_wet) > 0.5), int(float(p_cold) > 0.5)) == (int(wet), int(cold))


def test_rows_without_their_target_are_one_line_and_exit_3(folder):
    done = nettrain(folder, "evaluate", "runs/labels", "new.csv")
    assert (3, "") == (done.code, done.out)
    assert 1 == len(done.err.splitlines())
    assert "wet" in done.err


def test_a_run_without_test_rows_asks_for_a_file(folder):
    assert (
        0 == nettrain(folder, "train", "labels.yaml", "experiment=untested", "data.test=null", "--quiet").code
    )
    done = nettrain(folder, "evaluate", "runs/untested")
    assert (2, "runs/untested: the run has no test rows; name a file with labelled rows\n") == (
        done.code,
        done.err,
    )
