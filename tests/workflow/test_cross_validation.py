"""Cross-validation: each fold is a run of its own to the bit, and all are measured on rows they have not seen."""

import json
import warnings

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.data.fold_notes import joint_notes
from nettrain.errors import DataError, SpecError
from nettrain.experiment.document import dump
from nettrain.store.model_file import read_model
from nettrain.workflow.folds.plan import plan_cross_validation
from nettrain.workflow.side_by_side import Trainee, populations
from nettrain.workflow.source import load_experiment
from tests.cli.command import nettrain as command

pytestmark = pytest.mark.usefixtures("step_by_step")

SMALL = {"model": {"hidden": [7]}, "backend": {"threads": 1}}
CASES = {  # 150 rows in 7 folds: some hold a row more out than others
    "sizes that differ by a row": {"training": {"epochs": 3, "batch_size": 20}},
    "steps that differ by one": {"training": {"epochs": 2, "batch_size": 16}},
    "batch norm and dropout": {
        "data": {"folds": 4},
        "model": {"hidden": [7, 5], "batch_norm": True, "dropout": 0.3, "input_noise": 0.1},
        "training": {"epochs": 3, "batch_size": 37},
    },
    "full batches": {
        "data": {"class_weights": "balanced", "scaling": {"name": "robust"}},
        "training": {"epochs": 4, "batch_size": "full"},
        "backend": {"dtype": "float64", "threads": 1},
    },
    "early stopping": {
        "data": {"folds": {"count": 3, "repeats": 2}},
        "optimizer": {"name": "momentum", "learning_rate": 0.05},
        "training": {"epochs": 40, "batch_size": 20, "early_stopping": {"patience": 2}},
    },
    "ensembles": {"data": {"folds": 3, "test": 0.2}, "training": {"epochs": 2, "ensemble": 3}},
    "numbers": {
        "data": {"target": "petal_length", "folds": 4},
        "training": {"epochs": 2, "repeat": 2, "batch_size": 16},
    },
    "in time": {"data": {"target": "petal_length", "order": "time", "folds": 3}, "training": {"epochs": 2}},
    "blocks in time": {
        "data": {"target": "petal_length", "order": "time", "folds": {"count": 4, "train_on": "others"}},
        "training": {"epochs": 2},
    },
    "l-bfgs": {
        "data": {"folds": 3},
        "optimizer": "lbfgs",
        "training": {"epochs": 3},
        "backend": {"dtype": "float64", "threads": 1},
    },
    "calibrated": {"data": {"folds": 3}, "training": {"epochs": 2}, "calibration": "temperature"},
    "quantiles": {
        "data": {"target": "petal_length", "folds": 3},
        "loss": "pinball",
        "training": {"epochs": 2, "diagnostics": True, "history": "step"},
    },
    "a rate that is found": {
        "data": {"folds": 2},
        "optimizer": {"name": "sgd", "learning_rate": "auto"},
        "training": {"epochs": 2},
    },
}


def spec_of(case, **blocks):
    """An experiment on iris with folds."""
    spec = {"experiment": "folded", **SMALL, **CASES[case], **blocks}
    data = {"source": "builtin:iris", "folds": 7, **CASES[case].get("data", {}), **blocks.get("data", {})}
    return {**spec, "data": data}


def taking(spec, number):
    folds = spec["data"]["folds"]
    block = {"count": folds} if isinstance(folds, int) else folds
    return {**spec, "data": {**spec["data"], "folds": {**block, "take": number}}}


def without_times(summary):
    return {name: value for name, value in summary.items() if name not in ("timing", "environment")}


@pytest.fixture(scope="module", params=CASES)
def case(request, tmp_path_factory):
    """A cross-validation with its folder."""
    folder = tmp_path_factory.mktemp("folded")
    spec = spec_of(request.param)
    return spec, nettrain.train(spec, folder=folder / "run"), folder


def test_each_fold_is_bit_equal_to_the_run_that_takes_it(case):
    spec, run, _ = case
    folders = sorted((run.folder / "folds").iterdir(), key=lambda path: int(path.name))
    assert [str(k + 1) for k in range(len(folders))] == [path.name for path in folders]
    for number, path in enumerate(folders, 1):
        alone, fold = nettrain.train(taking(spec, number)), nettrain.open_run(path)
        np.testing.assert_array_equal(alone.trained.parameters, fold.trained.parameters, strict=True)
        np.testing.assert_array_equal(alone.trained.statistics, fold.trained.statistics, strict=True)
        assert alone.history.equals(fold.history, null_equal=True)
        assert alone.experiment == fold.experiment
        expected = json.loads(json.dumps(without_times(alone.summary)))
        assert json.dumps(expected) == json.dumps(without_times(fold.summary))


