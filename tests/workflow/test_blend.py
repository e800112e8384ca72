"""Blends: each network is a run of its own to the bit, and their weighted mean is what predicts."""

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.errors import DataError, SpecError, StoredFileError
from tests.cli.command import inside

pytestmark = pytest.mark.usefixtures("step_by_step")

OF_SECOND = {"model": {"hidden": [6, 4], "activation": "tanh"}, "optimizer": {"learning_rate": 0.02}}
SPEC = {
    "experiment": "blended",
    "data": {"source": "builtin:iris", "test": 0.2, "folds": 3},
    "model": {"hidden": [5]},
    "optimizer": {"learning_rate": 0.05},
    "training": {"epochs": 16, "batch_size": 20},
    "backend": {"threads": 1},
    "blend": [OF_SECOND, {"data": {"scaling": "robust"}, "model": {"hidden": [8], "seed": 3}}],
}
ALONE = {**SPEC, "seed": 3, "data": {"source": "builtin:iris", "test": 0.2, "validation": 0.4}}
FILES = ("config.yaml", "model.safetensors", "preprocessing.json", "history.csv", "out_of_fold.parquet")
WRITTEN = (*FILES, "ensemble.json", "folds.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("blend")


@pytest.fixture(scope="module")
def whole(folder):
    """A blend on folds that was not interrupted."""
    return nettrain.train(SPEC, folder=folder / "whole")


@pytest.fixture(scope="module")
def alone(folder):
    """A blend of networks that have one split."""
    return nettrain.train(ALONE, folder=folder / "alone")


def contents(run: Path, names=WRITTEN):
    """The files of a run and of the runs in it that do not depend on the clock, by their place."""
    found = (path for path in run.rglob("*") if path.name in names)
    return {str(path.relative_to(run)): path.read_bytes() for path in found}


def weights(run):
    counts = {one["network"]: one["count"] for one in run.summary["networks"]}
    return {number: count / sum(counts.values()) for number, count in counts.items()}


def test_each_network_is_the_run_that_its_settings_make(whole, folder):
    spec = {key: value for key, value in SPEC.items() if key != "blend"}
    second = nettrain.train({**spec, **OF_SECOND}, folder=folder / "second")
    assert contents(second.folder) == contents(whole.folder / "networks" / "2")
    first = nettrain.train(spec, folder=folder / "first")
    assert contents(first.folder) == contents(whole.folder / "networks" / "1")


@pytest.mark.parametrize("which", ["whole", "alone"])
def test_the_weighted_mean_of_the_networks_predicts(which, request):
    run = request.getfixturevalue(which)
    mean = sum(
        weight * run.network(number).predict_proba("builtin:iris") for number, weight in weights(run).items()
    )
    assert 2 <= sum(weight > 0 for weight in weights(run).values())  # otherwise this would say little
    np.testing.assert_allclose(run.predict_proba("builtin:iris"), mean, rtol=1e-12, atol=1e-15)
    assert set(run.predict("builtin:iris")) <= set(run.classes)


@pytest.mark.parametrize("which", ["whole", "alone"])
def test_it_is_stored_and_opened_as_it_is_in_memory(which, request, tmp_path):
    stored = request.getfixturevalue(which)
    run = nettrain.train(SPEC if which == "whole" else ALONE)
    assert (run.folder, run.metrics, run.notes) == (None, stored.metrics, stored.notes)
    assert run.history.equals(stored.history)
    assert run.experiment == stored.experiment
    for other in (stored, nettrain.open_run(run.save(tmp_path / "saved"))):
        assert (run.predict_proba("builtin:iris") == other.predict_proba("builtin:iris")).all()
        assert run.evaluate().metrics == other.evaluate().metrics
    assert contents(stored.folder) == contents(tmp_path / "saved")
    assert run.network(3).metrics == stored.network(3).metrics


@pytest.mark.parametrize("which", ["whole", "alone"])
def test_its_config_repeats_it(which, request, tmp_path):
    run = request.getfixturevalue(which)
    again = nettrain.train(run.folder / "config.yaml", folder=tmp_path / "again")
    assert contents(run.folder) == contents(again.folder)
    assert run.metrics == again.metrics


def test_notes_are_said_once_and_name_the_networks_that_they_are_about(whole, alone):
    target = 'target "species": text, taken as 3 classes'
    for run in (whole, alone):
        assert 1 == sum(target in note for note in run.notes)
    noted = nettrain.train(ALONE, "blend.0.optimizer.name=sgd", "training.epochs=1").notes
    rare = nettrain.train(
        {**ALONE, "blend": [{"training": {"batch_size": "auto", "sampling": "permutation"}}]},
        "training.epochs=1",
        "data.test=0.6",
    ).notes
    assert not any("network" in note for note in noted)
    assert any(note.startswith("network 2: a batch is all") for note in rare)


def test_held_out_rows_weigh_the_networks(whole):
    frame = whole.out_of_fold
    labels = whole.classes

    def log_loss(rows):
        columns = rows.select(f"probability_{name}" for name in labels).to_numpy()
        truth = [labels.index(name) for name in rows["true_species"]]
        return -np.log(columns[np.arange(len(truth)), truth]).mean()

    each = [whole.network(number).out_of_fold for number in weights(whole)]
    assert frame.height == 120
    assert frame.select("row", "repeat", "fold").equals(each[0].select("row", "repeat", "fold"))
    for name in labels:
        mean = sum(
            weight * one[f"probability_{name}"].to_numpy()
            for weight, one in zip(weights(whole).values(), each, strict=True)
        )
        np.testing.assert_allclose(frame[f"probability_{name}"].to_numpy(), mean, rtol=1e-12)
    # weights are not equal, as held-out rows are predicted better so
    names = [f"probability_{name}" for name in labels]
    equal = [pl.Series(name, sum(one[name] for one in each) / 3) for name in names]
    assert 1 / 3 < weights(whole)[1] < 1
    assert log_loss(frame) < log_loss(frame.with_columns(equal))
    assert whole.metrics["val"]["log_loss"] == pytest.approx(log_loss(frame), rel=1e-12)


def test_its_figures_are_those_of_an_evaluation(whole, alone):
    for run, splits in ((whole, ("validation", "test")), (alone, ("train", "validation", "test"))):
        for split in splits:
            measured = run.evaluate(split=split).metrics
            own = run.metrics["val" if split == "validation" else split]
            assert {name: pytest.approx(value, rel=1e-9) for name, value in own.items()} == {
                name: measured[name] for name in own
            }


def test_numbers_are_blended_in_their_own_units(tmp_path):
    blend = [{"data": {"target_scaling": "none", "scaling": "none"}}, {"loss": "mae"}]
    spec = {**SPEC, "data": {"source": "builtin:iris", "target": "petal_length", "folds": 3}, "blend": blend}
    run = nettrain.train(spec, folder=tmp_path / "run")
    mean = sum(
        weight * run.network(number).predict("builtin:iris") for number, weight in weights(run).items()
    )
    np.testing.assert_allclose(run.predict("builtin:iris"), mean, rtol=1e-12)
    frame = run.out_of_fold
    off = frame["petal_length"] - frame["true_petal_length"]
    assert run.metrics["val"]["rmse"] == pytest.approx(np.sqrt((off**2).mean()), rel=1e-9)


def test_distributions_are_blended_where_all_describe_them():
    data = {"source": "builtin:iris", "target": "petal_length", "test": 0.2, "folds": 3}
    spec = {**SPEC, "data": data, "loss": "gaussian_nll", "blend": [{"model": {"hidden": [4]}}]}
    run = nettrain.train(spec)
    interval = run.predict_interval("builtin:iris", 0.9)
    assert (interval[:, 0] < interval[:, 1]).all()
    assert {"val", "test"} == set(run.summary["distribution"])


def test_thresholds_and_calibrations_of_two_classes(tmp_path):
    data = {"source": "synthetic:moons", "test": 0.2, "folds": 2}
    rules = {"threshold": "f1", "calibration": "temperature"}
    poor = {"optimizer": {"learning_rate": 1e-6}}  # of which no rule has a part in the mean
    run = nettrain.train({**SPEC, **rules, "data": data, "blend": [OF_SECOND, poor]}, folder=tmp_path / "run")
    assert (0, True) == (run.summary["networks"][2]["count"], run.summary["networks"][1]["count"] > 0)
    frame, (limit,) = run.out_of_fold, run.predictor.task.thresholds
    applied = run.summary["postprocessing"]
    assert [limit] == [pytest.approx(one) for one in applied["thresholds"].values()]
    predicting = sum(one["count"] > 0 for one in run.summary["networks"])
    assert (800, 2 * predicting) == (applied["rows"], len(applied["calibrators"]))
    assert "uncalibrated" not in applied
    assert run.predictor.applied["rows"] == applied["rows"]
    positive = [name for name in frame.columns if name.startswith("probability_")][-1]
    decided = frame[positive].to_numpy() >= limit
    target = frame.columns[4]
    assert (decided == (frame[target].cast(pl.String) == run.classes[1]).to_numpy()).all()


@pytest.mark.parametrize("repeat", [{"count": 3, "repeats": 2}, {"count": 3, "take": 2}])
def test_repeats_and_single_folds(repeat, tmp_path):
    spec = {**SPEC, "data": {**SPEC["data"], "folds": repeat}}
    run = nettrain.train(spec, folder=tmp_path / "run")
    assert run.predict_proba("builtin:iris").shape == (150, 3)
    assert (240 if "repeats" in repeat else None) == getattr(run.out_of_fold, "height", None)
    if "repeats" in repeat:  # each row weighs once
        first = nettrain.train({**SPEC, "data": {**SPEC["data"], "folds": 3}})
        assert weights(first) == weights(run)
    assert run.metrics == nettrain.open_run(run.folder).metrics


# ----- networks that fail -----


def test_a_network_that_diverges_is_left_out(tmp_path):
    wild = {"optimizer": {"name": "sgd", "learning_rate": 1e30}, "training": {"early_stopping": None}}
    run = nettrain.train({**SPEC, "blend": [wild, OF_SECOND]}, folder=tmp_path / "run")
    assert "finished" == run.status
    statuses = {one["network"]: (one["status"], one["count"] > 0) for one in run.summary["networks"]}
    assert ("diverged", False) == statuses[2]
    assert np.isfinite(run.predict_proba("builtin:iris")).all()


def test_where_all_diverge_nothing_predicts(tmp_path):
    wild = {
        **SPEC,
        "optimizer": {"name": "sgd", "learning_rate": 1e30},
        "blend": [{"model": {"hidden": [3]}}],
    }
    run = nettrain.train(wild)
    assert "diverged" == run.status
    with pytest.raises(SpecError, match="blended: the blend diverged in all networks, and does not predict"):
        run.predict("builtin:iris")
    stored = nettrain.train(wild, folder=tmp_path / "run")
    assert "diverged" == stored.status
    with pytest.raises(SpecError, match="all of its networks diverged, their weights are not finite"):
        nettrain.open_run(stored.folder)
    assert {} == stored.metrics
    assert "<Run blended" in repr(stored)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["data.folds=null", "data.validation=0"], "data.validation: 0 leaves no rows that weigh"),
        (
            ["blend.0.loss=hinge"],
            "blend.0: loss: predicts scores, where the file's own network predicts prob",
        ),
        (["blend.1.training.batch_size=1", "blend.1.model.batch_norm=true"], "blend.1: training.batch_size"),
        (["blend.1.optimizer=sgdd"], 'blend.1: optimizer: unknown "sgdd", did you mean "sgd"'),
        (
            ["data.target=petal_length", "blend.1.loss=pinball"],
            "blend.1: loss: predicts distributions by pinball at 0.05, 0.5, 0.95, where the",
        ),
        (
            ["blend.1.calibration=conformal"],
            "blend.1: calibration: is of all networks; they may differ in recipe",
        ),
        (["data.source=nowhere.csv"], "nowhere.csv: no such file"),
    ],
)
def test_what_cannot_be_blended_is_refused_before_anything_is_trained(changes, message, tmp_path):
    with pytest.raises((SpecError, DataError)) as error:
        nettrain.train(SPEC, *changes, out=tmp_path)
    assert message in str(error.value)
    assert [] == list(tmp_path.iterdir())


