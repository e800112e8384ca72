"""`nettrain evaluate`: figures, places, importance; and runs on several targets."""

import csv
import json

import pytest

from tests.cli.command import COMMAND, ended, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

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
    done = inside(folder, "train", "labels.yaml", "experiment=labels", "--json")
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
    done = inside(folder, "evaluate", "runs/labels", "--json")
    assert 0 == done.code, done.err
    told = json.loads(done.out)
    assert summary["metrics"]["test"] == told["metrics"]
    assert 40 == told["rows"]
    assert told == json.loads((folder / "runs" / "labels" / "evaluation-test.json").read_text())


@pytest.mark.parametrize(("part", "name", "rows"), [("train", "train", 128), ("validation", "val", 32)])
def test_the_runs_other_rows(folder, part, name, rows):
    summary = json.loads((folder / "summary.json").read_text())
    told = json.loads(inside(folder, "evaluate", "runs/labels", "--part", part, "--json").out)
    assert (f"its {part} rows", rows) == (told["data"], told["rows"])
    assert summary["metrics"][name] == told["metrics"]


def test_it_is_the_same_through_the_real_entry_point(folder):
    real = ended([*COMMAND, "evaluate", "runs/labels"], folder)
    assert inside(folder, "evaluate", "runs/labels") == real
    assert 0 == real.code


def test_evaluate_takes_columns_in_any_order_and_more_of_them(folder):
    write_rows(folder / "permuted.csv", ("cold", "more", "b", "wet", "a"))
    told = [
        json.loads(inside(folder, "evaluate", "runs/labels", name, "--json").out)
        for name in ("rows.csv", "permuted.csv")
    ]
    assert told[0]["metrics"] == told[1]["metrics"]
    assert 200 == told[0]["rows"]


def test_evaluate_for_a_person(folder):
    done = inside(folder, "evaluate", "runs/labels")
    assert 0 == done.code
    lines = [line.split() for line in done.out.splitlines() if line.strip()]
    assert ["runs/labels", "on", "its", "test", "rows:", "40", "rows"] == lines[0]
    assert ["metric", "mean", "baseline", "wet", "cold"] == lines[1]
    assert ["accuracy", "f1"] == [line[0] for line in lines if line[0] in ("accuracy", "f1")]


def test_predictions_of_several_labels(folder):
    write_rows(folder / "new.csv", ("b", "a"))
    done = inside(folder, "predict", "runs/labels", "new.csv")
    rows = list(csv.reader(done.out.splitlines()))
    assert ["wet", "cold", "probability_wet", "probability_cold"] == rows[0]
    assert 201 == len(rows)
    for wet, cold, p_wet, p_cold in rows[1:]:
        assert (int(float(p_wet) > 0.5), int(float(p_cold) > 0.5)) == (int(wet), int(cold))


def test_rows_without_their_target_are_one_line_and_exit_3(folder):
    done = inside(folder, "evaluate", "runs/labels", "new.csv")
    assert (3, "") == (done.code, done.out)
    assert 1 == len(done.err.splitlines())
    assert "wet" in done.err


CLASSES = """\
data: {source: rows.csv, target: kind, validation: 0.2, test: 0.2, columns: {weight: w}}
model: {hidden: [8]}
optimizer: {name: adam, learning_rate: 0.05}
training: {epochs: 8, batch_size: 16}
"""


