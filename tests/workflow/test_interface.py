"""`import nettrain`: what Python gets is what the command writes, and nothing is printed or loaded early."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import nettrain
from tests.cli.command import CONFIGS, ENVIRONMENT, inside

pytestmark = pytest.mark.usefixtures("step_by_step")

IRIS = CONFIGS / "iris.yaml"
FEW = ("training.epochs=6", "training.early_stopping=null", "backend.threads=1")
SPEC = {
    "experiment": "small",
    "data": {"source": "builtin:iris", "test": 0.2},
    "model": {"hidden": [8]},
    "training": {"epochs": 6, "batch_size": 16},
    "backend": {"threads": 1},
}
REPEATABLE = ("config.yaml", "history.csv", "model.safetensors", "preprocessing.json")


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """A run folder of the command."""
    folder = tmp_path_factory.mktemp("command")
    assert 0 == inside(folder, "train", IRIS, *FEW, "--no-figures").code
    return folder / "runs" / "iris"


@pytest.fixture(scope="module")
def in_memory():
    """The same run in memory."""
    return nettrain.train(IRIS, *FEW)


def python(code: str, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a folder, with warnings as errors."""
    arguments = [sys.executable, "-W", "error", *options, "-c", code]
    return subprocess.run(arguments, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_a_run_in_memory_has_the_figures_of_the_command(command, in_memory):
    summary = json.loads((command / "summary.json").read_text())
    assert summary["metrics"] == in_memory.metrics
    assert ("finished", "epochs", 6, None) == (
        in_memory.status,
        in_memory.stop_reason,
        in_memory.epochs,
        in_memory.folder,
    )
    assert summary["best_epoch"] == in_memory.best_epoch


def test_the_history_in_memory_is_that_of_the_file(command, in_memory):
    rows = pl.read_csv(command / "history.csv")
    assert rows.columns == in_memory.history.columns
    assert rows.with_columns(pl.col("better") == 1).equals(in_memory.history)
    assert nettrain.open_run(command).history.equals(in_memory.history)


def test_a_saved_run_is_the_commands_to_the_byte(command, in_memory, tmp_path):
    saved = in_memory.save(tmp_path / "deep" / "saved")
    for name in REPEATABLE:
        assert (command / name).read_bytes() == (saved / name).read_bytes(), name
    times = ("timing", "environment")
    one, other = (json.loads((path / "summary.json").read_text()) for path in (command, saved))
    assert {k: v for k, v in one.items() if k not in times} == {
        k: v for k, v in other.items() if k not in times
    }
    with pytest.raises(nettrain.SpecError, match="saved: is not empty, and not overwritten"):
        in_memory.save(saved)


def test_what_was_saved_is_resumed_to_the_bit(in_memory, tmp_path):
    in_memory.save(tmp_path / "saved")
    resumed = nettrain.resume(tmp_path / "saved", "training.epochs=9")
    whole = nettrain.train(IRIS, "training.epochs=9", *FEW[1:])
    assert whole.history.equals(resumed.history)
    assert whole.metrics == resumed.metrics
    assert "goes on after epoch 6, step 42" in resumed.notes


@pytest.mark.parametrize("place", [{"folder": "chosen"}, {"out": "runs"}])
def test_a_run_folder_is_that_of_the_command(command, tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    run = nettrain.train(IRIS, *FEW, **place)
    assert Path(place.get("folder", "runs/iris")) == run.folder
    for name in REPEATABLE:
        assert (command / name).read_bytes() == (run.folder / name).read_bytes(), name
    assert 0 == inside(tmp_path, "evaluate", run.folder).code
    assert run.evaluate().metrics == nettrain.evaluate(command).metrics


def test_a_folder_that_holds_something_is_refused(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "letter.txt").write_text("dear")
    with pytest.raises(nettrain.SpecError, match="there: is not empty"):
        nettrain.train(SPEC, folder=tmp_path / "there")
    with pytest.raises(nettrain.SpecError, match=r"letter\.txt: is a file, not a folder"):
        nettrain.train(SPEC, folder=tmp_path / "there" / "letter.txt")
    with pytest.raises(nettrain.SpecError, match="out: b does not go with folder: choose one"):
        nettrain.train(SPEC, folder="a", out="b")


WRITES = """
import os, sys
written = []
def audit(event, arguments):
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        written.append(str(arguments[0]))
    elif event in ("os.mkdir", "os.rename", "os.symlink"):
        written.append(str(arguments[0]))
import nettrain
def use():
    run = nettrain.train({spec!r}, "training.repeat=2")
    run.predict("builtin:iris"), run.evaluate(), run.history, repr(run)
use()  # modules are imported, machine code is compiled and cached
sys.addaudithook(audit)
use()
print([name for name in written if "cache" not in name and name != os.devnull])
nettrain.train({spec!r}, folder="kept")
print(any("kept" in name for name in written))
"""


def test_nothing_is_written_or_printed(tmp_path):
    done = python(WRITES.format(spec=SPEC), tmp_path)
    assert ("[]\nTrue\n", "") == (done.stdout, done.stderr)
    assert ["kept"] == [path.name for path in tmp_path.iterdir()]


def test_predictions_are_the_commands(command, in_memory, tmp_path):
    done = inside(tmp_path, "predict", command, "builtin:iris", "--out", "rows.csv")
    assert 0 == done.code
    rows = pl.read_csv(tmp_path / "rows.csv")
    frame = nettrain.predict(in_memory, "builtin:iris")
    assert rows.equals(frame)
    assert rows["species"].to_list() == in_memory.predict("builtin:iris").tolist()
    chances = in_memory.predict_proba("builtin:iris")
    assert np.array_equal(rows[:, 1:].to_numpy(), chances)
    assert in_memory.predict("builtin:iris").tolist() == [
        in_memory.classes[k] for k in chances.argmax(axis=1)
    ]


def test_own_test_rows_are_predicted_without_an_argument(command, in_memory):
    worst = in_memory.evaluate(worst=1000).worst
    rows = sorted(worst, key=lambda row: int(row.place.removeprefix("builtin:iris row ")))
    expected = [row.predicted["species"] for row in rows]
    assert expected == in_memory.predict().tolist()
    assert expected == nettrain.open_run(command).predict().tolist()
    assert expected == nettrain.predict(command)["species"].to_list()
    assert (len(expected), 3) == in_memory.predict_proba().shape


def test_own_test_rows_of_data_in_memory():
    data = table()
    run = nettrain.train({**SPEC, "data": {"target": "kind", "test": 0.25}}, data=data)
    split = run.evaluate(worst=1000)
    rows = sorted(int(row.place.removeprefix("data row ")) - 1 for row in split.worst)
    assert run.predict(data[rows]).tolist() == run.predict().tolist()


def test_evaluation_is_the_commands(command, in_memory, tmp_path):
    done = inside(tmp_path, "evaluate", command, "--importance", "--seed", 3, "--worst", 2, "--json")
    report = in_memory.evaluate(importance=True, seed=3, worst=2)
    told = json.loads(done.out)
    found = report.model_dump()
    assert {**told, "run": "iris"} == {**found, "run": "iris"}
    assert not list(tmp_path.iterdir())


def table(rows: int = 90) -> pl.DataFrame:
    """Two columns of numbers, one of text with gaps, and a target that follows from them."""
    generator = np.random.default_rng(4)
    a, b = generator.normal(size=(2, rows))
    town = np.where(a > 1, "Ulm", "Bonn")
    return pl.DataFrame({"a": a, "b": b, "town": town, "kind": np.where(a + b > 0, "yes", "no")})


FRAME = {**SPEC, "data": {"target": "kind", "test": 0.2}}


def test_a_frame_trains_like_its_file(tmp_path):
    table().write_csv(tmp_path / "rows.csv")
    kept = nettrain.train({**FRAME, "data": {**FRAME["data"], "source": tmp_path / "rows.csv"}})
    run = nettrain.train(FRAME, data=table())
    assert kept.metrics == run.metrics
    assert kept.history.equals(run.history)
    assert kept.predict(table()).tolist() == run.predict(table().drop("kind")).tolist()
    assert kept.evaluate().metrics == run.evaluate().metrics == run.evaluate(split="test").metrics
    assert kept.evaluate(table()).metrics == run.evaluate(table()).metrics


def test_arrays_and_splits_of_ones_own(tmp_path):
    frame = table()
    x, y = frame.select("a", "b").to_numpy(), (frame["kind"] == "yes").to_numpy().astype(int)
    parts = {"train": (x[:60], y[:60]), "validation": (x[60:75], y[60:75]), "test": (x[75:], y[75:])}
    run = nettrain.train({**SPEC, "data": {}}, "data.target_kind=classes", data=parts)
    assert [60, 15, 15] == [run.evaluate(split=split).rows for split in ("train", "validation", "test")]
    predicted = run.predict(x[75:])
    assert (15, "i") == (*predicted.shape, predicted.dtype.kind)
    assert (predicted == y[75:]).mean() == run.metrics["test"]["accuracy"]


def test_a_folder_of_data_in_memory_is_resumed_with_them(tmp_path):
    run = nettrain.train(FRAME, data=table(), folder=tmp_path / "run")
    assert "source: memory:train" in (tmp_path / "run" / "config.yaml").read_text()
    whole = nettrain.train(FRAME, "training.epochs=9", data=table())
    with pytest.raises(nettrain.DataError, match="memory:train stands for a table"):
        nettrain.resume(run, "training.epochs=9")
    with pytest.raises(nettrain.DataError, match="has changed since"):
        nettrain.resume(run, "training.epochs=9", data=table().reverse())
    resumed = nettrain.resume(run, "training.epochs=9", data=table())
    assert whole.history.equals(resumed.history)
    assert resumed.metrics == nettrain.resume(tmp_path / "run", data=table()).metrics  # nothing to do


def test_a_folder_of_data_in_memory_is_resumed_with_a_file_of_them(tmp_path):
    table().write_csv(tmp_path / "same.csv")
    table().reverse().write_csv(tmp_path / "other.csv")
    run = nettrain.train(FRAME, data=table(), folder=tmp_path / "run")
    whole = nettrain.train(FRAME, "training.epochs=9", data=table())
    with pytest.raises(nettrain.DataError, match="has changed since"):
        nettrain.resume(run, "training.epochs=9", f"data.source={tmp_path / 'other.csv'}")
    with pytest.raises(nettrain.SpecError, match=r"data\.decimal: .* would have changed the steps so far"):
        nettrain.resume(run, "training.epochs=9", f"data.source={tmp_path / 'same.csv'}", "data.decimal=,")
    resumed = nettrain.resume(run, "training.epochs=9", f"data.source={tmp_path / 'same.csv'}")
    assert whole.history.equals(resumed.history)
    assert resumed.metrics == nettrain.resume(tmp_path / "run").metrics  # nothing to do


@pytest.mark.skipif(find_spec("sklearn") is not None, reason="scikit-learn is installed")
def test_without_scikit_learn_one_line_says_what_to_install():
    run = nettrain.train(SPEC)
    with pytest.raises(ImportError, match=r"^the estimators .* pip install 'nettrain\[sklearn\]'$"):
        run.to_sklearn()


def test_numbers_are_predicted_in_their_units():
    run = nettrain.train({"data": {"source": "synthetic:sine"}, "training": {"epochs": 3}})
    predicted = run.predict("synthetic:sine")
    assert ((1000,), np.float64) == (predicted.shape, predicted.dtype.type)
    with pytest.raises(nettrain.SpecError, match="predict_proba: experiment predicts numbers"):
        run.predict_proba("synthetic:sine")
    two = pl.DataFrame({"x": [0.0, 1, 2, 3] * 5, "u": [0.0, 1, 2, 3] * 5, "v": [3.0, 2, 1, 0] * 5})
    several = nettrain.train(
        {"data": {"target": ["u", "v"]}, "training": {"epochs": 2, "batch_size": 4}}, data=two
    )
    assert (20, 2) == several.predict(two).shape


def test_members_predict_together_or_alone():
    run = nettrain.train(SPEC, "training.ensemble=3")
    alone = [run.predict_proba("builtin:iris", member=member) for member in range(3)]
    np.testing.assert_allclose(run.predict_proba("builtin:iris"), np.mean(alone, axis=0), rtol=1e-12)
    assert [0, 1, 2] == run.history["member"].unique().sort().to_list()
    with pytest.raises(nettrain.SpecError, match="3 is not there, small has 0 to 2"):
        run.predict("builtin:iris", member=3)


def test_a_row_that_cannot_be_predicted_is_named_or_null():
    run = nettrain.train(FRAME, data=table())
    rows = pl.DataFrame({"a": ["1", "much", "2"], "b": [1.0, 2.0, 3.0], "town": ["Ulm"] * 3})
    with pytest.raises(nettrain.DataError) as error:
        run.predict(rows)
    assert 'data row 2: column "a": "much" is not a number' == str(error.value)
    assert [False, True, False] == nettrain.predict(run, rows)["kind"].is_null().to_list()


def test_a_run_that_diverges_is_returned_and_does_not_predict(tmp_path):
    wild = ("optimizer={name: sgd, learning_rate: 1.0e+30}", "training.ensemble=2")
    run = nettrain.train(IRIS, *wild, *FEW)
    kept = nettrain.train(IRIS, *wild, *FEW, folder=tmp_path / "run")
    assert ("diverged", "diverged") == (run.status, kept.status)
    assert run.history.equals(kept.history)
    for one, name in ((run, "iris"), (kept, tmp_path / "run")):
        with pytest.raises(nettrain.SpecError, match=f"{name}: the run diverged, its weights are not finite"):
            one.predict("builtin:iris")


def test_one_network_that_diverges_keeps_its_last_good_weights(tmp_path):
    """In memory its divergence is looked for from the first step on, in a folder from a checkpoint."""
    wild = (
        "optimizer={name: sgd, learning_rate: 1.0e+3}",
        "training.checkpoint={seconds: 0}",
        "model.hidden=[8]",
    )
    run = nettrain.train(IRIS, *wild, *FEW)
    kept = nettrain.train(IRIS, *wild, *FEW, folder=tmp_path / "run")
    assert ("diverged", run.summary["divergence"]) == (run.status, kept.summary["divergence"])
    assert np.array_equal(run.predict_proba("builtin:iris"), kept.predict_proba("builtin:iris"))


def test_events_come_as_they_happen():
    events = []
    run = nettrain.train(SPEC, on_event=events.append)
    epochs = [event for event in events if isinstance(event, nettrain.EpochDone)]
    assert list(range(7)) == [event.epoch for event in epochs]
    assert run.history["val_loss"].to_list() == [float(event.figures["val_loss"][0]) for event in epochs]
    assert ["epochs"] == [event.reason for event in events if isinstance(event, nettrain.MemberStopped)]
    assert isinstance(events[-1], nettrain.TrainingDone)


def test_training_stops_when_asked_and_goes_on_later(tmp_path):
    asked = iter([False] * 9)
    run = nettrain.train(SPEC, folder=tmp_path / "run", stop=lambda: next(asked, True))
    assert "interrupted" == run.status
    resumed = nettrain.resume(run)
    assert resumed.history.equals(nettrain.train(SPEC).history)


def test_what_is_wrong_has_the_words_of_the_command(tmp_path):
    text = "data: {source: 'builtin:iris'}\nmodel: {activation: gelo}\ntraining: {epochs: -5}\n"
    (tmp_path / "f.yaml").write_text(text)
    done = inside(tmp_path, "train", "f.yaml", "optimizer.learning_rate=fast")
    with pytest.raises(nettrain.SpecError) as error:
        nettrain.train(tmp_path / "f.yaml", "optimizer.learning_rate=fast")
    assert done.err == f"{str(error.value).replace(f'{tmp_path}/', '')}\n"
    assert 2 == done.code == error.value.code


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            {"data": {"source": "builtin:iris"}, "trainin": {}},
            'trainin: unknown key, did you mean "training"?',
        ),
        (
            {"data": {"source": "builtin:iris"}, "seed": object()},
            "seed: object is not a value of an experiment file",
        ),
        ({"data": {"source": "builtin:iris"}, "seed": -1}, "seed: -1 is not at least 0"),
        ({"data": {"source": "nothing.csv"}}, "data.source: nothing.csv: no such file"),
    ],
)
def test_a_mapping_is_refused_by_its_keys(source, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((nettrain.SpecError, nettrain.DataError)) as error:
        nettrain.train(source)
    assert said == str(error.value)


def test_a_mapping_may_hold_numbers_of_numpy_and_paths():
    spec = {**SPEC, "model": {"hidden": (np.int64(8),)}, "seed": np.int32(3), "experiment": Path("small")}
    plain = {**SPEC, "seed": 3}
    assert nettrain.train(plain).metrics == nettrain.train(spec).metrics


def test_an_experiment_of_a_run_trains_the_same_again(in_memory):
    again = nettrain.train(in_memory.experiment)
    assert in_memory.metrics == again.metrics


def test_a_run_says_what_it_is(command):
    run = nettrain.open_run(command)
    metrics = run.metrics["test"]
    shown = f"loss {metrics['loss']:.4g}, accuracy {metrics['accuracy']:.4g}"
    assert f"<Run iris in {command}: finished after 6 epochs, test {shown}>" == repr(run)


def test_a_folder_without_a_finished_run_is_refused(tmp_path, command):
    with pytest.raises(nettrain.SpecError, match=r'irs: no such run folder, did you mean "iris"\?'):
        nettrain.open_run(command.parent / "irs")
    with pytest.raises(nettrain.SpecError, match=r"not a finished run, config.yaml is missing"):
        nettrain.open_run(tmp_path)


def test_a_gradient_is_checked_like_the_command(tmp_path, in_memory):
    done = inside(tmp_path, "gradcheck", IRIS, "--samples", 3, "--json")
    check = nettrain.gradcheck(IRIS, samples=3)
    told, found = json.loads(done.out), json.loads(json.dumps(check.plain))
    for report in (told, found):
        del report["seconds"]
    assert told == found
    assert (True, f"<NetworkCheck {IRIS}: passed>") == (check.passed, repr(check))
    assert nettrain.gradcheck(in_memory, samples=2).weights == "trained weights"


def test_a_wrong_gradient_of_a_function_fails():
    def right_gradient(x):
        return (x * x).sum(), 2 * x

    right = nettrain.gradcheck(right_gradient, at=[1.0, 2.0])
    wrong = nettrain.gradcheck(lambda x: ((x * x).sum(), x), at=[1.0, 2.0])
    assert (True, False) == (right.passed, wrong.passed)
    assert [
        "the gradient is 0.5 times what it should be: a factor 2 is missing, as from a square"
    ] == wrong.report["diagnosis"]
    with pytest.raises(nettrain.SpecError, match="at: missing, the array at which right_gradient is checked"):
        nettrain.gradcheck(right_gradient)
    with pytest.raises(nettrain.SpecError, match="--step: 0 is not above 0"):
        nettrain.gradcheck(IRIS, step=0.0)


SWEEP = {
    **SPEC,
    "sweep": {
        "trials": 4,
        "parameters": {
            "optimizer.learning_rate": {"distribution": "log_uniform_values", "min": 1e-3, "max": 1e-1},
            "model.hidden": {"values": [[4], [8]]},
        },
    },
}


def test_a_sweep_in_memory_is_that_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events = []
    result = nettrain.sweep(SWEEP, jobs=1, on_event=events.append)
    assert (None, "finished", 4) == (result.folder, result.status, len(result.trials))
    assert not list(tmp_path.iterdir())
    kept = nettrain.sweep(SWEEP, jobs=1, out="sweeps")
    assert Path("sweeps/small") == kept.folder
    assert kept.trials.equals(result.trials)
    assert pl.read_csv("sweeps/small/trials.csv", infer_schema_length=None).equals(result.trials)
    assert 4 == sum(len(event.new_results) for event in events)
    best = result.trials.sort("val_loss").row(0, named=True)
    assert best["optimizer.learning_rate"] == result.best["optimizer.learning_rate"]
    again = nettrain.train(result.best_experiment)
    assert best["val_loss"] == again.metrics["val"]["loss"]


def test_a_sweep_over_a_frame_goes_on_in_its_folder(tmp_path):
    spec = {**SWEEP, "data": {"target": "kind"}}
    first = nettrain.sweep(spec, data=table(), trials=2, jobs=1, folder=tmp_path / "my sweep")
    more = nettrain.sweep(spec, data=table(), jobs=1, folder=tmp_path / "my sweep")
    assert (tmp_path / "my sweep", 2, 4) == (first.folder, len(first.trials), len(more.trials))
    assert more.trials[:2].equals(first.trials)


LOADED = """
import sys
before = set(sys.modules)
import nettrain
print(sorted({"types", *sys.modules} - before | {"types"}))
assert "train" in dir(nettrain) and "np" not in dir(nettrain)
"""


def test_importing_loads_nothing_else(tmp_path):
    done = python(LOADED, tmp_path)
    assert ("['nettrain', 'types']\n", "") == (done.stdout, done.stderr)


PROCESSOR_SECONDS = """
from time import process_time
started = process_time()
import nettrain
print(started, process_time() - started)
"""


def test_importing_takes_a_small_part_of_starting_python(tmp_path):
    """In seconds of the processor, which other processes hardly change."""
    pairs = [map(float, python(PROCESSOR_SECONDS, tmp_path).stdout.split()) for _ in range(5)]
    bare, importing = (min(times) for times in zip(*pairs, strict=True))
    assert importing < 0.5 * bare
    assert importing < 0.05


def test_all_that_is_public_is_there_sorted_and_documented():
    assert sorted(nettrain.__all__) == nettrain.__all__
    assert {*nettrain.__all__, "__version__"} == set(dir(nettrain))
    estimators = set() if find_spec("sklearn") else {"MLPClassifier", "MLPRegressor"}
    for name in {*nettrain.__all__} - estimators:
        assert getattr(nettrain, name).__doc__, name
    with pytest.raises(AttributeError, match="module 'nettrain' has no attribute 'trian'"):
        nettrain.trian  # noqa: B018


def test_the_room_of_that_name_does_not_hide_sweep():
    import nettrain.sweep.opening

    assert callable(nettrain.sweep)


def test_columns_divided_by_numbers_of_their_own_are_divided_again_at_prediction(tmp_path):
    """What is fitted travels in the run's folder: predictions are those of columns divided beforehand."""
    generator = np.random.default_rng(3)
    x = generator.uniform(1, 100, (60, 2))
    y = np.where(x[:, 0] > x[:, 1], "a", "b")
    frame, divided = (pl.DataFrame({"age": c[:, 0], "income": c[:, 1], "y": y}) for c in (x, x / [50, 1]))
    scaling = {"scaling": {"name": "divide", "by": {"age": 50.0}}}
    spec = SPEC | {"data": {"target": "y"} | scaling}
    run = nettrain.open_run(nettrain.train(spec, data=frame).save(tmp_path / "run"))
    plain = nettrain.train(spec, "data.scaling=none", data=divided)
    np.testing.assert_array_equal(run.predict_proba(frame), plain.predict_proba(divided))
