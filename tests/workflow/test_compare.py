"""Comparisons from Python: runs are bit-equal to those trained alone, figures are those of the runs."""

import json
from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.experiment.load import load
from nettrain.workflow.compare import run_comparison
from nettrain.workflow.comparison.plan import plan_comparison
from nettrain.workflow.comparison.sources import find_sources
from nettrain.workflow.comparison.worlds import compared_world
from nettrain.workflow.side_by_side import populations
from tests.fake_cupy import on_host
from tests.fake_cupy.module import in_place_of_cupy

pytestmark = pytest.mark.usefixtures("step_by_step")

SPEC: dict[str, object] = {
    "experiment": "flowers",
    "data": {"source": "builtin:iris", "test": 0.2},
    "model": {"hidden": [6]},
    "training": {"epochs": 4, "batch_size": 16},
}
ENSEMBLE = "training.ensemble=2"


def with_changes(*overrides: str) -> Mapping[str, object]:
    """The experiment as a mapping, with changes."""
    from nettrain.workflow.source import load_experiment

    return load_experiment(SPEC, overrides).experiment.model_dump()


def alone(*overrides: str, seed: int = 0) -> nettrain.Run:
    """The same run by `train`; the rows are split by seed 0."""
    seeds = [f"{key}={seed}" for key in ("model.seed", "training.order_seed", "training.noise_seed")]
    figures = "training.evaluate_train=all"  # as in a comparison
    return nettrain.train(SPEC, *overrides, *seeds, figures, "data.seed=0", f"seed={seed}")


def assert_same(run: nettrain.Run, other: nettrain.Run) -> None:
    assert run.metrics == other.metrics
    assert run.history.equals(other.history)
    ours, theirs = run.trained, other.trained
    assert ours.parameters.tobytes() == theirs.parameters.tobytes()
    assert ours.statistics.tobytes() == theirs.statistics.tobytes()
    assert run.predict().tolist() == other.predict().tolist()
    assert run.experiment == other.experiment
    assert {**run.summary, "timing": 0} == {**other.summary, "timing": 0}


@pytest.mark.parametrize(
    "changes",
    [
        ("model.dropout=0.3", "optimizer.learning_rate=0.02"),
        ("model.batch_norm=true",),
        ("training.early_stopping={patience: 1}", "optimizer.learning_rate=0.05"),
        ("model.activation={name: leaky_relu, negative_slope: 0.3}",),
        (ENSEMBLE,),
        ("training.snapshots=2",),
        ("training.max_seconds=1000",),
        ("loss={name: cross_entropy, label_smoothing: 0.1}", ENSEMBLE),
        ("training.diagnostics=true", "model={hidden: [6], init: {name: he_normal, bias_init: -6}}"),
        ("optimizer={name: sgd, learning_rate: 1e30}", "training.epochs=3"),
    ],
    ids=lambda changes: changes[0],
)
def test_runs_are_bit_equal_to_ones_trained_alone(changes):
    other = [*changes[:-1], changes[-1], "regularization.l2=0.01"]
    compared = nettrain.compare(with_changes(*changes), with_changes(*other), repeat=2)
    stride = 2 if ENSEMBLE in changes else 1
    first, second = (entry.runs for entry in compared.entries)
    assert_same(first[0].run, alone(*changes, seed=0))
    assert_same(second[1].run, alone(*other, seed=stride))


def test_numbers_train_as_one_population_and_other_choices_apart():
    vary = {"optimizer.learning_rate": [0.01, 0.1], "model.activation": ["relu", "tanh"]}
    plan = plan_comparison(find_sources([SPEC], vary=vary), repeat=3)
    assert 12 == len(plan.runs)
    assert [6, 6] == [len(group) for group in populations(plan.runs)]
    assert 1 == len({id(run.data) for run in plan.runs})


def test_a_population_is_no_larger_than_fits_the_caches():
    wide = plan_comparison(find_sources([with_changes("model.hidden=[700, 700]")] * 2), repeat=10)
    assert [7, 6, 7] == [len(group) for group in populations(wide.runs)]


