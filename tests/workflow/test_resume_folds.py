"""A cross-validation that was interrupted or killed goes on, and ends as one that was not."""

import shutil
from pathlib import Path

import pytest

import nettrain
from nettrain.errors import DataError, SpecError, StoredFileError
from nettrain.workflow.cross_validation import begin
from nettrain.workflow.folds.plan import plan_cross_validation
from nettrain.workflow.run_files import new_run_folder
from nettrain.workflow.source import load_experiment

pytestmark = pytest.mark.usefixtures("step_by_step")

SPEC = {
    "experiment": "folded",
    "data": {"source": "builtin:iris", "target": "petal_length", "order": "time", "folds": 3},
    "model": {"hidden": [5]},
    "training": {"epochs": 3},
    "backend": {"threads": 1},
}  # folds of other sizes, which train one after the other
FILES = ("model.safetensors", "history.csv", "config.yaml", "preprocessing.json")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cross-validation that was not interrupted."""
    return nettrain.train(SPEC, folder=tmp_path_factory.mktemp("whole") / "run")


def after(steps):
    """A `stop` that interrupts after so many steps."""
    left = iter(range(steps))
    return lambda: next(left, None) is None


def assert_same(expected, actual):
    for name in ("config.yaml", "folds.csv", "out_of_fold.parquet"):
        assert (expected.folder / name).read_bytes() == (actual.folder / name).read_bytes()
    for number in (1, 2, 3):
        for name in FILES:
            one, other = (run.folder / "folds" / str(number) / name for run in (expected, actual))
            assert one.read_bytes() == other.read_bytes()
    assert expected.status == actual.status == "finished"
    assert expected.metrics == actual.metrics


@pytest.mark.parametrize("steps", [1, 3, 5, 12])
def test_an_interrupted_one_ends_like_one_that_was_not(whole, tmp_path, steps):
    run = nettrain.train(SPEC, folder=tmp_path / "run", stop=after(steps))
    assert "interrupted" == run.status
    ended = {
        path: path.stat().st_mtime_ns
        for number, status in run.folds.select("fold", "status").rows()
        if status == "finished"
        for path in (run.folder / "folds" / str(number)).iterdir()
    }
    again = nettrain.resume(run)
    assert_same(whole, again)
    assert ended == {
        path: path.stat().st_mtime_ns for path in ended
    }  # folds that had ended stay as they were
    assert (
        f"{len({path.parent for path in ended})} of 3 folds have ended, and stay as they are" in again.notes
    )


def test_a_fold_that_was_killed_before_its_seal_is_sealed(whole, tmp_path):
    shutil.copytree(whole.folder, tmp_path / "run")
    (tmp_path / "run" / "summary.json").unlink()
    seal = tmp_path / "run" / "folds" / "2" / "ended.json"
    before = seal.read_bytes()
    seal.unlink()
    assert_same(whole, nettrain.resume(tmp_path / "run"))
    assert before == seal.read_bytes()


TOGETHER = {
    **SPEC,
    "data": {"source": "builtin:iris", "folds": 3},
    "model": {"hidden": [6, 5], "batch_norm": True, "dropout": 0.2},
    "optimizer": {"name": "momentum", "learning_rate": 0.05},
    "training": {
        "epochs": 8,
        "batch_size": 30,
        "ensemble": 2,
        "early_stopping": {"patience": 3},
        "checkpoint": {"seconds": 0},
    },
}


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """One whose folds train as one population, and was not interrupted."""
    return nettrain.train(TOGETHER, folder=tmp_path_factory.mktemp("together") / "run")


@pytest.mark.parametrize("steps", [1, 7, 21])
def test_folds_that_trained_side_by_side_go_on_alone(together, tmp_path, steps):
    run = nettrain.train(TOGETHER, folder=tmp_path / "run", stop=after(steps))
    assert ["interrupted"] * 3 == run.folds["status"].to_list()
    again = nettrain.resume(run, stop=after(5))
    assert "interrupted" == again.status
    again = nettrain.resume(run)
    assert_same(together, again)
    assert "0 of 3 folds have ended, and stay as they are" in again.notes


class Killed(Exception):
    """What ends a training at once."""


@pytest.mark.parametrize("epoch", [0, 1, 4, 8])
def test_folds_that_are_killed_go_on_from_their_last_states(together, tmp_path, epoch):
    def kill(event):
        if getattr(event, "epoch", -1) == epoch:
            raise Killed

    with pytest.raises(Killed):
        nettrain.train(TOGETHER, folder=tmp_path / "run", on_event=kill)
    assert not (tmp_path / "run" / "summary.json").exists()
    states = [(tmp_path / "run" / "folds" / str(k) / "checkpoint.safetensors").exists() for k in (1, 2, 3)]
    assert [epoch > 0] * 3 == states
    again = nettrain.resume(tmp_path / "run")
    assert_same(together, again)
    begun = "3 folds had begun, and go on, one after the other"
    assert (begun in again.notes) == (epoch > 0)


def test_one_that_was_killed_goes_on(whole, tmp_path):
    run = nettrain.train(SPEC, folder=tmp_path / "run")
    for path in ("summary.json", "folds.csv", "folds/2/summary.json", "folds/2/checkpoint.safetensors"):
        (run.folder / path).unlink()
    (run.folder / "folds" / "3" / "summary.json").unlink()
    assert_same(whole, nettrain.resume(run.folder))


@pytest.mark.parametrize("name", ["model.safetensors", "summary.json", "preprocessing.json", "history.csv"])
def test_files_of_folds_that_have_ended_are_as_they_were(tmp_path, whole, name):
    copied = Path(shutil.copytree(whole.folder, tmp_path / "run"))
    (copied / "summary.json").unlink()
    other, file = copied / "folds" / "1" / name, copied / "folds" / "3" / name
    before = file.read_bytes()
    file.write_bytes(other.read_bytes())
    with pytest.raises(StoredFileError) as caught:
        nettrain.resume(copied)
    way_out = f"restore it, or remove {copied}/folds/3: the fold is then trained again"
    assert f"{file}: was changed since it was written; {way_out}" == str(caught.value)
    shutil.rmtree(copied / "folds" / "3")
    assert_same(whole, nettrain.resume(copied))
    assert before == file.read_bytes() or name == "summary.json"


def test_nothing_is_left_to_do_for_one_that_has_ended(whole):
    before = {path: path.read_bytes() for path in whole.folder.rglob("*") if path.is_file()}
    assert "finished" == nettrain.resume(whole.folder).status
    assert before == {path: path.read_bytes() for path in whole.folder.rglob("*") if path.is_file()}


def test_changes_are_for_single_folds(whole):
    with pytest.raises(SpecError) as caught:
        nettrain.resume(whole.folder, "training.epochs=5")
    words = f"its folds go on as they began; train anew for training.epochs=5, or extend one: nettrain resume {whole.folder}/folds/1 training.epochs=5"
    assert f"{whole.folder}: {words}" == str(caught.value)


def test_a_fold_goes_on_alone(tmp_path):
    run = nettrain.train(SPEC, folder=tmp_path / "run")
    longer = nettrain.resume(run.folder / "folds" / "2", "training.epochs=5")
    taken = {**SPEC, "data": {**SPEC["data"], "folds": {"count": 3, "take": 2}}}
    assert nettrain.train(taken, "training.epochs=5").metrics == longer.metrics


def test_folds_that_were_interrupted_are_named_when_they_are_trained_anew(tmp_path):
    runs = tmp_path / "runs"
    first = nettrain.train(SPEC, out=runs, stop=after(3))
    assert "interrupted" == first.status
    planned = plan_cross_validation(load_experiment(SPEC, ()), None)
    with new_run_folder(planned.experiment, runs, runs) as (folder, notes):
        job = begin(planned, folder, notes)
        said = (
            f"{first.folder} has these settings and was interrupted: nettrain resume {first.folder} goes on"
        )
        assert said in job.all_notes
        assert job.folder.path != first.folder


def test_other_data_or_settings_are_refused(tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{k},{k % 7}.5\n" for k in range(30)))
    spec = {**SPEC, "data": {"source": str(tmp_path / "rows.csv"), "folds": 3, "order": "time"}}
    first = 5 * 3  # steps of two rows each, of 9 rows
    run = nettrain.train(spec, "training.batch_size=2", folder=tmp_path / "run", stop=after(first + 1))
    config = run.folder / "folds" / "1" / "config.yaml"
    text = config.read_text()
    config.write_text(text.replace("epochs: 3", "epochs: 4"))
    with pytest.raises(
        StoredFileError, match=r"1/config\.yaml: was changed since it was written; restore it, or"
    ):
        nettrain.resume(run.folder)
    config.write_text(text)
    whole = run.folder / "config.yaml"
    planned = whole.read_text()
    whole.write_text(planned.replace("epochs: 3", "epochs: 4"))
    with pytest.raises(SpecError, match=r"1/config\.yaml: is no longer fold 1 of .*config\.yaml; train anew"):
        nettrain.resume(run.folder)
    whole.write_text(planned)
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{k + 1},{k % 7}.5\n" for k in range(30)))
    with pytest.raises(
        DataError, match=r"rows\.csv has changed since .*folds/1 was trained on it: what was fitted"
    ):
        nettrain.resume(run.folder)