# ----- interruption -----


def after(steps):
    """A `stop` that interrupts after so many looks."""
    left = iter(range(steps))
    return lambda: next(left, None) is None


@pytest.mark.parametrize(("which", "steps"), [("whole", 1), ("whole", 8), ("whole", 14), ("alone", 4)])
def test_one_that_was_interrupted_ends_like_one_that_was_not(which, steps, request, tmp_path):
    expected = request.getfixturevalue(which)
    run = nettrain.train(SPEC if which == "whole" else ALONE, folder=tmp_path / "run", stop=after(steps))
    assert "interrupted" == run.status
    assert (run.metrics, run.network(1).status) == (
        {},
        json.loads((run.folder / "networks" / "1" / "summary.json").read_text())["status"],
    )
    with pytest.raises(SpecError, match=r"was interrupted; nettrain resume .* goes on with it"):
        nettrain.open_run(run.folder).predict("builtin:iris")
    before = {
        path: path.stat().st_mtime_ns
        for network in sorted((run.folder / "networks").iterdir())
        if json.loads((network / "summary.json").read_text())["status"] == "finished"
        for path in network.rglob("model.safetensors")
    }
    again = nettrain.resume(run)
    assert before == {path: path.stat().st_mtime_ns for path in before}  # what had ended stays as it was
    assert contents(expected.folder) == contents(again.folder)
    assert ("finished", expected.metrics) == (again.status, again.metrics)
    assert again.metrics == nettrain.resume(again).metrics  # nothing is left to do