def test_the_command_trains_the_same_from_the_config_of_a_fold(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command")
    run = nettrain.train(spec_of("batch norm and dropout"), folder=folder / "cross")
    (folder / "take.yaml").write_text(dump(taking(spec_of("batch norm and dropout"), 2)))
    for file in (run.folder / "folds" / "2" / "config.yaml", folder / "take.yaml"):
        assert 0 == command(folder, "train", file, "--quiet", "--no-figures").code
    for name in ("folded", "folded-2"):
        for part in (1, 2):
            np.testing.assert_array_equal(
                read_model(folder / "runs" / name / "model.safetensors")[part],
                read_model(run.folder / "folds" / "2" / "model.safetensors")[part],
                strict=True,
            )
        history = (folder / "runs" / name / "history.csv").read_bytes()
        assert history == (run.folder / "folds" / "2" / "history.csv").read_bytes()


@pytest.mark.parametrize(
    ("case", "together"),
    [
        ("sizes that differ by a row", [7]),  # 128 or 129 rows
        ("steps that differ by one", [3, 4]),  # 8 steps, or 9 with the last of one row
        ("full batches", [7]),
        ("in time", [1, 1, 1]),
        ("a rate that is found", [2]),
    ],
)
def test_folds_train_together_where_they_take_as_many_steps(case, together):
    planned = plan_cross_validation(load_experiment(spec_of(case)))
    trainees = [Trainee(fold.experiment, fold.data) for fold in planned.folds]
    assert together == [len(one) for one in populations(trainees)]


def test_means_and_deviations_are_those_of_the_folds(case):
    _, run, _ = case
    for split, named in run.summary["mean"].items():
        for name, mean in named.items():
            column = run.folds[f"{split}_{name}"]
            assert mean == pytest.approx(column.mean(), rel=1e-12, nan_ok=True)
            assert run.summary["sd"][split][name] == pytest.approx(column.std(), rel=1e-9, abs=1e-12)
    each = [json.loads((path / "summary.json").read_text()) for path in (run.folder / "folds").iterdir()]
    assert sorted(run.folds["epochs_run"]) == sorted(one["epochs_run"] for one in each)


def test_each_row_is_predicted_by_the_fold_that_held_it_out(case):
    _, run, _ = case
    frame = run.out_of_fold
    for number in range(1, len(run.folds) + 1):
        rows = frame.filter(pl.col("fold") == number)
        assert len(rows) == run.folds["val_rows"][number - 1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", nettrain.DataWarning)  # in time, rows differ from those before
            own = nettrain.predict(run.folder / "folds" / str(number), "builtin:iris")
        own = own[rows["row"].to_numpy()]
        predicted = rows.select(own.columns)
        for name in own.columns:
            if own[name].dtype.is_float():
                np.testing.assert_allclose(own[name], predicted[name], rtol=1e-6, atol=1e-9)
            else:
                assert own[name].to_list() == predicted[name].to_list()


@pytest.mark.parametrize("repeats", [1, 2])
def test_every_row_is_held_out_once_in_each_repeat(repeats):
    spec = spec_of("sizes that differ by a row", data={"folds": {"count": 4, "repeats": repeats}})
    frame = nettrain.train(spec, "training.epochs=1").out_of_fold
    expected = [(row, repeat) for repeat in range(1, repeats + 1) for row in range(150)]
    assert expected == frame.select("row", "repeat").rows()
    assert {*range(4 * repeats)} == {fold - 1 for fold in frame["fold"]}
    assert {1} == {*frame.filter(pl.col("fold") < 5)["repeat"]}


def test_in_time_the_first_rows_are_never_held_out():
    run = nettrain.train(spec_of("in time"))
    frame = run.out_of_fold
    assert [*range(39, 150)] == frame["row"].to_list()  # blocks of 37, the first of 39
    assert ([39, 76, 113], [37] * 3) == (run.folds["train_rows"].to_list(), run.folds["val_rows"].to_list())
    assert [1] * 37 + [2] * 37 + [3] * 37 == frame["fold"].to_list()


def two_classes(count=60):
    """Rows of two classes that overlap, with empty lines between and weights."""
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=count), rng.integers(0, 2, count)
    lines = [f"{a + b:.4f},{['no', 'yes'][b]},{1 + k % 3}" for k, (a, b) in enumerate(zip(x, y, strict=True))]
    lines.insert(5, ",,")
    lines.insert(20, ",,")
    return "x,y,w\n" + "\n".join(lines) + "\n"


def test_pooled_figures_are_those_of_all_held_out_rows(tmp_path):
    (tmp_path / "rows.csv").write_text(two_classes())
    data = {"source": str(tmp_path / "rows.csv"), "target": "y", "columns": {"weight": "w"}, "folds": 3}
    run = nettrain.train({**SMALL, "data": data, "training": {"epochs": 30, "batch_size": 10}})
    frame, figures = run.out_of_fold, run.summary["out_of_fold"]
    lines = (tmp_path / "rows.csv").read_text().splitlines()[1:]
    assert [k for k in range(62) if lines[k] != ",,"] == frame["row"].to_list()
    assert [lines[k].split(",")[1] for k in frame["row"]] == frame["true_y"].to_list()
    weight = np.array([float(lines[k].split(",")[2]) for k in frame["row"]])
    yes, score = (frame["true_y"] == "yes").to_numpy(), frame["probability_yes"].to_numpy()
    right = (frame["y"] == frame["true_y"]).to_numpy()
    assert figures["accuracy"] == pytest.approx((weight * right).sum() / weight.sum())
    pairs = weight[yes][:, None] * weight[~yes]
    above = (score[yes][:, None] > score[~yes]) + 0.5 * (score[yes][:, None] == score[~yes])
    assert figures["roc_auc"] == pytest.approx((pairs * above).sum() / pairs.sum())
    losses = -np.log(np.where(yes, score, 1 - score))
    assert figures["loss"] == pytest.approx((weight * losses).sum() / weight.sum(), rel=1e-5)


def test_pooled_figures_of_numbers_are_in_their_own_units():
    run = nettrain.train(spec_of("numbers"))
    errors = (run.out_of_fold["petal_length"] - run.out_of_fold["true_petal_length"]).to_numpy()
    assert run.summary["out_of_fold"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-6)
    assert run.summary["out_of_fold"]["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-6)
    truth = nettrain.train(
        {"data": {"source": "builtin:iris", "target": "petal_length"}}, "training.epochs=1"
    )
    assert "rmse" in truth.metrics["val"]


def test_pooled_figures_of_repeats_are_means_over_them():
    spec = spec_of("early stopping")
    run = nettrain.train(spec)
    right = run.out_of_fold.with_columns((pl.col("species") == pl.col("true_species")).alias("right"))
    by_repeat = right.group_by("repeat").agg(pl.col("right").mean())["right"]
    assert run.summary["out_of_fold"]["accuracy"] == pytest.approx(by_repeat.mean())


def test_test_rows_are_predicted_by_the_mean_of_all_folds():
    run = nettrain.train(spec_of("ensembles"))
    assert run.metrics["test"]["accuracy"] == run.evaluate(split="test").metrics["accuracy"]
    assert 3 == len({*run.folds["test_log_loss"]})


def test_data_in_memory():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 3))
    run = nettrain.train({**SMALL, "data": {"folds": 4}, "training": {"epochs": 2}}, data=(x, x[:, 0] > 0))
    assert [*range(40)] == run.out_of_fold["row"].to_list()
    true = next(name for name in run.out_of_fold.columns if name.startswith("true_"))
    assert (x[:, 0] > 0).tolist() == [str(one).lower() == "true" for one in run.out_of_fold[true]]
    assert (40,) == run.predict(x).shape