def test_an_entry_has_the_figures_of_its_runs():
    compared = nettrain.compare([SPEC], vary={"optimizer.learning_rate": [0.001, 0.1]}, repeat=3)
    slow, fast = compared.entries
    values = [alone(f"optimizer.learning_rate={rate}").metrics["val"]["loss"] for rate in (0.001, 0.1)]
    assert values == [slow.values("val_loss")[0], fast.values("val_loss")[0]]
    assert np.mean(slow.values("val_loss")) == slow.mean("val_loss")
    assert np.std(slow.values("val_loss"), ddof=1) == pytest.approx(slow.sd("val_loss"), rel=1e-14)
    assert (1,) == compared.best("val_loss")
    assert "val_accuracy" == compared.decisive
    assert ["learning_rate 0.001", "learning_rate 0.1"] == [entry.label for entry in compared.entries]
    assert (0, 1, 2) == slow.seeds
    assert 6 == len(compared.table)
    assert 24 == len(compared.history.filter(compared.history["epoch"] > 0))


def test_a_repeat_in_a_folder_is_a_run_for_each_network(tmp_path):
    changes = (
        "training.repeat=3",
        "training.evaluate_train=all",
        "model.dropout=0.2",
        "training.diagnostics=true",
    )
    stored = nettrain.train(SPEC, *changes, folder=tmp_path / "run")
    read = nettrain.compare(tmp_path / "run", stored)
    trained = nettrain.compare(SPEC, SPEC, overrides=changes)
    for entry in read.entries:
        for run, other in zip(entry.runs, trained.entries[0].runs, strict=True):
            assert (run.seed, run.status, run.epochs) == (other.seed, other.status, other.epochs)
            assert run.metrics == other.metrics
            assert run.history.equals(other.history)
            assert run.diagnostics is not None
            assert run.diagnostics.equals(other.diagnostics)
            assert run.predict().tolist() == other.predict().tolist()
            assert run.predict_proba().tolist() == other.predict_proba().tolist()
    assert ("flowers", "flowers (2)") == tuple(entry.label for entry in trained.entries)


def test_the_seeds_of_an_experiment_go_on_from_its_own():
    compared = nettrain.compare(SPEC, vary={"optimizer": ["sgd", "adam"]}, overrides=["seed=7"], repeat=2)
    assert (7, 8) == compared.entries[0].seeds
    test = compared.test(0, 1, "val_loss")
    assert (True, 2) == (test.paired, test.seeds)
    ensemble = nettrain.compare(with_changes(ENSEMBLE), SPEC, repeat=3)
    assert [(0, 2, 4), (0, 1, 2)] == [entry.seeds for entry in ensemble.entries]
    assert not ensemble.test(0, 1, "val_loss").paired


def test_ties_are_both_the_best_and_goals_are_those_of_the_metrics():
    fast = with_changes("optimizer.learning_rate=0.1")
    compared = nettrain.compare(fast, fast, SPEC)
    assert (0, 1) == compared.best() == compared.best("val_loss")
    assert compared.entries[2].mean("val_accuracy") < compared.entries[0].mean("val_accuracy")
    assert compared.entries[2].mean("val_loss") > compared.entries[0].mean("val_loss")
    assert [1, 2] == [test.other for test in compared.tests()]


def test_the_loss_decides_where_the_metric_is_the_same():
    runs = nettrain.compare(SPEC, SPEC, with_changes("optimizer.learning_rate=0.00101"))
    assert 1 == len({entry.mean("val_accuracy") for entry in runs.entries})
    assert "val_loss" == runs.decisive
    assert (2,) == runs.best()


def test_runs_that_diverge_count_for_no_mean():
    rates = {"optimizer.learning_rate": [0.1, 1e30]}
    compared = nettrain.compare(SPEC, vary=rates, overrides=["optimizer=sgd"], repeat=2)
    entry = compared.entries[1]
    assert (2, None, None) == (entry.diverged, entry.mean("val_loss"), entry.sd("val_loss"))
    assert "learning rate 1e+30" in entry.runs[0].divergence
    assert not compared.all_diverged
    assert () == compared.best()
    assert nettrain.compare(SPEC, SPEC, overrides=["optimizer={name: sgd, learning_rate: 1e30}"]).all_diverged


@pytest.mark.parametrize(
    ("changes", "loss", "accuracy"),
    [
        (["data.scaling=none"], None, None),
        (["data.columns.ignore=[0]"], None, None),
        (["loss={name: cross_entropy, label_smoothing: 0.1}"], None, None),
        (["loss=focal"], "these are different losses: cross_entropy, focal", None),
        (["data.seed=4"], *["data.seed differs, so that they are of different rows"] * 2),
        (["data.test=0.3"], *["data.test differs, so that they are of different rows"] * 2),
    ],
    ids=lambda part: part[0] if isinstance(part, list) else "",
)
def test_what_must_not_be_compared_is_said(changes, loss, accuracy):
    compared = nettrain.compare(SPEC, with_changes(*changes))
    assert (loss, accuracy) == tuple(
        compared.incomparable.get(f"val_{name}") for name in ("loss", "accuracy")
    )
    if accuracy:
        assert () == compared.best() == compared.best("val_loss") == compared.tests()


