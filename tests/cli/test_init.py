"""`nettrain init`: what it writes is shown and trained as it is, and bad input writes nothing."""

import csv
import json
import random
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nettrain.data.guess import guess
from nettrain.errors import DataError
from nettrain.experiment.default_search import search_of
from nettrain.experiment.document import parse
from nettrain.experiment.load import from_document, load, validate
from nettrain.workflow.draft import prove, proven_draft, source_beside, stem, tried_draft
from tests.cli.command import ROOT, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

ELSEWHERE = ROOT.parent / "shared" / "data"


def write(path, *rows):
    """A CSV file of these rows."""
    with path.open("w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows(rows)
    return path


def flats(path):
    """Prices of flats: an identifier, gaps, text, a date, free text, and a target in between."""
    draw = random.Random(1)
    rows = [["id", "sold", "town", "area", "rooms", "price", "note"]]
    for i in range(120):
        area = draw.uniform(30, 200)
        town, shown = draw.choice(["Ulm", "Bonn", ""]), "" if i % 10 == 3 else f"{area:.1f}"
        price = "-" if i % 40 == 0 else round(3000 * area + draw.gauss(0, 9000))
        rows.append([i + 1, f"20{10 + i % 9}-03-1{i % 9}", town, shown, i % 4 + 1, price, f"text {i}"])
    return write(path, *rows)


def written(folder, data, *options):
    """The values of the file that is written for some data, which is shown and trained."""
    done = inside(folder, "init", data, *options)
    assert (0, "") == (done.code, done.err), done
    *_, wrote, following = done.out.splitlines()
    file = wrote.removeprefix("wrote").strip()
    assert f"next     nettrain train {file}" == following
    shown = inside(folder, "show", file)
    assert (0, "") == (shown.code, shown.err)
    trained = inside(folder, "train", file, "training.epochs=2", "--quiet")
    assert (0, "") == (trained.code, trained.err)
    text = (folder / file).read_text(encoding="utf-8")
    assert max(map(len, text.splitlines())) <= 110
    return parse(text, file).values


def test_iris(tmp_path):
    values = written(tmp_path, "builtin:iris")
    assert ("iris", "mlp") == (values["experiment"], values["recipe"])
    assert {
        "source": "builtin:iris",
        "target": "species",
        "target_kind": "classes",
        "scaling": "standard",
        "test": 0.2,
        "folds": 5,
        "stratify": True,
    } == values["data"]


def test_digits_bring_their_own_test_rows(tmp_path):
    values = written(tmp_path, "builtin:optdigits")
    assert "test" not in values["data"]
    assert "scaling" not in values["data"]
    assert ("realmlp", 3) == (values["recipe"], values["data"]["folds"])
    assert "temperature" == values["calibration"]
    assert "model" not in values


def test_the_whole_file_for_penguins(tmp_path):
    written(tmp_path, "builtin:penguins")
    expected = """\
# First guess by `nettrain init builtin:penguins`, from a look at the data; change whatever you know better.
#   nettrain train penguins.yaml
# 344 rows, 7 columns.
experiment: penguins           # name of the run's folder
seed: 0                        # for the splits, the initial weights and the order of the rows
# a plain multilayer perceptron, as papers on tables train it: AdamW and early stopping
recipe: mlp
data:
  source: builtin:penguins
  target: species              # what the source says; `nettrain init --target NAME` takes another
  target_kind: classes         # 3 classes; always predicting "Adelie" is right for 44 %
  # gaps in 5 inputs, up to 3 % of the rows: sex, bill_length_mm, bill_depth_mm, flipper_length_mm,
  # body_mass_g. Missing numbers become the median of the training rows, missing text the shares of the
  # categories; where at least 10 training rows have a gap, an input marks it (mark_gaps_from).
  scaling: standard            # each numeric column to mean 0 and standard deviation 1 over the training rows
  test: 0.2                    # 69 rows that training never sees, for the final metrics
  folds: 5                     # networks, each validated on another part of the rows; their mean predicts
  stratify: true               # every split has its share of each class
# a second network in the same folds. The mean of both predicts, with weights that are chosen by the rows that
# folds hold out; without this block the first predicts alone.
blend:
  # the perceptron of `mlp` behind periodic embeddings, which let it bend often along a number
  - recipe: mlp_plr
    data: {scaling: robust_clip}  # numeric columns by median and quartiles, and what is far out bent inwards
    model: {dropout: 0.1}
    optimizer: {learning_rate: 0.001}
# `nettrain show penguins.yaml` writes out all that the recipe sets. What stands in this file counts instead;
# these lines are the recipe's, to be changed:
# model:
#   hidden: [256, 256]           # units of each hidden layer
#   dropout: 0.3                 # more of it where validation rows do much worse than training rows
# optimizer:
#   learning_rate: 0.0003        # the first setting to tune: try a third of it, and three times as much
# training:
#   epochs: 500                  # passes over the training rows, at most
"""
    assert expected == (tmp_path / "penguins.yaml").read_text()


def test_a_table_as_people_have_them(tmp_path):
    flats(tmp_path / "flats.csv")
    data = written(tmp_path, "flats.csv")["data"]
    assert ("price", "numbers", "standard") == (data["target"], data["target_kind"], data["target_scaling"])
    assert {"ignore": ["id", "note"]} == data["columns"]
    assert (["", "?", "NA", "NaN", "-"], "drop") == (data["missing"], data["missing_target"])
    text = (tmp_path / "flats.yaml").read_text()
    assert "      - id                     # numbers the rows\n" in text
    assert "      - note                   # 117 different texts in 117 rows\n" in text
    assert "  missing_target: drop         # 3 rows without a target\n" in text
    assert "  # gaps in 2 inputs, up to 30 % of the rows: town, area." in text
    assert "  # rooms: whole numbers of few values, taken as amounts." in text
    assert "order: {by: sold} holds out the latest." in text.replace("\n  #", "")


def test_what_is_said_about_it(tmp_path):
    flats(tmp_path / "flats.csv")
    lines = [line.rstrip() for line in inside(tmp_path, "init", "flats.csv").out.splitlines()]
    assert " column   holds     gaps   different   values                         role" == lines[1]
    assert " area     numbers     12         104   32.10 to 197.2                 input" in lines
    assert " price    numbers      3         117   96,758 to 595,097              target" in lines
    start = lines.index("data     120 rows, 7 columns")
    assert [
        "target   price (by its name)",
        "task     numbers: 117 different values from 96,758 to 595,097",
        "ignored  id, note",
        "codes    rooms: whole numbers of few values, taken as amounts",
        'gaps     also written "-"',
        "dropped  3 rows without a target",
        "network  mlp_plr and mlp in 5 folds, weighed by held-out rows",
        "wrote    flats.yaml",
        "next     nettrain train flats.yaml",
    ] == lines[start + 1 :]


def hourly(start=datetime(2024, 1, 1), hours=800, **columns):
    """Demand by the hour: a header and rows with the time, parts of it and what `columns` computes."""
    names = ["when", "month", "hour", "weekday", "sky", "street", "floor", "lane", "heat", *columns]
    times = [start + timedelta(hours=i) for i in range(hours)]
    rows = [
        [str(t), t.month, t.hour, t.weekday(), i * 7 % 4, i * 3 % 5, i % 3, i % 6, i * 7 % 31 / 3]
        for i, t in enumerate(times)
    ]
    return [names, *([*row, *(f(i) for f in columns.values())] for i, row in enumerate(rows))]


def test_rows_sorted_by_a_date_are_held_out_in_blocks_of_time(tmp_path):
    write(tmp_path / "demand.csv", *hourly(count=lambda i: i * i % 101 + 0.5))
    data = written(tmp_path, "demand.csv")["data"]
    assert ("time", False) == (data["order"], "stratify" in data)
    assert ({"count": 5, "train_on": "others"}, False) == (data["folds"], "validation" in data)
    text = (tmp_path / "demand.yaml").read_text()
    assert (
        '  order: time                  # sorted by "when"; a random split would mix past and future\n'
        in text
    )


def test_where_a_block_of_time_has_all_rows_of_a_class_the_latest_rows_are_held_out(tmp_path):
    kinds = {"within": range(300, 380), "across": range(300, 390)}  # of blocks of 128 rows
    for name, rows in kinds.items():
        write(tmp_path / f"{name}.csv", *hourly(kind=lambda i, rows=rows: "new" if i in rows else "old"))
    within, across = (written(tmp_path, f"{name}.csv")["data"] for name in kinds)
    assert ("time", 0.15, False) == (within["order"], within["validation"], "folds" in within)
    assert ("time", True) == (across["order"], "folds" in across)


def test_the_latest_rows_first_are_put_in_order(tmp_path):
    head, *rows = hourly(kind=lambda i: "ab"[i % 2])
    write(tmp_path / "demand.csv", head, *rows[::-1])
    data = written(tmp_path, "demand.csv")["data"]
    assert ({"by": "when"}, False) == (data["order"], "stratify" in data)
    shown = json.loads(inside(tmp_path, "init", "demand.csv", "--out", "b.yaml", "--json").out)
    assert {"by": "when"} == shown["order"]


def test_where_time_leaves_a_class_without_training_rows_they_are_held_out_at_random(tmp_path):
    write(tmp_path / "demand.csv", *hourly(kind=lambda i: "new" if i > 700 else "old"))
    data = written(tmp_path, "demand.csv")["data"]
    assert ("order" not in data, data["stratify"]) == (True, True)
    shown = json.loads(inside(tmp_path, "init", "demand.csv", "--out", "b.yaml", "--json").out)
    assert "random" == shown["order"]


def test_all_columns_that_may_be_codes_are_named(tmp_path):
    write(tmp_path / "demand.csv", *hourly(hours=4000, count=lambda i: i * i % 101 + 0.5))
    names = ["month", "hour", "weekday", "sky", "street", "floor", "lane"]
    shown = json.loads(inside(tmp_path, "init", "demand.csv", "--json").out)
    assert names == shown["codes"]
    text = (tmp_path / "demand.yaml").read_text()
    assert f"  # {', '.join(names)}: whole numbers of few values, taken as amounts." in text
    report = inside(tmp_path, "init", "demand.csv", "--out", "b.yaml").out
    assert f"codes    {', '.join(names)}: whole" in report


def test_rows_of_one_customer_may_belong_together(tmp_path):
    draw = random.Random(0)
    rows = [[100 + 7 * draw.randrange(40), draw.random(), draw.choice("ab")] for _ in range(90)]
    write(tmp_path / "visits.csv", ["customer_id", "size", "kind"], *rows)
    assert ["customer_id"] == written(tmp_path, "visits.csv")["data"]["columns"]["ignore"]
    text = " ".join((tmp_path / "visits.yaml").read_text().replace("#", "").split())
    assert (
        "customer_id: if rows with the same value belong together, columns: {group: ...} instead of" in text
    )


@pytest.mark.parametrize(
    ("names", "positive", "why"),
    [
        (("no", "yes", "no"), "yes", "by its name"),
        (("yes", "no", "yes"), "yes", "by its name"),
        ((0, 1, 1), "1", "by its name"),
        (("good", "bad", "good"), "bad", "the rarer of the two"),
        (("alive", "dead", "dead"), "alive", "the rarer of the two"),
        (("f", "m", "f", "m"), "m", "the second in order"),
        (("a", "b", "c"), None, ""),
    ],
)
def test_the_positive_class_is_written(tmp_path, names, positive, why):
    rows = [[i * 7 % 31 / 3, names[i % len(names)]] for i in range(120)]
    write(tmp_path / "some.csv", ["x", "class"], *rows)
    data = written(tmp_path, "some.csv")["data"]
    assert positive == data.get("positive")
    text = (tmp_path / "some.yaml").read_text()
    assert (positive is None) or f"# what precision, recall and F1 are about; {why}\n" in text


def test_the_search_that_is_written_is_the_one_without_it(tmp_path):
    assert 0 == inside(tmp_path, "init", "synthetic:moons").code
    text = (tmp_path / "moons.yaml").read_text()
    default = search_of(from_document(parse(text, "moons.yaml")))
    start = text.index("# sweep:")
    (tmp_path / "b.yaml").write_text(text[:start] + text[start:].replace("# ", "", 1).replace("\n# ", "\n"))
    written = search_of(load(tmp_path / "b.yaml"))
    assert ("", 64) == (written.note, written.settings.trials)
    assert [(one.key, one.distribution) for one in default.parameters] == [
        (one.key, one.distribution) for one in written.parameters
    ]


def test_another_target_in_another_folder(tmp_path):
    flats(tmp_path / "flats.csv")
    (tmp_path / "experiments").mkdir()
    values = written(tmp_path, "flats.csv", "--target", "rooms", "--out", "experiments/rooms.yaml")
    data = values["data"]
    assert ("rooms", "../flats.csv", "rooms", "classes") == (
        values["experiment"],
        data["source"],
        data["target"],
        data["target_kind"],
    )


def test_a_file_without_a_header(tmp_path):
    draw = random.Random(2)
    rows = [[draw.gauss(k, 1), draw.gauss(-k, 1), "abc"[k]] for k in [0, 1, 2] * 30]
    write(tmp_path / "points.csv", *rows)
    data = written(tmp_path, "points.csv")["data"]
    assert (False, "column_2", "classes") == (data["header"], data["target"], data["target_kind"])


def test_names_that_yaml_would_take_for_something_else(tmp_path):
    names = ["a: [b # c", "tea\nroom", "no", "1e3"]
    rows = [[i % 7 + 0.5, "x" * (i % 2), "- {", ("null", "# yes")[i % 2]] for i in range(40)]
    write(tmp_path / "odd names.csv", names, *rows)
    data = written(tmp_path, "odd names.csv")["data"]
    assert ("odd names.csv", "1e3", {"ignore": ["no"]}) == (data["source"], data["target"], data["columns"])
    assert "# always - {\n" in (tmp_path / "odd-names.yaml").read_text()


def test_arrays(tmp_path):
    draw = np.random.default_rng(0)
    pixels, labels = draw.integers(0, 256, (300, 8, 8)).astype(np.uint8), np.arange(300) % 4
    np.savez(tmp_path / "a.npz", x_train=pixels, y_train=labels, x_test=pixels[:20], y_test=labels[:20])
    data = written(tmp_path, "a.npz")["data"]
    assert "y" == data["target"]
    assert "scaling" not in data  # realmlp has its own
    np.savez(tmp_path / "b.npz", x=draw.random((100, 3)), y=draw.random((100, 2)))
    data = written(tmp_path, "b.npz")["data"]
    assert (["y0", "y1"], "none") == (data["target"], data["scaling"])


def test_few_rows_are_all_trained_on(tmp_path):
    write(tmp_path / "tiny.csv", ["a", "b"], [1, 2], [2, 4], [3, 6])
    values = written(tmp_path, "tiny.csv")
    assert (0, "full") == (values["data"]["validation"], values["training"]["batch_size"])
    assert "early_stopping" not in values["training"]


def test_the_only_row_of_a_class_is_a_training_row(tmp_path):
    for rare in range(4):  # whichever row it is
        rows = [[i, "uvw"[i % 3], "once" if i == rare else "xy"[i % 2]] for i in range(40)]
        file = write(tmp_path / "rare.csv", ["a", "b", "class"], *rows)
        text = proven_draft(guess(str(file)), str(file), None, tmp_path / "rare.yaml").text
        data = parse(text, "rare.yaml").values["data"]
        assert (True, 5) == (data["stratify"], data["folds"])


@pytest.mark.parametrize(
    ("name", "order", "is_tried"),
    [
        ("number", "time", False),
        ("class", "random", False),
        ("rare", "random", False),
        ("class", "time", True),
    ],
)
def test_a_draft_is_tried_on_large_tables_only_where_a_class_may_be_lost(
    name, order, is_tried, tmp_path, monkeypatch
):
    """A table is large when only a sample of its rows was looked at."""
    values = {"number": [i * 1.5 for i in range(40)], "class": [*"xy" * 20], "rare": ["once", *"xyx" * 13]}
    file = write(tmp_path / "large.csv", ["a", name], *([i % 7, one] for i, one in enumerate(values[name])))
    tried = []
    monkeypatch.setattr("nettrain.workflow.draft.prove", lambda *draft: tried.append(draft) or prove(*draft))
    small = guess(str(file), name)
    large = replace(small, sampled_rows=30, time=replace(small.time, order=order))
    assert "source: large.csv" in tried_draft(large, str(file), name, tmp_path / "large.yaml").text
    assert is_tried == bool(tried)


@pytest.mark.parametrize(
    ("path", "target", "kind", "roles"),
    [
        (
            "titanic/train.csv",
            "Survived",
            "classes",
            {"ignore": ["PassengerId", "Ticket", "Cabin"], "words": ["Name"]},
        ),
        ("auto-mpg/mpg.csv", "mpg", "numbers", {"words": ["name"]}),
        ("adult/adult-train.csv.gz", "column_14", "classes", {}),
        ("california-housing/housing.csv.gz", "median_house_value", "numbers", {}),
    ],
)
def test_real_files(tmp_path, path, target, kind, roles):
    if not (ELSEWHERE / path).exists():
        pytest.skip(f"../shared/data/{path} is not there")
    data = written(tmp_path, ELSEWHERE / path)["data"]
    assert (target, kind) == (data["target"], data["target_kind"])
    assert roles == data.get("columns", {})


def test_images(tmp_path):
    if not (ELSEWHERE / "mnist").is_dir():
        pytest.skip("../shared/data/mnist is not there")
    assert 0 == inside(tmp_path, "init", ELSEWHERE / "mnist").code
    values = parse((tmp_path / "mnist.yaml").read_text(), "mnist.yaml").values
    assert ({"name": "divide", "by": 255}, [512, 512]) == (
        values["data"]["scaling"],
        values["model"]["hidden"],
    )
    assert 0 == inside(tmp_path, "show", "mnist.yaml").code


FAILS = [
    (["nope.csv"], 3, "nope.csv: no such file"),
    (["flts.csv"], 3, 'flts.csv: no such file, did you mean "flats.csv"?'),
    (["empty.csv"], 3, "empty.csv: is empty"),
    (["head.csv"], 3, "head.csv: has no rows under its header"),
    (["ids.csv"], 3, "ids.csv: no column looks like a target; name one with --target"),
    (["one.csv"], 3, 'target "class": one class only ("a"), nothing to tell apart'),
    (["flats.csv", "--target", "pric"], 3, 'flats.csv: no target column "pric", did you mean "price"?'),
    (["builtin:irs"], 2, 'data.source: "builtin:irs" is not a builtin source, did you mean "iris"?'),
    (["rows.doc"], 2, 'data.source: "rows.doc" is not a source (a .arrow, '),
    (["flats.csv", "--out", "no/x.yaml"], 1, "no/x.yaml: cannot be written: there is no folder no"),
    (
        ["flats.csv", "--out", "taken.yaml"],
        2,
        "taken.yaml: is there already, and not overwritten; --out FILE writes another",
    ),
]


@pytest.mark.parametrize(("arguments", "code", "message"), FAILS, ids=lambda part: str(part)[:30])
def test_bad_input_is_one_line_and_writes_nothing(tmp_path, arguments, code, message):
    flats(tmp_path / "flats.csv")
    write(tmp_path / "empty.csv")
    write(tmp_path / "head.csv", ["a", "b"])
    write(tmp_path / "ids.csv", ["id", "name"], *([i, f"name {i}"] for i in range(30)))
    write(tmp_path / "one.csv", ["a", "class"], *([i / 2, "a"] for i in range(30)))
    (tmp_path / "taken.yaml").write_text("mine")
    before = sorted(tmp_path.iterdir())
    asked = [*arguments, "--target", "class"] if "one.csv" in arguments else arguments
    done = inside(tmp_path, "init", *asked)
    assert (code, "", 1) == (done.code, done.out, done.err.count("\n")), done
    assert done.err.startswith(message)
    assert (before, "mine") == (sorted(tmp_path.iterdir()), (tmp_path / "taken.yaml").read_text())


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("builtin:iris", "iris"),
        ("a/b/housing.csv.gz", "housing"),
        ("data/mnist/", "mnist"),
        ("my rows.tsv", "my-rows"),
        (".hidden.csv", "hidden"),
    ],
)
def test_files_are_named_like_their_data(data, name):
    assert name == stem(data)


def test_sources_are_relative_to_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    assert "builtin:iris" == source_beside(Path("x/iris.yaml"), "builtin:iris")
    assert "../a/b.csv" == source_beside(Path("x/b.yaml"), "a/b.csv")
    assert "images/" == source_beside(Path("images.yaml"), str(tmp_path / "images"))


CELLS = st.one_of(
    st.sampled_from(["", "-", "NA", "inf", "x", "y", "2024-02-29", "true"]),
    st.integers(-3, 300).map(str),
    st.floats(-1e6, 1e6).map(repr),
    st.text(alphabet="ab #:[]{}\"'-\u00e4\u2028", max_size=4),
)
TABLES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=40)
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES)
def test_whatever_a_table_holds_the_file_is_right_or_the_data_are_refused(tmp_path, rows):
    file = write(tmp_path / "rows.csv", *rows)
    try:
        found = guess(str(file))
        text = proven_draft(found, str(file), None, tmp_path / "rows.yaml").text
    except DataError:
        return
    data = validate(parse(text, "rows.yaml")).data
    assert [target.name for target in found.targets] == [data.target]
    assert list(found.ignored) == data.columns.ignore