def test_folds_that_diverge_have_no_predictions_and_do_not_count(tmp_path):
    (tmp_path / "rows.csv").write_text(
        "x,y\n" + "".join(f"{k % 5 / 5},{k % 7 / 9}\n" for k in range(39)) + "1e6,1\n"
    )
    data = {
        "source": str(tmp_path / "rows.csv"),
        "target": "y",
        "folds": 4,
        "scaling": "none",
        "target_kind": "numbers",
    }
    run = nettrain.train(
        {**SMALL, "data": data, "training": {"epochs": 3}, "optimizer": "sgd"}, folder=tmp_path / "r"
    )
    sane = run.folds.filter(pl.col("status") == "finished")
    assert "diverged" == run.status
    assert 1 == len(sane)  # the row is held out by one fold, and breaks the training of all others
    frame = run.out_of_fold
    assert sane["val_rows"][0] == frame["y"].count()
    assert 40 == len(frame) == frame["true_y"].count()
    assert run.summary["mean"]["train"]["loss"] == sane["train_loss"][0]


def test_an_interruption_leaves_the_folds_that_have_ended(tmp_path):
    steps = iter(range(10**6))
    spec = spec_of("in time")  # whose folds have other numbers of steps, and train one after the other
    whole = nettrain.train(spec, folder=tmp_path / "whole")
    first = whole.folds["train_rows"][0] // 39 * 2
    run = nettrain.train(spec, folder=tmp_path / "cut", stop=lambda: next(steps) >= first)
    assert "interrupted" == run.status == run.summary["stop_reason"]
    for name in ("model.safetensors", "history.csv", "config.yaml"):
        assert (run.folder / "folds/1" / name).read_bytes() == (whole.folder / "folds/1" / name).read_bytes()
    assert "interrupted" == run.folds["status"][-1] or len(run.folds) < 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folds": 200}, "data.folds: 150 rows cannot be 200 folds"),
        ({"folds": 51}, None),
        (
            {"folds": 5, "stratify": False},
            "a.yaml:5: training.batch_size: fold 1: 121 is more than the 120 tra",
        ),
        ({"folds": 3, "order": "time"}, 'fold 1: target "species": classes "Iris-versicolor", "Iris-vir'),
    ],
)
def test_errors_have_a_place(tmp_path, changes, words):
    training = {"batch_size": 121 if "stratify" in changes else 20}
    spec = {"data": {"source": "builtin:iris", **changes}, **SMALL, "training": training}
    (tmp_path / "a.yaml").write_text(dump(spec))
    if words is None:
        notes = nettrain.train(tmp_path / "a.yaml", "training.epochs=1").notes
        few = 'classes "Iris-setosa", "Iris-versicolor", "Iris-virginica" have 50 rows'
        assert f"data.folds: {few}, so some of the 51 folds are measured on none of them" in notes
        return
    with pytest.raises(DataError) as caught:
        nettrain.train(tmp_path / "a.yaml")
    assert words in str(caught.value)


