"""Columns of the data beside predictions: their cells are those of the file, to the letter."""

import csv
import gzip
import io
import json
import zipfile

import numpy as np
import polars as pl
import pytest

import nettrain
from tests.cli.command import COMMAND, ended, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

ROWS = [
    ["00017", "12345678901234567890", "1.10", "NA", "Müller, A.", "high"],
    ["1e3", "007", "-0.50", "3", 'say "hi"', "low"],
    ["+5", "0", "1.1", "", "  x  ", "low"],
    ["?", "-0", "2", "4.0", "", "high"],
]
NAMES = ["id", "long", "a", "b", "note", "kind"]
FILE = """\
data:
  source: rows.csv
  target: kind
  test: 0.2
  missing: ["", NA, "?", -999]
  columns: {ignore: [id, long, note]}
model: {hidden: [4]}
training: {epochs: 2, batch_size: 16}
"""


def text_of(rows, names=NAMES):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keep")
    rows = [
        [f"{k:03}", f"{10**20 + k}", f"{k / 7:.2f}", k % 5, f"n{k}", "high" if k % 10 > 4 else "low"]
        for k in range(60)
    ]
    (folder / "rows.csv").write_text(text_of(rows))
    (folder / "run.yaml").write_text(FILE)
    assert 0 == inside(folder, "train", "run.yaml", "experiment=run", "--quiet").code
    (folder / "new.csv").write_text(text_of(ROWS))
    return folder


def table(done):
    assert 0 == done.code, done.err
    return list(csv.reader(io.StringIO(done.out)))


PLAIN = ["kind", "probability_high", "probability_low"]


@pytest.mark.parametrize(
    ("keep", "names"),
    [
        (["id"], ["id"]),
        (["id,long"], ["id", "long"]),
        (["long", "id"], ["long", "id"]),
        (["id, id", "id"], ["id"]),
        (["0,-2"], ["id", "note"]),
        (["a,b,note"], ["a", "b", "note"]),
        (["kind"], ["true_kind"]),
    ],
)
def test_cells_are_kept_as_they_stand(folder, keep, names):
    options = [part for one in keep for part in ("--keep", one)]
    header, *rows = table(inside(folder, "predict", "runs/run", "new.csv", *options))
    assert [*names, *PLAIN] == header
    for row, cells in zip(rows, ROWS, strict=True):
        own = dict(zip(NAMES, cells, strict=True))
        # blanks around a cell are no part of it
        assert [own[name.removeprefix("true_")].strip() for name in names] == row[: len(names)]
    plain = table(inside(folder, "predict", "runs/run", "new.csv"))
    assert plain == [row[len(names) :] for row in [header, *rows]]


def test_rows_that_are_not_predicted_keep_their_cells(folder):
    (folder / "bad.csv").write_text("id,a,b\nx,1,2\n,,\ny,two,3\nz,2,NA\n")
    rows = table(inside(folder, "predict", "runs/run", "bad.csv", "--keep", "id,b"))[1:]
    assert [["x", "2"], ["", ""], ["y", "3"], ["z", "NA"]] == [row[:2] for row in rows]
    assert [False, True, True, False] == [row[2] == "" for row in rows]


def test_kept_columns_are_not_called_new(folder):
    (folder / "more.csv").write_text("key,a,b\nx,1,2\n")
    assert "key" in inside(folder, "predict", "runs/run", "more.csv").err
    assert "" == inside(folder, "predict", "runs/run", "more.csv", "--keep", "key", "--strict").err


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ("idd", '--keep: new.csv: no column "idd", did you mean "id"?'),
        ("id,lomg", '--keep: new.csv: no column "lomg", did you mean "long"?'),
        ("6", "--keep: 6 is not a position in new.csv, of 6 columns"),
        ("id,-7", "--keep: -7 is not a position in new.csv, of 6 columns"),
    ],
)
def test_unknown_columns_are_refused(folder, keep, message):
    done = inside(folder, "predict", "runs/run", "new.csv", "--keep", keep, "--out", "kept.csv")
    assert (3, "", f"{message}\n") == (done.code, done.out, done.err)
    assert not (folder / "kept.csv").exists()


def test_predictions_keep_their_names(folder):
    (folder / "odd.csv").write_text('a,b,probability_low,"x,y",true_kind,kind\n1,2,0.5,q,t,u\n')
    keep = ("--keep", "probability_low", "--keep", "x,y", "--keep", "kind,true_kind")
    header, row = table(inside(folder, "predict", "runs/run", "odd.csv", *keep))
    assert ["probability_low_2", "x,y", "true_kind", "true_kind_2", *PLAIN] == header
    assert ["0.5", "q", "u", "t"] == row[:4]