def write_kinds(path, places=range(200), weights=True):
    """Two numbers and a class that the first decides; `c` is never of use, as it is always 7."""
    with path.open("w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["a", "b", "c", *(["w"] if weights else []), "kind"])
        for k in places:
            a, b = k % 20 - 9.5, k // 20 - 4.5
            writer.writerow([a, b, 7, *([1 + k % 3 / 3] if weights else []), "high" if a > 0 else "low"])


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    write_kinds(folder / "rows.csv")
    (folder / "kinds.yaml").write_text(CLASSES)
    done = inside(folder, "train", "kinds.yaml", "experiment=kinds", "--json")
    assert 0 == done.code, done.err
    (folder / "summary.json").write_text(done.out)
    return folder


def evaluated(folder, *arguments):
    done = inside(folder, "evaluate", "runs/kinds", *arguments, "--json")
    assert 0 == done.code, done.err
    return json.loads(done.out)


def test_weights_with_a_fraction_give_the_same_figures_as_training(kinds):
    told = evaluated(kinds)
    summary = json.loads((kinds / "summary.json").read_text())
    assert summary["metrics"]["test"] == told["metrics"]
    threshold = summary["metrics"]["val"]["best_f1_threshold"]
    assert threshold == told["best_f1"]["threshold"]
    assert {"threshold", "f1"} == set(told["best_f1"])
    at_validation = evaluated(kinds, "--part", "validation")["best_f1"]
    assert summary["metrics"]["val"]["best_f1"] == pytest.approx(at_validation["f1"], rel=1e-12)


def test_rows_without_weights_weigh_1(kinds):
    write_kinds(kinds / "plain.csv", weights=False)
    told = evaluated(kinds, "plain.csv")
    assert ['plain.csv: no weight column "w", every row weighs 1'] == told["notes"]
    assert [100, 100] == [row["rows"] for row in told["classes"]["kind"]]
    assert 200 == sum(map(sum, told["confusion"]["kind"]["matrix"]))


def test_the_rows_with_the_largest_loss_have_their_lines(kinds):
    write_kinds(kinds / "turned.csv", range(199, -1, -1))
    told = evaluated(kinds, "turned.csv", "--worst", "200")
    losses = [row["loss"] for row in told["worst"]]
    assert (200, sorted(losses, reverse=True)) == (len(losses), losses)
    cells = [line.split(",") for line in (kinds / "turned.csv").read_text().splitlines()]
    for row in told["worst"]:
        file, line = row["place"].split(":")
        assert ("turned.csv", {"kind": cells[int(line) - 1][-1]}) == (file, row["true"])
        if row["true"] != row["predicted"]:
            assert row["probability"] <= 0.5
    # two classes under their cross-entropy: the loss is that of the probability
    weights = [1 + k % 3 / 3 for k in range(199, -1, -1)]
    by_line = {int(row["place"].split(":")[1]): row["loss"] for row in told["worst"]}
    mean = sum(w * by_line[k + 2] for k, w in enumerate(weights)) / sum(weights)
    assert pytest.approx(mean, rel=1e-9) == told["metrics"]["loss"]
    assert pytest.approx(mean, rel=1e-5) == told["metrics"]["log_loss"]


def test_own_rows_have_the_lines_of_their_file(kinds):
    cells = [line.split(",") for line in (kinds / "rows.csv").read_text().splitlines()]
    worst = evaluated(kinds, "--worst", "40")["worst"]
    assert 40 == len({row["place"] for row in worst})
    for row in worst:
        assert {"kind": cells[int(row["place"].split(":")[1]) - 1][-1]} == row["true"]


def test_importance_is_that_of_a_file_with_a_shuffled_column(kinds):
    """The oracle is the command itself, on files whose cells have changed places."""
    import numpy as np

    arguments = ("--importance", "--metric", "log_loss", "--shuffles", "2", "--seed", "9")
    found = evaluated(kinds, "rows.csv", *arguments)["importance"]
    assert ("log_loss", "minimize", 2, 9) == tuple(
        found[key] for key in ("metric", "goal", "shuffles", "seed")
    )
    columns = {column["column"]: column for column in found["columns"]}
    assert ["a", "b", "c"] == sorted(columns)
    assert "a" == found["columns"][0]["column"]
    assert (0, 0) == (columns["c"]["mean"], columns["c"]["sd"])
    before = evaluated(kinds, "rows.csv")["metrics"]["log_loss"]
    lines = [line.split(",") for line in (kinds / "rows.csv").read_text().splitlines()]
    worse = []
    for shuffle in range(2):
        seed = np.random.SeedSequence((9, 0, shuffle))
        order = np.random.Generator(np.random.Philox(seed)).permutation(200)
        moved = [[lines[1 + other][0], *row[1:]] for other, row in zip(order, lines[1:], strict=True)]
        (kinds / "moved.csv").write_text("\n".join(map(",".join, [lines[0], *moved])))
        worse.append(evaluated(kinds, "moved.csv")["metrics"]["log_loss"] - before)
    assert pytest.approx(np.mean(worse), rel=1e-6) == columns["a"]["mean"]
    assert pytest.approx(np.std(worse), rel=1e-6) == columns["a"]["sd"]


def test_importance_of_a_metric_of_other_targets_is_refused(kinds):
    done = inside(kinds, "evaluate", "runs/kinds", "--importance", "--metric", "r2")
    assert (2, "") == (done.code, done.out)
    assert done.err.startswith('--metric: "r2" is not for two classes')


@pytest.fixture(scope="module")
def several(kinds):
    """A repeat and an ensemble of two."""
    for key in ("repeat", "ensemble"):
        done = inside(kinds, "train", "kinds.yaml", f"experiment={key}", f"training.{key}=2", "--quiet")
        assert 0 == done.code, done.err
    return {
        key: json.loads((kinds / "runs" / key / "summary.json").read_text()) for key in ("repeat", "ensemble")
    }


@pytest.mark.parametrize(("asked", "member"), [([], 0), (["--member", "1"], 1)])
def test_a_member_of_a_repeat_has_its_own_threshold(kinds, several, asked, member):
    told = json.loads(inside(kinds, "evaluate", "runs/repeat", *asked, "--json").out)
    own = several["repeat"]["members"][member]["metrics"]
    assert (member, own["val"]["best_f1_threshold"]) == (told["member"], told["best_f1"]["threshold"])
    assert own["test"] == told["metrics"]
    name = "test-member-1" if asked else "test"
    assert told == json.loads((kinds / "runs" / "repeat" / f"evaluation-{name}.json").read_text())


def test_an_ensemble_is_measured_as_one(kinds, several):
    told = json.loads(inside(kinds, "evaluate", "runs/ensemble", "--json").out)
    metrics = several["ensemble"]["metrics"]
    assert (None, metrics["test"]) == (told["member"], told["metrics"])
    assert metrics["val"]["best_f1_threshold"] == told["best_f1"]["threshold"]
    alone = json.loads(inside(kinds, "evaluate", "runs/ensemble", "--member", "1", "--json").out)
    assert several["ensemble"]["members"][1]["metrics"]["test"] == alone["metrics"]


def idx(path, array):
    """An array of bytes as an IDX file."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(head + array.astype("u1").tobytes())


def test_an_idx_folder_is_measured_by_its_test_half(tmp_path):
    import numpy as np

    rng = np.random.default_rng(0)
    (tmp_path / "digits").mkdir()
    for part, rows in {"train": 40, "t10k": 12}.items():
        labels = np.arange(rows) % 3
        idx(
            tmp_path / "digits" / f"{part}-images-idx3-ubyte",
            rng.integers(0, 99, (rows, 2, 2)) + 50 * labels[:, None, None],
        )
        idx(tmp_path / "digits" / f"{part}-labels-idx1-ubyte", labels)
    (tmp_path / "f.yaml").write_text("data: {source: digits}\ntraining: {epochs: 2, batch_size: 8}\n")
    assert 0 == inside(tmp_path, "train", "f.yaml", "experiment=run", "--quiet").code
    own, given, train = (
        json.loads(inside(tmp_path, "evaluate", "runs/run", *arguments, "--json").out)
        for arguments in ([], ["digits"], ["digits", "--part", "train"])
    )
    assert (12, 12, 40, own["metrics"]) == (own["rows"], given["rows"], train["rows"], given["metrics"])
    assert "digits (t10k) row " == given["worst"][0]["place"][:18]


def test_evaluations_are_kept_by_name(kinds):
    evaluated(kinds, "rows.csv", "--out", "mine.json")
    evaluated(kinds, "rows.csv")
    kept = kinds / "runs" / "kinds" / "evaluation-rows.csv.json"
    assert (kinds / "mine.json").read_text() == kept.read_text()


def test_the_test_half_of_a_source_is_taken_unless_told(kinds, tmp_path):
    import numpy as np

    x = np.arange(60.0).reshape(30, 2)
    halves = {"x_train": x, "y_train": x[:, 0] > 20, "x_test": x[:10], "y_test": x[:10, 0] > 10}
    np.savez(tmp_path / "both.npz", **halves)
    text = "data: {source: both.npz, validation: 0}\ntraining: {epochs: 2, batch_size: 8}\n"
    (tmp_path / "both.yaml").write_text(text)
    assert 0 == inside(tmp_path, "train", "both.yaml", "experiment=both", "--quiet").code
    own, given, train = (
        json.loads(inside(tmp_path, "evaluate", "runs/both", *arguments, "--json").out)
        for arguments in ([], ["both.npz"], ["both.npz", "--part", "train"])
    )
    assert (10, 10, 30) == (own["rows"], given["rows"], train["rows"])
    assert own["metrics"] == given["metrics"]
    note = "both.npz (test): the test rows that both.npz brings (--part train takes the others)"
    assert ([note], []) == (given["notes"], train["notes"])
    predicted = [
        inside(tmp_path, "predict", "runs/both", "both.npz", *arguments)
        for arguments in ([], ["--part", "train"])
    ]
    assert [11, 31] == [len(done.out.splitlines()) for done in predicted]
    assert [f"{note}\n", ""] == [done.err for done in predicted]
    done = inside(kinds, "evaluate", "runs/kinds", "rows.csv", "--part", "test")
    assert (3, "rows.csv: brings no test rows of its own\n") == (done.code, done.err)
    done = inside(kinds, "evaluate", "runs/kinds", "rows.csv", "--part", "validation")
    assert (2, "--part validation: only the run's own rows have these; leave out DATA\n") == (
        done.code,
        done.err,
    )


def test_a_run_without_test_rows_asks_for_a_file(folder):
    assert (
        0 == inside(folder, "train", "labels.yaml", "experiment=untested", "data.test=null", "--quiet").code
    )
    done = inside(folder, "evaluate", "runs/untested")
    assert (2, "runs/untested: the run has no test rows; name a file with labelled rows\n") == (
        done.code,
        done.err,
    )