def test_losses_of_targets_in_different_units_are_not_compared():
    spec = {"data": {"source": "synthetic:sine"}, "training": {"epochs": 1}, "model": {"hidden": [3]}}
    compared = nettrain.compare(spec, vary={"data.target_scaling": ["none", "standard"]})
    assert (
        "data.target_scaling differs: these losses have different units" == compared.incomparable["val_loss"]
    )
    assert "val_rmse" == compared.decisive
    assert 1 == len(compared.best())


def test_unknown_figures_are_named_with_the_nearest():
    compared = nettrain.compare(SPEC, vary={"optimizer": ["sgd", "adam"]})
    entry, typo = compared.entries[0], 'no figure "val_los", did you mean "val_loss"'
    for asked in (compared.best, compared.tests, entry.mean, entry.sd, entry.values):
        with pytest.raises(nettrain.SpecError, match=typo):
            asked("val_los")
    with pytest.raises(nettrain.SpecError, match=typo):
        compared.test(0, 1, "val_los")
    with pytest.raises(nettrain.SpecError, match=r'no figure "x" \(allowed: '):
        entry.mean("x")
    assert entry.mean("val_r2") is None  # a figure, of other targets


def test_a_figure_that_nettrain_does_not_know_is_missing_elsewhere(tmp_path):
    """Such as one of a later version, in a summary."""
    runs = [nettrain.train(SPEC, folder=tmp_path / name).folder for name in "ab"]
    summary = json.loads((runs[0] / "summary.json").read_text())
    summary["metrics"]["val"]["brier"] = 0.25
    (runs[0] / "summary.json").write_text(json.dumps(summary))
    compared = nettrain.compare(*runs)
    assert [0.25, None] == [entry.mean("val_brier") for entry in compared.entries]
    assert () == compared.best("val_brier")


def test_arguments_are_named_as_python_has_them():
    two = {"optimizer": ["sgd", "adam"]}
    with pytest.raises(nettrain.SpecError, match=r"^repeat: 0 is not at least 1"):
        nettrain.compare(SPEC, vary=two, repeat=0)
    with pytest.raises(nettrain.SpecError, match=r"^rates: 2 is not at least 3"):
        nettrain.find_learning_rate(SPEC, rates=2)
    with pytest.raises(nettrain.SpecError, match=r"^high: 1 is not above 2"):
        nettrain.find_learning_rate(SPEC, low=2.0, high=1.0)


def test_an_interruption_keeps_what_was_trained():
    steps = iter(range(10**6))
    compared = nettrain.compare(
        SPEC, vary={"optimizer": ["sgd", "adam", "momentum"]}, stop=lambda: next(steps) > 40
    )
    first, second, third = compared.entries
    assert compared.interrupted
    assert ["finished"] == [run.status for run in first.runs]
    assert ["interrupted"] == [run.status for run in second.runs]
    assert () == third.runs
    assert third.mean("val_loss") is None


def test_a_comparison_with_an_interrupted_run_is_not_interrupted_itself(tmp_path):
    steps = iter(range(10**6))
    nettrain.train(SPEC, out=tmp_path / "short", stop=lambda: next(steps) > 10)
    nettrain.train(SPEC, "optimizer=sgd", out=tmp_path / "whole")
    compared = nettrain.compare(tmp_path / "short", tmp_path / "whole")
    assert ["interrupted", "finished"] == [entry.runs[0].status for entry in compared.entries]
    assert not compared.interrupted
    (note,) = [one for one in compared.notes if "interrupted" in one]
    short = compared.entries[0].source
    assert f"{short}: was interrupted after " in note
    assert note.endswith(f"; nettrain resume {short} goes on")


def test_a_single_evaluation_does_not_say_that_training_was_improving():
    several = {"training.evaluate_every": [1, 5, 20]}
    compared = nettrain.compare(SPEC, overrides=["training.epochs=5"], vary=several)
    assert [True, False, False] == [entry.still_improving for entry in compared.entries]
    ties = {"training.early_stopping.ties": ["first", "last"]}
    of_ties = nettrain.compare(SPEC, overrides=["training.early_stopping.patience=5"], vary=ties)
    assert [True, False] == [entry.still_improving for entry in of_ties.entries]
    notes = [note for note in compared.notes if "one evaluation alone" in note]
    assert ["(evaluate_every is 5, epochs is 5)", "(evaluate_every is 20, epochs is 5)"] == [
        note[note.index("(") :] for note in notes
    ]