@pytest.mark.parametrize("which", ["whole", "alone"])
def test_one_that_was_killed_goes_on(which, request, tmp_path):
    """Between two networks, in the middle of one, and after the last but before the weights."""
    expected = request.getfixturevalue(which)
    for number, lost in enumerate((["networks/2", "networks/3"], ["networks/3"], [])):
        killed = tmp_path / str(number)
        shutil.copytree(expected.folder, killed)
        for name in ("summary.json", "ensemble.json", "out_of_fold.parquet"):
            (killed / name).unlink(missing_ok=True)
        for name in lost:
            shutil.rmtree(killed / name)
        again = nettrain.resume(killed)
        assert contents(expected.folder) == contents(killed)
        assert f"{3 - len(lost)} of 3 networks have ended, and stay as they are" in again.notes


def test_an_interrupted_one_in_memory_has_no_prediction():
    run = nettrain.train(SPEC, stop=after(2))
    assert "interrupted" == run.status
    assert run.history.height
    with pytest.raises(SpecError, match="blended: the blend was interrupted, and does not predict"):
        run.predict("builtin:iris")


def test_one_that_was_interrupted_in_memory_goes_on_where_it_is_saved(whole, tmp_path):
    run = nettrain.train(SPEC, stop=after(8))
    run.save(tmp_path / "run")
    assert "interrupted" == run.status
    nettrain.resume(tmp_path / "run")
    assert contents(whole.folder) == contents(tmp_path / "run")


