"""Text files of other people through the commands: names that are numbers, titles, comments, blanks, no names."""

import json
import random

import pytest
import yaml

from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("without_drawing")

DRAW = random.Random(6)
PLACES = {"setosa": (0, 0), "versicolor": (4, 0), "virginica": (0, 4)}
FLOWERS = [
    (species, x + DRAW.gauss(0, 0.5), y + DRAW.gauss(0, 0.5))
    for species, (x, y) in PLACES.items()
    for _ in range(30)
]
ROWS = [f"{x:.3f},{y:.3f},{x - y:.3f},{species}" for species, x, y in FLOWERS]
SUMS = [f"{x:.3f},{y:.3f},{x - y:.3f},{100 + 3 * x + y:.2f}" for _, x, y in FLOWERS]
KEYS = {
    "model": {"hidden": [8]},
    "optimizer": {"name": "adam", "learning_rate": 0.02},
    "training": {"epochs": 40, "batch_size": 16},
}


def write(folder, name, head, rows, separator=",", end="\n"):
    lines = [*head.split("\n")[:-1], *(row.replace(",", separator) for row in rows)]
    (folder / name).write_text("".join(line + end for line in lines), newline="")


def train(folder, **data):
    """Train `r` on such data; what the command printed, in one line, and the accuracy on test rows if any."""
    (folder / "r.yaml").write_text(yaml.safe_dump({"experiment": "r", "data": data, **KEYS}))
    done = inside(folder, "train", "r.yaml", "--no-figures")
    assert 0 == done.code, done.err
    summary = json.loads((folder / "runs" / "r" / "summary.json").read_text())
    return " ".join(done.out.split()), summary["metrics"].get("test", {}).get("accuracy")


def predicted(folder, name, *arguments):
    done = inside(folder, "predict", "runs/r", name, *arguments)
    assert 0 == done.code, done.err
    return [line.split(",")[0] for line in done.out.splitlines()[1:]], done.err


@pytest.mark.parametrize(
    "target", [{"target": "species"}, {}, {"target": -1}, {"target": 3}, {"target": "3"}]
)
def test_names_that_are_numbers(tmp_path, target):
    write(tmp_path, "t.csv", "0,1,2,species\n", ROWS)
    _, accuracy = train(tmp_path, source="t.csv", test=0.2, **target)
    config = yaml.safe_load((tmp_path / "runs" / "r" / "config.yaml").read_text())
    assert ("species", True) == (config["data"]["target"], config["data"]["header"])
    assert accuracy > 0.9
    classes, _ = predicted(tmp_path, "t.csv")
    assert 90 == len(classes)
    write(tmp_path, "turned.csv", "2,1,0\n", [",".join(reversed(row.split(",")[:3])) for row in ROWS])
    assert classes == predicted(tmp_path, "turned.csv")[0]


def test_a_target_is_the_column_named_so_before_the_position(tmp_path):
    write(tmp_path, "t.csv", "1,2,3,0\n", SUMS)
    train(tmp_path, source="t.csv", target=0)
    config = yaml.safe_load((tmp_path / "runs" / "r" / "config.yaml").read_text())
    assert "0" == config["data"]["target"]
    write(tmp_path, "p.csv", "1,2,3\n", ["1,1,0", "0,3,-3"])
    first, second = map(float, predicted(tmp_path, "p.csv")[0])
    assert abs(first - 104) < 4
    assert abs(second - 103) < 4


def test_names_that_are_all_numbers_are_noted_and_used(tmp_path):
    write(tmp_path, "t.csv", "0,1,2,3\n", SUMS)
    note = (
        "t.csv: the first row (0, 1, 2, 3) is read as names of columns; data.header: false reads it as values"
    )
    done = inside(tmp_path, "init", "t.csv")
    assert note in " ".join(done.out.split())
    train(tmp_path, source="t.csv")
    write(tmp_path, "p.csv", "0,1,2,3\n", ["0.5,-0.5,1,0", "1,1,1,0"])
    assert 2 == len(predicted(tmp_path, "p.csv")[0])


def test_a_file_of_blanks_without_names(tmp_path):
    write(tmp_path, "t.data", "", ROWS, separator="    ")
    train(tmp_path, source="t.data", names=["a", "b", "c", "kind"], target="kind")
    classes, _ = predicted(tmp_path, "t.data")
    write(
        tmp_path,
        "new.csv",
        "sep=;\nc;a;b\n",
        [",".join((c, a, b)) for a, b, c, _ in (r.split(",") for r in ROWS)],
        ";",
        "\r\n",
    )
    assert classes == predicted(tmp_path, "new.csv")[0]
    done = inside(tmp_path, "train", "r.yaml", "data.names=[a, b]", "--quiet")
    assert 3 == done.code
    assert "data.names: 2 names, but t.data has 4 columns" in done.err


@pytest.mark.parametrize(
    ("head", "keys", "note"),
    [
        (
            "Flowers\nof this year\n\n",
            {},
            't.csv:1: "Flowers" is read as a title, and line 4 as the first row',
        ),
        ("Flowers, of\nthis, year\n", {"skip_rows": 2}, ""),
        ("# made, by\n# me\n", {}, 't.csv: lines that begin with "#" are left out as comments'),
        ("% made, by\n% me\n", {"comment": "%"}, ""),
    ],
)
def test_lines_above_the_table(tmp_path, head, keys, note):
    write(tmp_path, "t.csv", f"{head}a,b,c,species\n", ROWS)
    write(tmp_path, "test.csv", "a,b,c,species\n", ROWS[::3])
    printed, accuracy = train(tmp_path, source="t.csv", test="test.csv", **keys)
    assert accuracy > 0.9
    assert (note in printed, not note) == (True, " t.csv:" not in printed)
    done = inside(tmp_path, "evaluate", "runs/r", "test.csv", "--json")
    assert accuracy == json.loads(done.out)["metrics"]["accuracy"]
    # a place far down is that of the file
    lines = head.count("\n") + 1
    write(tmp_path, "bad.csv", f"{head}a,b,c,species\n", [*ROWS[:9], "1,two,3,setosa", *ROWS[9:]])
    done = inside(tmp_path, "evaluate", "runs/r", "bad.csv")
    assert 3 == done.code
    assert f'bad.csv:{lines + 10}: column "b": "two" is not a number' in done.err


def test_what_is_not_clear_names_its_key(tmp_path):
    write(tmp_path, "t.csv", "Flowers,of,this year\na,b,c,species\n", ROWS)
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({"data": {"source": "t.csv"}}))
    done = inside(tmp_path, "train", "r.yaml")
    assert 3 == done.code
    message = "t.csv:2: 4 cells, but the first row has 3 (separator ','); data.skip_rows leaves out lines above the table"
    assert message in done.err
    for wrong in (
        "data.comment=null",
        "data.comment=''",
        "data.skip_rows=-1",
        "data.names=[a, a]",
        "data.separator=ab",
    ):
        assert 2 == inside(tmp_path, "train", "r.yaml", wrong).code, wrong
