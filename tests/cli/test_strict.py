"""What predict and evaluate say about rows that differ from the training data, and --strict."""

import json
import random

import pytest

import nettrain
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

FILE = """\
experiment: dear
data: {source: train.csv, target: dear, test: 0.2}
model: {hidden: [8]}
training: {epochs: 3, batch_size: 16}
"""
NEW = "id,carat,town,vip\n1,60,Ulm,True\n2,46,ulm,True\n3,1.5,Hamm,1\n"
LINES = [
    'new.csv: column "carat": 2 rows far outside the training range 0.2 to 5: 46 to 60',
    'new.csv: column "town": 2 rows with values not in the training data: "Hamm", "ulm" ("Ulm" is known)',
    'new.csv: column "vip": 1 row with values not in the training data: "1"',
    'new.csv: column "id": not in the training data, not used',
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run on two columns of text and one of numbers, and rows that are unlike its rows."""
    folder, draw = tmp_path_factory.mktemp("strict"), random.Random(1)
    rows = [(0.2, "Ulm", True, "no"), (5, "Bonn", False, "yes")] * 9
    rows += [
        (round(draw.uniform(0.2, 5), 2), draw.choice(["Ulm", "Bonn"]), draw.random() > 0.5, answer)
        for answer in ["yes", "no"] * 60
    ]
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (folder / "train.csv").write_text(f"carat,town,vip,dear\n{text}\n")
    (folder / "dear.yaml").write_text(FILE)
    assert 0 == inside(folder, "train", "dear.yaml", "--quiet").code
    (folder / "new.csv").write_text(NEW)
    answers = iter(["dear", "yes", "no", "no"])
    labelled = "\n".join(f"{line},{next(answers)}" for line in NEW.splitlines())
    (folder / "labelled.csv").write_text(labelled)
    return folder


def test_predict_says_it_on_standard_error(folder):
    done = inside(folder, "predict", "runs/dear", "new.csv")
    assert (0, LINES, 4) == (done.code, done.err.splitlines(), len(done.out.splitlines()))


def test_evaluate_says_the_same(folder):
    done = inside(folder, "evaluate", "runs/dear", "labelled.csv", "--json")
    lines = [line.replace("new.csv", "labelled.csv") for line in LINES]
    assert (0, lines) == (done.code, done.err.splitlines())
    report = json.loads(done.out)
    assert lines == [
        f'labelled.csv: column "{one["column"]}": {one["message"]}' for one in report["deviations"]
    ]
    assert ["id"] == report["unused"]


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_rows_of_training_are_silent(folder, command):
    for data in ([], ["train.csv"]):
        done = inside(folder, command, "runs/dear", *data, "--strict", "--json")
        assert 0 == done.code
        assert {"test rows"} >= {line[7:16] for line in done.err.splitlines()}
        assert ([], []) == tuple(json.loads(done.out)[key] for key in ("deviations", "unused"))


def test_programs_get_every_fact(folder):
    report = json.loads(inside(folder, "predict", "runs/dear", "new.csv", "--json").out)
    carat, town, *_ = report["deviations"]
    del carat["message"], town["message"]
    nothing = {"values": [], "distinct": 0, "spelled": {}, "trained": []}
    assert {
        **nothing,
        "column": "carat",
        "kind": "range",
        "rows": 2,
        "values": [46, 60],
        "trained": [0.2, 5],
    } == carat
    unseen = {"values": ["Hamm", "ulm"], "distinct": 2, "spelled": {"ulm": "Ulm"}}
    assert {**nothing, "column": "town", "kind": "unseen", "rows": 2, **unseen} == town


@pytest.mark.parametrize(
    ("command", "data", "lines"),
    [
        ("predict", "new.csv", LINES),
        ("evaluate", "labelled.csv", [line.replace("new.csv", "labelled.csv") for line in LINES]),
    ],
)
def test_strict_makes_them_errors_and_writes_nothing(folder, command, data, lines):
    before = sorted(folder.rglob("*"))
    done = inside(folder, command, "runs/dear", data, "--strict", "--out", "strict.csv")
    assert (3, "", lines) == (done.code, done.out, done.err.splitlines())
    assert before == sorted(folder.rglob("*"))


def test_strict_refuses_rows_that_cannot_be_predicted(folder):
    (folder / "bad.csv").write_text("carat,town,vip\n1,Ulm,True\nx,Ulm,True\n")
    done = inside(folder, "predict", "runs/dear", "bad.csv", "--strict")
    assert (3, "", 'bad.csv:3: column "carat": "x" is not a number\n') == (done.code, done.out, done.err)
    assert 0 == inside(folder, "predict", "runs/dear", "bad.csv").code


def test_a_person_reads_it_above_the_report(folder):
    done = inside(folder, "evaluate", "runs/dear", "labelled.csv")
    assert (0, 4, "runs/dear") == (done.code, len(done.err.splitlines()), done.out[:9])


def test_python_warns_or_raises(folder, monkeypatch):
    monkeypatch.chdir(folder)
    run = nettrain.open_run("runs/dear")
    for predict in (
        run.predict,
        run.predict_proba,
        lambda data, **options: nettrain.predict(run, data, **options),
    ):
        with pytest.warns(nettrain.DataWarning) as caught:
            assert 3 == len(predict("new.csv"))
        assert LINES == [str(one.message) for one in caught]
        with pytest.raises(nettrain.DataError) as error:
            predict("new.csv", strict=True)
        assert LINES == str(error.value).splitlines()
    assert {__file__} == {one.filename for one in caught}
    report = run.evaluate("labelled.csv")
    assert ["carat", "town", "vip", "id"] == [one.column for one in report.deviations]
    with pytest.raises(nettrain.DataError, match="not in the training data"):
        nettrain.evaluate(run, "labelled.csv", strict=True)