def test_a_comparison_is_saved_and_repeats(tmp_path):
    compared = nettrain.compare(SPEC, vary={"optimizer": ["sgd", "adam"]}, repeat=2)
    assert tmp_path / "c" == compared.save(tmp_path / "c")
    names = {path.relative_to(tmp_path / "c").as_posix() for path in (tmp_path / "c").rglob("*")}
    experiments = {"experiments/1-sgd.yaml", "experiments/2-adam.yaml"}
    assert {"experiments", "history.csv", "runs.csv", "summary.json", *experiments} == names
    again = nettrain.compare(tmp_path / "c" / "experiments")
    assert [entry.label for entry in again.entries] == ["sgd", "adam"]
    assert again.table.drop("seconds").equals(compared.table.drop("seconds"))
    with pytest.raises(nettrain.SpecError, match="is not empty"):
        compared.save(tmp_path / "c")


def test_diagnostics_are_saved_where_they_are_recorded(tmp_path):
    both = {"training.diagnostics": [True, False]}
    compared = nettrain.compare(SPEC, vary=both)
    compared.save(tmp_path / "c")
    saved = pl.read_csv(tmp_path / "c" / "diagnostics.csv")
    assert [("flowers", 0)] == saved.select("label", "seed").unique().rows()
    own = nettrain.train(SPEC, "training.diagnostics=true").diagnostics
    assert own["update_ratio"].to_list() == saved["update_ratio"].to_list()
    assert nettrain.compare(SPEC, SPEC).diagnostics is None


def test_epochs_come_with_the_entries_of_their_members():
    events = []
    nettrain.compare(SPEC, vary={"optimizer.learning_rate": [0.1, 0.2]}, repeat=2, on_event=events.append)
    assert [0, 0, 1, 1] == events[-1].entries.tolist()
    assert [0, 1, 2, 3, 4] == [event.epoch.epoch for event in events]


def test_data_in_memory_are_those_of_all():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 2))
    data = x, np.where(x[:, 0] > 0, "yes", "no")
    compared = nettrain.compare({"training": {"epochs": 2}}, vary={"optimizer": ["sgd", "adam"]}, data=data)
    assert ["yes", "no"] == sorted({*compared.entries[0].runs[0].predict(x[:20]).tolist()}, reverse=True)


def test_a_small_world_has_a_view_for_each_entry_that_predicts(tmp_path):
    spec = {"data": {"source": "synthetic:moons"}, "training": {"epochs": 1}, "model": {"hidden": [3]}}
    vary = {"data.scaling": ["standard", "none"], "optimizer": ["adam", "{name: sgd, learning_rate: 1e30}"]}
    plan = plan_comparison(find_sources([spec], vary=vary), repeat=2)
    compared = run_comparison(plan)
    seen = compared_world(plan, compared)
    assert ["standard scaling, adam", "no scaling, adam"] == [view.label for view in seen.views]
    places = np.stack([axis.ravel() for axis in np.meshgrid(*seen.axes, indexing="ij")], axis=1)
    for view, k in zip(seen.views, (0, 2), strict=True):
        expected = (
            compared.entries[k].runs[0].predict_proba(dict(zip(seen.world.columns, places.T, strict=True)))
        )
        np.testing.assert_allclose(expected, view.values.reshape(len(places), -1), rtol=1e-5, atol=1e-6)
    compared.entries[0].runs[0].run.save(tmp_path / "a")
    compared.entries[2].runs[0].run.save(tmp_path / "b")
    read = plan_comparison(find_sources([tmp_path / "a", tmp_path / "b"]))
    again = compared_world(read, run_comparison(read))
    assert ["standard scaling", "no scaling"] == [view.label for view in again.views]
    assert again.views[1].values.tolist() == seen.views[1].values.tolist()


def test_worlds_of_other_rows_or_many_columns_have_no_view():
    for vary in ({"data.seed": [1, 2]}, {"optimizer": ["sgd", "adam"]}):
        data = "synthetic:moons" if "data.seed" in vary else "builtin:iris"
        spec = {"data": {"source": data}, "training": {"epochs": 1}, "model": {"hidden": [3]}}
        plan = plan_comparison(find_sources([spec], vary=vary))
        assert compared_world(plan, run_comparison(plan)) is None


