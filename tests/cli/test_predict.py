"""`nettrain predict`: order, forms, and rows that cannot be predicted."""

import csv
import io
import json

import polars as pl
import pytest

from tests.cli.command import CONFIGS, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

HEAD = "sepal_length,sepal_width,petal_length,petal_width\n"
GOOD = ("5.1,3.5,1.4,0.2", "7.0,3.2,4.7,1.4", "6.3,3.3,6.0,2.5")
LINE = (
    "data: {source: rows.csv, validation: 0.2}\nmodel: {hidden: [4]}\ntraining: {epochs: 3, batch_size: 16}\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs on iris, and on a number that has one other column."""
    folder = tmp_path_factory.mktemp("predict")
    assert 0 == inside(folder, "train", CONFIGS / "iris.yaml", "training.epochs=5", "--quiet").code
    (folder / "rows.csv").write_text("x,y\n" + "".join(f"{k},{3 * k + 0.5}\n" for k in range(60)))
    (folder / "line.yaml").write_text(LINE)
    assert 0 == inside(folder, "train", "line.yaml", "experiment=line", "--quiet").code
    return folder


def body(done):
    """The rows of CSV on standard output, without the header."""
    assert 0 == done.code, done.err
    return list(csv.reader(io.StringIO(done.out)))[1:]


def predicted(folder, run, text, *arguments):
    (folder / "new.csv").write_text(text)
    return inside(folder, "predict", f"runs/{run}", "new.csv", *arguments)


def test_rows_that_cannot_be_predicted_are_named_and_have_empty_cells(folder):
    whole = body(predicted(folder, "iris", HEAD + "\n".join(GOOD)))
    rows = [GOOD[0], "5,two,1,1", GOOD[1], "5,1,-inf,1", ",,,", "", "5,1,1e300,1", "5,,NA,1", GOOD[2]]
    done = predicted(folder, "iris", HEAD + "\n".join(rows))
    found = body(done)
    assert (8, whole) == (len(found), [found[0], found[2], found[7]])
    assert [[""] * 4] * 4 == [found[k] for k in (1, 3, 4, 5)]
    assert found[6][0].startswith("Iris-")  # a gap is filled as in training
    assert done.err.splitlines() == [
        'new.csv: column "sepal_width": 1 gap, the training data had none',
        'new.csv: column "petal_length": 1 gap, the training data had none; 1 row far outside the training range 1 to 6.7: 1e+300',
        'new.csv:3: column "sepal_width": "two" is not a number',
        'new.csv:5: column "petal_length": "-inf" is not a finite number',
        "new.csv:6: holds no value",
        'new.csv:8: column "petal_length": the scaled value is too large for float32',
        "4 of 8 rows cannot be predicted; their cells are empty",
    ]


def test_many_of_them_are_counted(folder):
    done = predicted(folder, "iris", HEAD + "1,2,3,x\n" * 30 + GOOD[0])
    assert ["", GOOD[0][:0]] == [body(done)[k][0] for k in (0, 29)]
    lines = done.err.splitlines()
    assert (12, "and 20 more", "30 of 31 rows cannot be predicted; their cells are empty") == (
        len(lines),
        lines[-2],
        lines[-1],
    )


def test_without_a_row_to_predict_it_fails(folder):
    done = predicted(folder, "iris", HEAD + "1,2,3,x\n1,2,y,4\n", "--out", "none.csv")
    assert (3, "") == (done.code, done.out)
    assert "new.csv: none of 2 rows can be predicted" == done.err.splitlines()[-1]
    assert not (folder / "none.csv").exists()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n", "\n\n"])
def test_empty_lines_of_one_column_shift_nothing(folder, end, last):
    whole = body(predicted(folder, "line", "x\n1\n2\n3\n"))
    text = ("x\n1\n\n2\n\n\n3" + last).replace("\n", end)
    done = predicted(folder, "line", text)
    found = body(done)
    assert [whole[0], [""], whole[1], [""], [""], whole[2]] == found
    assert ["new.csv:3: holds no value", "new.csv:5: holds no value", "new.csv:6: holds no value"] == (
        done.err.splitlines()[:3]
    )


def test_numbers_are_in_their_own_unit(folder):
    found = [float(row[0]) for row in body(predicted(folder, "line", "x\n10\n50\n"))]
    told = json.loads(inside(folder, "evaluate", "runs/line", "rows.csv", "--json", "--worst", "60").out)
    by_line = {row["place"]: row["predicted"]["y"] for row in told["worst"]}
    assert [by_line["rows.csv:12"], by_line["rows.csv:52"]] == pytest.approx(found, rel=1e-6)


def test_parquet_and_csv_hold_the_same(folder):
    text = HEAD + "\n".join([GOOD[0], "1,2,3,x", GOOD[1]])
    for name in ("answers.csv", "answers.parquet"):
        assert 0 == predicted(folder, "iris", text, "--out", name).code
    parquet = pl.read_parquet(folder / "answers.parquet")
    assert [pl.String, pl.Float64, pl.Float64, pl.Float64] == parquet.dtypes
    assert [None] * 4 == list(parquet.row(1))
    csv_frame = pl.read_csv(folder / "answers.csv")
    assert csv_frame.equals(parquet)


def test_the_form_is_taken_from_the_option_too(folder):
    text = HEAD + GOOD[0]
    done = predicted(folder, "iris", text, "--out", "answers.data")
    message = "--out: answers.data: ends neither in .csv nor in .parquet; say which by --format\n"
    assert (2, "", message) == (done.code, done.out, done.err)
    assert 0 == predicted(folder, "iris", text, "--out", "answers.data", "--format", "parquet").code
    assert (1, 4) == pl.read_parquet(folder / "answers.data").shape


def test_json_says_what_was_predicted_and_what_was_not(folder):
    done = predicted(folder, "iris", HEAD + f"{GOOD[0]}\n1,2,3,x\n", "--json")
    told = json.loads(done.out)
    reason = {"row": 1, "place": "new.csv:3", "column": "petal_width", "reason": '"x" is not a number'}
    assert (2, 1, [reason]) == (told["rows"], told["predicted"], told["unpredicted"])
    assert [None] * 4 == told["predictions"][1]
    assert sum(told["predictions"][0][1:]) == pytest.approx(1)


def test_passes_with_dropout_have_a_mean_and_a_spread(folder):
    arguments = ("model.dropout=0.5", "experiment=dropped", "training.epochs=3", "--quiet")
    assert 0 == inside(folder, "train", CONFIGS / "iris.yaml", *arguments).code
    text = HEAD + "\n".join([GOOD[0], "x,1,1,1", GOOD[1]])
    plain, mean, again = (
        json.loads(predicted(folder, "dropped", text, "--json", *options).out)
        for options in ([], ["--mc-samples", "200"], ["--mc-samples", "200"])
    )
    assert mean == again
    assert [*plain["columns"], *(f"sd_{name[12:]}" for name in plain["columns"][1:])] == mean["columns"]
    for row, other in zip(mean["predictions"], plain["predictions"], strict=True):
        if row[0] is not None:
            assert other[1:] == pytest.approx(row[1:4], abs=0.1)
            assert all(0 < spread < 0.5 for spread in row[4:])
    done = predicted(folder, "iris", text, "--mc-samples", "5")
    assert (2, "--mc-samples: this network has no dropout, all passes would be the same") == (
        done.code,
        done.err.splitlines()[-1],
    )


def test_a_loss_without_probabilities_gives_scores(folder):
    arguments = (
        "data.source=synthetic:moons",
        "data.target=null",
        "loss=hinge",
        "experiment=scores",
        "--quiet",
    )
    assert 0 == inside(folder, "train", CONFIGS / "iris.yaml", "training.epochs=3", *arguments).code
    told = json.loads(inside(folder, "predict", "runs/scores", "synthetic:moons", "--json").out)
    assert ["class", "score_0", "score_1"] == told["columns"]
    assert all(-low == high and (high > 0) == (name == 1) for name, low, high in told["predictions"])
    figures = json.loads(inside(folder, "evaluate", "runs/scores", "--json").out)
    assert {"log_loss", "calibration_error"}.isdisjoint(figures["metrics"])
    assert 0.5 < figures["metrics"]["roc_auc"] <= 1
    assert all(row["probability"] is None for row in figures["worst"])


def test_a_column_that_is_not_there_fails_for_all_rows(folder):
    done = predicted(folder, "iris", "sepal_length,sepal_width,petal_length\n1,2,3\n")
    assert (3, "", 1) == (done.code, done.out, done.err.count("\n"))
    assert 'no column "petal_width"' in done.err


OWN = """\
data: {source: own.csv, target: kind, test: 0.2, columns: {ignore: [id]}}
model: {hidden: [4]}
training: {epochs: 3, batch_size: 16}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A run with test rows of its own source, and no row like another."""
    folder = tmp_path_factory.mktemp("own")
    rows = [f"r{k:02},{k / 7:.3f},{'high' if k % 10 > 4 else 'low'}" for k in range(50)]
    (folder / "own.csv").write_text("\n".join(["id,a,kind", *rows]) + "\n")
    (folder / "own.yaml").write_text(OWN)
    assert 0 == inside(folder, "train", "own.yaml", "experiment=own", "--quiet").code
    return folder


@pytest.mark.parametrize(("part", "rows"), [("test", 10), ("validation", 6), ("train", 34)])
def test_without_data_the_runs_own_rows_are_predicted(own, part, rows):
    """As a file of these rows alone, whose lines are those that evaluate names."""
    done = inside(own, "predict", "runs/own", *([] if part == "test" else ["--part", part]))
    assert f"the {rows} {part} rows of runs/own, from own.csv\n" == done.err
    worst = json.loads(inside(own, "evaluate", "runs/own", "--part", part, "--worst", "50", "--json").out)[
        "worst"
    ]
    lines = sorted(int(row["place"].removeprefix("own.csv:")) for row in worst)
    text = (own / "own.csv").read_text().splitlines()
    (own / "some.csv").write_text("\n".join([text[0], *(text[line - 1] for line in lines)]))
    assert (rows, body(inside(own, "predict", "runs/own", "some.csv"))) == (len(lines), body(done))


def test_own_rows_are_written_and_reported_like_others(own):
    done = inside(own, "predict", "runs/own", "--out", "own.parquet", "--json")
    report = json.loads(done.out)
    assert ("its test rows", 10, 10, [], "own.parquet", []) == tuple(
        report[key] for key in ("data", "rows", "predicted", "unpredicted", "out", "predictions")
    )
    assert report["columns"] == pl.read_parquet(own / "own.parquet").columns


def test_a_run_without_test_rows_wants_data(folder):
    done = inside(folder, "predict", "runs/line")
    message = "runs/line: the run has no test rows; name a file with rows to predict\n"
    assert (2, "", message) == (done.code, done.out, done.err)
    done = inside(folder, "predict", "runs/line", "rows.csv", "--part", "validation")
    message = "--part validation: only the run's own rows have these; leave out DATA\n"
    assert (2, "", message) == (done.code, done.out, done.err)


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_own_rows_that_have_changed_are_refused(own, command):
    before = (own / "own.csv").read_text()
    (own / "own.csv").write_text(before.replace("0.143", "0.144"))
    done = inside(own, command, "runs/own")
    (own / "own.csv").write_text(before)
    source = own / "own.csv"
    assert (3, "") == (done.code, done.out)
    said = f"data.source: {source} has changed since runs/own was trained on it: the inputs of "
    assert (True, "; name a " in done.err) == (done.err.startswith(said), True), done.err
    assert 0 == inside(own, command, "runs/own").code
