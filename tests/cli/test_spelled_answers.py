"""Spellings through the commands: what is predicted is spelled as the training file spells it."""

import json

import numpy as np
import pytest

from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SPEC = """
experiment: r
data: {source: train.csv, target: grade, target_kind: classes, columns: {categorical: [code]}}
model: {hidden: [8]}
optimizer: {name: adam, learning_rate: 0.05}
training: {epochs: 40, batch_size: 16}
"""


def trained(folder, classes, codes):
    """A run whose class follows from the code, row by row."""
    lines = [f"{codes[i % len(codes)]},{i % 7},{classes[i % len(classes)]}" for i in range(120)]
    (folder / "train.csv").write_text("\n".join(["code,x,grade", *lines]) + "\n")
    (folder / "e.yaml").write_text(SPEC)
    done = inside(folder, "train", "e.yaml", "--quiet", "--no-figures")
    assert 0 == done.code, done.err
    (folder / "new.csv").write_text("\n".join(["code,x", *(f"{code},3" for code in codes)]) + "\n")
    return [
        line.partition(",")[0] for line in inside(folder, "predict", "runs/r", "new.csv").out.splitlines()
    ]


@pytest.mark.parametrize(
    ("classes", "values"),
    [
        (["01", "02", "03"], ["01", "02", "03"]),
        (["1", "2", "3"], [1, 2, 3]),
        (["1.0", "2.0", "3.0"], [1.0, 2.0, 3.0]),
        (["1.10", "1.1", "1.100"], ["1.10", "1.1", "1.100"]),
        (["12345678901234567", "12345678901234568", "1"], [12345678901234567, 12345678901234568, 1]),
        ([str(10**20 + k) for k in range(3)], [str(10**20 + k) for k in range(3)]),
        (["True", "False", "True"], ["True", "False", "True"]),
    ],
    ids=lambda values: str(values[0]),
)
def test_classes_are_answered_as_in_the_file(tmp_path, classes, values):
    codes = ["01067", "1067", "99999999999999999999"]
    assert ["grade", *classes] == trained(tmp_path, classes, codes)
    report = json.loads(inside(tmp_path, "predict", "runs/r", "new.csv", "--json").out)
    assert values == [row[0] for row in report["predictions"]]
    assert list(map(type, values)) == [type(row[0]) for row in report["predictions"]]


def test_one_row_alone_is_predicted_as_among_others(tmp_path):
    """A code `250.00` stays text in a file of digits alone, and evaluate knows the labels `00` and `01`."""
    answers = trained(tmp_path, ["00", "01"], ["250.00", "x1"])
    (tmp_path / "one.csv").write_text("code,x,grade\n250.00,3,00\n")
    alone = inside(tmp_path, "predict", "runs/r", "one.csv")
    assert ("", answers[1]) == (alone.err, alone.out.splitlines()[1].partition(",")[0])
    report = json.loads(inside(tmp_path, "evaluate", "runs/r", "one.csv", "--json").out)
    assert 1 == report["rows"]
    assert np.isfinite(report["metrics"]["loss"])