def test_a_fold_that_was_killed_before_its_seal_counts(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "run")
    for name in ("summary.json", "ensemble.json", "networks/2/summary.json", "networks/2/folds/1/ended.json"):
        (tmp_path / "run" / name).unlink()
    shutil.rmtree(tmp_path / "run" / "networks" / "3")
    nettrain.resume(tmp_path / "run", stop=lambda: True)
    nettrain.resume(tmp_path / "run")
    assert contents(whole.folder) == contents(tmp_path / "run")


def test_folds_that_are_gone_are_missed(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "run")
    for name in ("summary.json", "ensemble.json"):
        (tmp_path / "run" / name).unlink()
    shutil.rmtree(tmp_path / "run" / "networks" / "2" / "folds" / "2")
    with pytest.raises(SpecError, match="networks/2: some of its folds are gone; remove it"):
        nettrain.resume(tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "networks" / "2")
    nettrain.resume(tmp_path / "run")
    assert contents(whole.folder) == contents(tmp_path / "run")


def test_a_network_that_was_changed_does_not_go_on(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "run")
    for name in ("summary.json", "ensemble.json"):
        (tmp_path / "run" / name).unlink()
    config = tmp_path / "run" / "networks" / "2" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("epochs: 16", "epochs: 17"))
    with pytest.raises(SpecError, match="is no longer network 2 of its blend; train anew"):
        nettrain.resume(tmp_path / "run")
    config.write_text(text)
    model = tmp_path / "run" / "networks" / "2" / "folds" / "1" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-1] + b"\1")
    with pytest.raises(StoredFileError, match="was changed since it was written"):
        nettrain.resume(tmp_path / "run")