def test_a_world_whose_rows_are_gone_has_no_view(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "rows.csv"
    path.write_text("a,y\n" + "".join(f"{a:.3f},{'up' if a > 0 else 'down'}\n" for a in rng.normal(size=60)))
    for hidden in (2, 3):
        spec = {"data": {"source": str(path)}, "training": {"epochs": 1}, "model": {"hidden": [hidden]}}
        nettrain.train(spec, folder=tmp_path / str(hidden))
    plan = plan_comparison(find_sources([tmp_path / "2", tmp_path / "3"]))
    compared = run_comparison(plan)
    assert 2 == len(compared_world(plan, compared).views)
    path.unlink()
    assert compared_world(plan, compared) is None


def test_a_comparison_says_what_it_is():
    compared = nettrain.compare(SPEC, vary={"training.epochs": [1, 2]})
    first = compared.entries[0]
    assert first is compared.entry(first.label)
    with pytest.raises(KeyError, match="epochs 3"):
        compared.entry("epochs 3")
    (best,) = compared.best()
    assert repr(compared) == (
        f"<Comparison of epochs 1, epochs 2, best {compared.decisive}: {compared.entries[best].label}>"
    )


def test_where_all_diverged_nobody_is_the_best():
    compared = nettrain.compare(
        SPEC, vary={"optimizer": ["{name: sgd, learning_rate: 1e30}", "{name: sgd, learning_rate: 1e31}"]}
    )
    assert ((), True) == (compared.best(), compared.all_diverged)
    assert "best" not in repr(compared)


def test_a_comparison_that_was_interrupted_before_it_began_compares_nothing(tmp_path):
    compared = nettrain.compare(SPEC, vary={"training.epochs": [1, 2]}, stop=lambda: True)
    assert ("", (), ()) == (compared.decisive, compared.best(), compared.tests())
    assert "<Comparison of epochs 1, epochs 2>" == repr(compared)
    assert (0, 0) == compared.table.shape
    assert {"interrupted"} == {
        json.loads((compared.save(tmp_path / "kept") / "summary.json").read_text())["status"]
    }


def test_without_rows_that_were_held_out_the_training_rows_decide():
    whole = {**SPEC, "data": {"source": "builtin:iris", "validation": 0}}
    compared = nettrain.compare(whole, vary={"training.epochs": [1, 2]})
    assert ("train_loss", compared.best("train_loss")) == (compared.decisive, compared.best())


def test_a_comparison_is_called_like_its_experiments_or_their_folder(tmp_path):
    named = [{**SPEC, "experiment": f"flowers {k}", "seed": k} for k in range(9)]
    for k, spec in enumerate(named):
        (tmp_path / f"{k}.yaml").write_text(json.dumps(spec))
    assert "flowers 0-flowers 1" == plan_comparison(find_sources(named[:2])).name
    assert tmp_path.name == plan_comparison(find_sources([tmp_path])).name
    assert "comparison" == plan_comparison(find_sources([*named[:8], tmp_path / "8.yaml"])).name


def test_ensembles_over_seeds_are_saved_as_ensembles(tmp_path):
    few = {**SPEC, "training": {"epochs": 1}}
    compared = nettrain.compare(few, vary={"training.ensemble": [2, 3]}, repeat=2)
    assert [2, 2] == [len(entry.runs) for entry in compared.entries]
    compared.save(tmp_path / "kept")
    saved = [load(path).experiment for path in sorted((tmp_path / "kept" / "experiments").iterdir())]
    assert [(1, 2), (1, 3)] == [(one.training.repeat, one.training.ensemble) for one in saved]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            "training.batch_size=5000",
            "training.batch_size: 5000 is more than the 102 training rows; write full",
        ),
        ("training.early_stopping={monitor: val_rmse}", "training.early_stopping.monitor: "),
    ],
    ids=lambda part: part[:20],
)
def test_what_cannot_be_trained_is_said_before_anything_trains(changes, message):
    with pytest.raises(nettrain.NettrainError, match=f"^{message}"):
        nettrain.compare(SPEC, with_changes(changes), on_event=lambda epoch: pytest.fail("trained"))


@pytest.mark.skipif(on_host.COMPILER is None, reason="no g++")
def test_a_device_has_the_same_figures():
    exact = ["backend.dtype=float64", "backend.threads=1"]
    vary = {"optimizer.learning_rate": [0.01, 0.1]}
    here = nettrain.compare(SPEC, vary=vary, overrides=exact, repeat=2)
    with in_place_of_cupy():
        there = nettrain.compare(SPEC, vary=vary, overrides=[*exact, "backend.name=cupy"], repeat=2)
    for one, other in zip(here.entries, there.entries, strict=True):
        np.testing.assert_allclose(other.values("val_loss"), one.values("val_loss"), rtol=1e-9)
        assert one.label == other.label