def test_a_profile_is_of_one_training():
    spec = spec_of("sizes that differ by a row")
    with pytest.raises(SpecError, match=r"^profile: is for one training"):
        nettrain.train(spec, profile=True)
    epochs = []
    nettrain.train(spec, "training.epochs=2", on_event=epochs.append)
    assert [(0, 7), (1, 7), (2, 7)] == [(event.epoch, len(event.members)) for event in epochs]


def test_notes_that_differ_in_numbers_are_given_once():
    each = [
        ["same", "7 gaps in 30 rows", "alone"],
        ["same", "1 gap in 31 rows"],
        ["same", "7 gaps in 30 rows"],
    ]
    assert ["same", "fold 1: 7 gaps in 30 rows (and alike in 2 more)", "fold 1: alone"] == joint_notes(each)
    assert [] == joint_notes([[], []])


def test_a_saved_run_in_memory_is_the_same(tmp_path):
    spec = spec_of("sizes that differ by a row")
    in_memory, in_folder = nettrain.train(spec), nettrain.train(spec, folder=tmp_path / "a")
    saved = in_memory.save(tmp_path / "b")
    for name in ("config.yaml", "folds.csv", "out_of_fold.parquet", "folds/3/model.safetensors"):
        assert (saved / name).read_bytes() == (in_folder.folder / name).read_bytes()
    assert in_memory.folds.equals(in_folder.folds)
    assert in_memory.out_of_fold.equals(in_folder.out_of_fold)
    assert in_memory.predict("builtin:iris").tolist() == in_folder.predict("builtin:iris").tolist()
    assert nettrain.train(saved / "config.yaml").folds.equals(in_folder.folds)
    assert ["fold", "epoch"] == in_memory.history.columns[:2]
    assert [*range(1, 8)] == in_memory.history["fold"].unique().sort().to_list()