@pytest.mark.parametrize("part", ["test", "validation", "train"])
def test_own_rows_keep_theirs(folder, part):
    header, *rows = table(inside(folder, "predict", "runs/run", "--part", part, "--keep", "id,long,kind,a"))
    assert ["id", "long", "true_kind", "a", *PLAIN] == header
    report = json.loads(inside(folder, "evaluate", "runs/run", "--part", part, "--worst", "99", "--json").out)
    lines = (folder / "rows.csv").read_text().splitlines()
    cells = [lines[int(row["place"].removeprefix("rows.csv:")) - 1].split(",") for row in report["worst"]]
    expected = sorted([one[0], one[1], one[5], one[2]] for one in cells)
    assert expected == [row[:4] for row in rows]


def test_own_rows_of_a_second_source(folder, tmp_path):
    text = FILE.replace("source: rows.csv", f"source: {folder}/rows.csv").replace(
        "test: 0.2", "test: new.csv"
    )
    (tmp_path / "run.yaml").write_text(text)
    (tmp_path / "new.csv").write_text(text_of([*ROWS, ["q", "r", "1", "2", "s", ""]]))  # one without a target
    assert 0 == inside(tmp_path, "train", "run.yaml", "data.missing_target=drop", "--quiet").code
    rows = table(inside(tmp_path, "predict", "runs/experiment", "--keep", "id,b"))[1:]
    assert [[row[0], row[3]] for row in ROWS] == [row[:2] for row in rows]


def test_json_and_parquet_have_them(folder):
    done = inside(folder, "predict", "runs/run", "new.csv", "--keep", "long,b", "--json")
    report = json.loads(done.out)
    assert (2, ["long", "b", *PLAIN]) == (report["kept"], report["columns"])
    assert [[row[1], row[3] or None] for row in ROWS] == [row[:2] for row in report["predictions"]]
    assert (
        0 == inside(folder, "predict", "runs/run", "new.csv", "--keep", "long", "--out", "kept.parquet").code
    )
    assert [row[1] for row in ROWS] == pl.read_parquet(folder / "kept.parquet")["long"].to_list()


def test_typed_files_keep_their_types(folder):
    numbers = [2**64 - 1, 2**63 + 1, None]
    frame = pl.DataFrame(
        {
            "key": pl.Series(numbers, dtype=pl.UInt64),
            "single": pl.Series([0.1, 2.0, None], dtype=pl.Float32),
            "flag": [True, None, False],
            "a": [1.0, 2.0, 3.0],
            "b": [1, 2, 3],
        }
    )
    frame.write_parquet(folder / "typed.parquet")
    options = ("--keep", "key,single,flag")
    assert 0 == inside(folder, "predict", "runs/run", "typed.parquet", *options, "--out", "o.parquet").code
    kept = pl.read_parquet(folder / "o.parquet")
    assert numbers == kept["key"].to_list()
    assert ([0.1, 2.0, None], [True, None, False]) == (kept["single"].to_list(), kept["flag"].to_list())
    rows = table(inside(folder, "predict", "runs/run", "typed.parquet", *options))[1:]
    assert [[str(2**64 - 1), "0.1", "true"], [str(2**63 + 1), "2.0", ""], ["", "", "false"]] == [
        row[:3] for row in rows
    ]


@pytest.mark.filterwarnings("ignore::nettrain.DataWarning")
def test_python_keeps_columns_of_files_and_frames(folder, monkeypatch):
    monkeypatch.chdir(folder)
    frame = nettrain.predict("runs/run", "new.csv", keep=["id", "kind"])
    assert ["id", "true_kind", *PLAIN] == frame.columns
    assert [row[0] for row in ROWS] == frame["id"].to_list()
    data = pl.DataFrame({"key": [7, 8], "a": [1.0, 2.0], "b": [1.0, np.nan]})
    frame = nettrain.predict("runs/run", data, keep=["key", "b"])
    assert [(7, 1.0), (8, None)] == frame.select("key", "b").rows()
    own = nettrain.predict("runs/run", keep="id")
    assert [row[0] for row in table(inside(folder, "predict", "runs/run", "--keep", "id"))[1:]] == own[
        "id"
    ].to_list()