def test_its_networks_are_locked_while_they_train(tmp_path):
    def resumed(event):
        with pytest.raises(SpecError, match="networks/1: in use by process"):
            nettrain.resume(tmp_path / "run" / "networks" / "1")
        return True

    seen = []
    nettrain.train(
        {**ALONE, "blend": [{}]},
        "training.epochs=1",
        folder=tmp_path / "run",
        on_event=lambda event: seen.append(bool(seen) or resumed(event)),
    )
    assert all(seen)


def test_changes_of_all_networks_are_refused(whole):
    with pytest.raises(
        SpecError, match=r"its networks go on as they began; train anew for training.epochs=9"
    ):
        nettrain.resume(whole.folder, "training.epochs=9")


# ----- what else takes a blend -----


def test_its_networks_and_folds_are_runs(whole):
    assert (120, 2) == (
        whole.network(2).out_of_fold.height,
        whole.network(2).fold(2).resolved.data.folds.take,
    )
    for call, message in (
        (lambda: whole.network(4), "network: 4 is not there, it has 1, 2, 3"),
        (lambda: whole.network(2).network(1), "network: 1 is not there, it has no different networks"),
        (lambda: whole.fold(1), r"fold: 1 is not there, each network has its own: run.network\(1\).fold"),
        (whole.to_sklearn, "has networks that predict together"),
        (lambda: whole.predict("builtin:iris", member=1), "has networks, not members"),
    ):
        with pytest.raises(SpecError, match=message):
            call()


def test_other_commands_are_about_the_network_of_the_file(folder):
    note = "blend: 2 networks left out; this is about that of the file itself"
    spec = {**SPEC, "data": ALONE["data"]}
    assert any(note in one for one in nettrain.compare(spec, vary={"model.hidden": [[3], [4]]}).notes)
    file = folder / "other.yaml"
    file.write_text(json.dumps(spec))
    ended = inside(folder, "sweep", file, "--trials", "1", "--jobs", "1", "training.epochs=1")
    assert 0 == ended.code, ended.err
    assert note in " ".join(ended.out.split())
    (best,) = folder.glob("sweeps/*/best.yaml")
    assert "blend: []" in best.read_text()


def test_events_of_all_networks_are_passed_on_and_written(tmp_path):
    events = []
    nettrain.train(SPEC, folder=tmp_path / "run", on_event=events.append, tensorboard=tmp_path / "logs")
    assert 3 * 17 == sum(type(one).__name__ == "EpochDone" for one in events)
    logs = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert [f"run-network-{number}" for number in (1, 2, 3)] == logs


def test_exports_predict_its_mean(whole, tmp_path):
    whole.export(tmp_path / "model.py")
    space: dict[str, object] = {"__name__": "model"}
    exec((tmp_path / "model.py").read_text(), space)
    names = [f"{part}_{size}" for part in ("sepal", "petal") for size in ("length", "width")]
    columns = dict(
        zip(
            names,
            np.random.default_rng(0).uniform(
                [[4.5], [2.5], [1.5], [0.2]], [[7.5], [4], [6.5], [2.4]], (4, 20)
            ),
            strict=True,
        )
    )
    predicted = space["probabilities"](columns)
    np.testing.assert_allclose(predicted, whole.predict_proba(columns), rtol=1e-4, atol=1e-5)


def test_weights_have_no_common_divisor(whole):
    counts = [one["count"] for one in whole.summary["networks"] if one["count"]]
    assert 1 == np.gcd.reduce(counts)
    content = json.loads((whole.folder / "ensemble.json").read_text())
    assert sorted(counts) == sorted(one["count"] for one in content["networks"])
    assert 3 == content["folds"]
    assert list(itertools.chain(content["networks"]))