def test_columns_of_a_file_without_names_go_by_position(tmp_path):
    rows = [f"{k:02},{k / 3:.2f},{k * 2 + 0.5}" for k in range(30)]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    text = "data: {source: rows.csv, test: 5, header: false}\ntraining: {epochs: 1, batch_size: 8}\n"
    (tmp_path / "run.yaml").write_text(text)
    assert 0 == inside(tmp_path, "train", "run.yaml", "--quiet").code
    (tmp_path / "new.csv").write_text("01,2.50\n1,02.5\n")
    for keep in ("0,1", "column_0,column_1"):
        rows = table(inside(tmp_path, "predict", "runs/experiment", "new.csv", "--keep", keep))
        assert ["column_0", "column_1", "column_2"] == rows[0]
        assert [["01", "2.50"], ["1", "02.5"]] == [row[:2] for row in rows[1:]]
    kept = table(inside(tmp_path, "predict", "runs/experiment", "--keep", "0"))[1:]
    assert all(len(row[0]) == 2 for row in kept)


def test_evaluate_lists_them_beside_the_worst_rows(folder):
    (folder / "labelled.csv").write_text(text_of([ROWS[0], ["?", "x", "1", "2", "n", ""], *ROWS[1:]]))
    config = folder / "runs" / "run" / "config.yaml"
    before = config.read_text()
    config.write_text(before.replace("missing_target: refuse", "missing_target: drop"))
    options = ("--keep", "id,long", "--json", "--worst", "9")
    report = json.loads(inside(folder, "evaluate", "runs/run", "labelled.csv", *options).out)
    config.write_text(before)
    lines = {row["place"]: row["kept"] for row in report["worst"]}
    expected = dict(zip((2, 4, 5, 6), ROWS, strict=True))
    assert {f"labelled.csv:{line}": {"id": row[0], "long": row[1]} for line, row in expected.items()} == lines
    done = inside(folder, "evaluate", "runs/run", "--keep", "id,note", "--worst", "3")
    (heading,) = (line.split() for line in done.out.splitlines() if "largest loss" in line)
    assert ["largest", "loss", "id", "note", "true", "predicted"] == heading[:6]
    done = inside(folder, "evaluate", "runs/run", "--keep", "nota")
    assert (3, "", '--keep: rows.csv: no column "nota", did you mean "note"?\n') == (
        done.code,
        done.out,
        done.err,
    )


def test_python_reports_them(folder, monkeypatch):
    monkeypatch.chdir(folder)
    worst = nettrain.evaluate("runs/run", keep="id", worst=2).worst
    lines = (folder / "rows.csv").read_text().splitlines()
    for row in worst:
        assert {"id": lines[int(row.place.removeprefix("rows.csv:")) - 1][:3]} == row.kept


@pytest.mark.parametrize("source", ["- < new.csv", "<(cat new.csv)", "/dev/stdin < new.csv"])
def test_columns_of_a_pipe_are_kept(folder, source):
    expected = table(inside(folder, "predict", "runs/run", "new.csv", "--keep", "id,b"))
    command = f"{' '.join(COMMAND)} predict runs/run --keep id,b {source}"
    assert expected == table(ended(["bash", "-c", command], folder))


FORMATS = ["tsv", "csv.gz", "parquet", "arrow", "xlsx", "jsonl", "zip"]


@pytest.mark.parametrize("form", FORMATS)
def test_text_of_every_format_is_kept(folder, form):
    columns = {name: [row[k].strip() or None for row in ROWS] for k, name in enumerate(NAMES)}
    columns |= {"a": [1.1, -0.5, 1.1, 2.0], "b": [None, 3, None, 4]}
    frame = pl.DataFrame(columns)
    path = folder / f"form.{form}"
    match form:
        case "tsv":
            frame.write_csv(path, separator="\t")
        case "csv.gz":
            path.write_bytes(gzip.compress(frame.write_csv().encode()))
        case "parquet":
            frame.write_parquet(path)
        case "arrow":
            frame.write_ipc(path)
        case "xlsx":
            pytest.importorskip("fastexcel")
            pytest.importorskip("xlsxwriter")
            frame.write_excel(path)
        case "jsonl":
            frame.write_ndjson(path)
        case "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("rows.csv", frame.write_csv())
    rows = table(inside(folder, "predict", "runs/run", path.name, "--keep", "id,long,note"))[1:]
    assert [[row[0], row[1], row[4].strip()] for row in ROWS] == [row[:3] for row in rows]
