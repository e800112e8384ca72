"""`nettrain export --tensorboard`: events of runs and sweeps that have been trained, and live ones of sweeps."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import nettrain
from nettrain.workflow.tensorboard.tags import history_tag
from tests.cli.command import inside
from tests.export.event_checks import check_final, check_history, columns, session, summary
from tests.export.event_reader import parse, read_events
from tests.export.test_tensorboard_training import SPEC, Stop

pytestmark = pytest.mark.usefixtures("step_by_step")

SWEEP = """
sweep:
  trials: 9
  metric: {name: val_loss}
  early_terminate: {type: successive_halving, min_iter: 2}
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1e-3, max: 0.1}
    model.hidden: {distribution: categorical, values: [[8], [4, 4]]}
    optimizer.name: {distribution: categorical, values: [adam, sgd]}
    training.batch_size: {distribution: categorical, values: [32, 64]}
    model.dropout: {distribution: constant, value: 0.1}
"""
KEYS = ["optimizer.learning_rate", "model.hidden", "optimizer.name", "training.batch_size", "model.dropout"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A run, an ensemble, a cross-validation and a sweep with live events in `logs`."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "iris.yaml").write_text(SPEC)
    (folder / "sw.yaml").write_text(SPEC.replace("iris\n", "sw\n", 1) + SWEEP)
    for command in (
        "train iris.yaml --out runs training.history=step training.diagnostics=true",
        "train iris.yaml --out runs experiment=ensemble training.ensemble=2",
        "train iris.yaml --out runs experiment=folds --folds 3",
    ):
        assert 0 == inside(folder, *command.split(), "--quiet", "--no-figures").code
    sweep = inside(folder, "sweep", "sw.yaml", "--quiet", "--jobs", "2", "--tensorboard", "logs")
    assert (0, "") == (sweep.code, sweep.err)
    return folder


def exported(folder: Path, run: str, out: Path) -> Path:
    """The folder of the events of a run."""
    done = inside(folder, "export", run, "--tensorboard", str(out), "--json")
    assert (0, "") == (done.code, done.err)
    return Path(json.loads(done.out)["folder"])


def test_a_run(trained, tmp_path):
    events, run = exported(trained, "runs/iris", tmp_path), trained / "runs" / "iris"
    check_history(events, run)
    check_final(events, summary(run)["metrics"], 6)
    found = read_events(events)
    assert ("iris", 1) == session(events)[1:]
    assert (run / "config.yaml").read_text().splitlines()[0] == found.texts["config"].splitlines()[0].strip()
    assert [32.0, 8.0, 24.0, 3.0] == [of_steps[6][3][0] for of_steps in found.histograms.values()]
    assert (
        columns(run / "steps.csv", "step")["batch_loss"]
        == read_events(events / "steps").scalars["batch/loss"]
    )
    seconds = columns(run / "timing.csv")["seconds"]
    assert seconds == found.scalars["time/epoch_seconds"]
    assert {1, 2, 3, 4, 5, 6} == set(found.scalars["gradient_norm/output"]) - {0}
    ended = (run / "history.csv").stat().st_mtime
    assert max(found.wall_times) == pytest.approx(ended)
    assert min(found.wall_times) == pytest.approx(ended - sum(seconds.values()))


def test_what_is_exported_is_what_was_written_live(trained, tmp_path):
    live = tmp_path / "live"
    nettrain.train(trained / "iris.yaml", "training.history=step", folder=tmp_path / "iris", tensorboard=live)
    events = exported(tmp_path, "iris", tmp_path / "exported")
    for part in (".", "steps"):
        before, after = read_events(live / "iris" / part), read_events(events / part)
        times = {"time/epoch_seconds", "time/step_seconds"}  # which the file has in whole microseconds
        assert {t: v for t, v in before.scalars.items() if t not in times} == {
            t: v for t, v in after.scalars.items() if t not in times
        }
        assert (before.texts, before.histograms) == (after.texts, after.histograms)


def test_epochs_that_are_not_evaluated_have_no_figures_live_or_exported(trained, tmp_path):
    command = "train iris.yaml training.evaluate_every=4 --quiet --no-figures --tensorboard logs --out"
    assert 0 == inside(trained, *command.split(), tmp_path / "runs").code
    exported(tmp_path, "runs/iris", tmp_path / "logs")
    (live,) = (trained / "logs").glob("iris*")
    for events in (live, tmp_path / "logs" / "iris"):
        assert [0, 4, 6] == [*read_events(events).scalars["loss/validation"]]
    shutil.rmtree(live)


def test_members_and_folds(trained, tmp_path):
    ensemble, folds = (exported(trained, f"runs/{name}", tmp_path) for name in ("ensemble", "folds"))
    for member in (0, 1):
        check_history(ensemble / f"member-{member}", trained / "runs" / "ensemble", member=member)
    for fold in ("1", "2", "3"):
        check_history(folds / f"fold-{fold}", trained / "runs" / "folds" / "folds" / fold)
        assert "folds" == session(folds / f"fold-{fold}")[1]
    pooled = summary(trained / "runs" / "folds")["out_of_fold"]
    assert np.float32(pooled["accuracy"]) == read_events(folds).scalars["final/out_of_fold_accuracy"][6]
    one = exported(trained, "runs/folds/folds/2", tmp_path)
    assert "folds-fold-2" == one.name
    check_history(one, trained / "runs" / "folds" / "folds" / "2")


def test_events_are_replaced_when_a_run_is_exported_again(trained, tmp_path):
    shutil.copytree(trained / "runs" / "ensemble", tmp_path / "ensemble")
    for _ in range(2):
        events = exported(tmp_path, "ensemble", tmp_path / "logs")
    assert ("ensemble", 3) == (events.name, len(list((tmp_path / "logs").rglob("events*"))))
    other = exported(trained, "runs/ensemble", tmp_path / "logs")
    assert "ensemble-2" == other.name, "that of another run is left alone"


def test_a_run_that_has_not_ended(trained, tmp_path):
    run = tmp_path / "iris"
    nettrain.train(trained / "iris.yaml", folder=run, stop=Stop(10))
    events = exported(tmp_path, "iris", tmp_path / "logs")
    check_history(events, run)
    assert 0 == session(events)[2], "its status is unknown"
    for name in ("summary.json", "timing.csv"):
        (run / name).unlink()
    check_history(exported(tmp_path, "iris", tmp_path / "logs"), run)


def rows(sweep: Path) -> list[dict[str, str]]:
    with (sweep / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def check_sessions(events: Path, sweep: Path) -> None:
    """Each row of trials.csv is a session, with its settings and figures."""
    for row in rows(sweep):
        own = events / f"trial-{row['trial']}"
        settings, group, status = session(own)
        assert (f"trial {row['trial']}", 1) == (group, status)
        assert [*KEYS, "status"] == [key for key in [*KEYS, "status"] if key in settings]
        numbers = {key: float(row[key]) for key in KEYS if isinstance(settings[key], float)}
        texts = {key: row[key] for key in (*KEYS, "status") if isinstance(settings[key], str)}
        assert {**numbers, **texts} == settings
        assert {"model.hidden", "optimizer.name", "status"} == set(texts)
        final = {tag: value for tag, value in read_events(own).scalars.items() if tag.startswith("final/")}
        figures = {
            f"final/{name}": float(np.float32(row[name])) for name in ("val_loss", "val_accuracy", "epochs")
        }
        assert {tag: {int(row["epochs"]): value} for tag, value in figures.items()} == final


def check_columns(events: Path) -> None:
    content = parse(read_events(events).plugins["experiment"][2][0])
    infos = {parse(one)[1][0].decode(): parse(one) for one in content[4]}
    assert [*KEYS, "status"] == list(infos)
    interval = parse(infos["optimizer.learning_rate"][6][0])
    assert (0.001, 0.1) == (interval[1][0], interval[2][0])
    choices = {key: [parse(one) for one in parse(info[5][0])[1]] for key, info in infos.items() if info[5]}
    assert [b"[8]", b"[4, 4]"] == [one[3][0] for one in choices["model.hidden"]]
    assert [32.0, 64.0] == [one[2][0] for one in choices["training.batch_size"]]
    assert [b"finished", b"pruned", b"diverged", b"failed", b"infeasible"] == [
        one[3][0] for one in choices["status"]
    ]
    assert ["model.dropout"] == [key for key, info in infos.items() if not info[7]], (
        "what is constant does not differ"
    )
    titles = [parse(one)[3][0].decode() for one in content[5]]
    assert ["val_loss", "val_accuracy", "epochs"] == titles


@pytest.mark.parametrize(("run", "networks"), [("iris", [""]), ("folds", ["fold-1", "fold-2", "fold-3"])])
def test_runs_that_were_killed_have_their_course_alone(trained, tmp_path, run, networks):
    copy = Path(shutil.copytree(trained / "runs" / run, tmp_path / run))
    for name in ("summary.json", "model.safetensors"):
        for path in copy.rglob(name):
            path.unlink()
    events = exported(tmp_path, run, tmp_path / "logs")
    for network in networks:
        found = read_events(events / network)
        assert 7 == len(found.scalars["loss/validation"])
        assert not [tag for tag in found.scalars if tag.startswith("final/")]
        assert not found.histograms
        assert session(events / network)[2] is None


def test_a_sweep_has_a_session_for_each_trial(trained, tmp_path):
    events, sweep = exported(trained, "sweeps/sw", tmp_path), trained / "sweeps" / "sw"
    check_columns(events)
    check_sessions(events, sweep)
    assert "sweep" not in read_events(events).texts["config"].replace("sweep: null", "")
    assert {"pruned", "finished"} == {row["status"] for row in rows(sweep)}
    with (sweep / "journal.jsonl").open() as file:
        results = [one for line in file if (one := json.loads(line))["kind"] == "trial"]
    for result in results:
        rungs = {int(epoch): float(np.float32(figure)) for epoch, figure in result["rungs"].items()}
        assert rungs == read_events(events / f"trial-{result['trial']}").scalars["loss/validation"]


def test_a_sweep_is_written_while_it_trains(trained):
    events, sweep = trained / "logs" / "sw", trained / "sweeps" / "sw"
    check_columns(events)
    check_sessions(events, sweep)
    for row in rows(sweep):
        scalars, epochs = read_events(events / f"trial-{row['trial']}").scalars, int(row["epochs"])
        assert set(range(1, epochs + 1)) == set(scalars["loss/validation"]) - {0}
        assert float(np.float32(row["val_loss"])) == pytest.approx(
            scalars["loss/validation"][epochs], rel=1e-5
        )
        assert {float(np.float32(row["optimizer.learning_rate"]))} == set(scalars["learning_rate"].values())


def test_a_sweep_that_is_extended_goes_on_in_its_folder(trained, tmp_path):
    shutil.copytree(trained / "sweeps", tmp_path / "sweeps")
    command = ("sweep", trained / "sw.yaml", "--quiet", "--jobs", "1", "--tensorboard", "logs", "--trials")
    assert 0 == inside(tmp_path, *command, "9").code
    check_sessions(tmp_path / "logs" / "sw", tmp_path / "sweeps" / "sw")
    assert 9 == len(list((tmp_path / "logs" / "sw").glob("*/events*")))
    assert 0 == inside(tmp_path, *command, "12").code
    check_sessions(tmp_path / "logs" / "sw", tmp_path / "sweeps" / "sw")
    assert 9 + 2 * 3 == len(list((tmp_path / "logs" / "sw").glob("*/events*"))), (
        "earlier ones are not written again"
    )


def test_trials_on_folds_and_trials_that_fail(trained, tmp_path):
    result = nettrain.sweep(
        trained / "iris.yaml", "data.folds=2", "data.validation=0", "training.epochs=3",
        'sweep={trials: 3, parameters: {optimizer.learning_rate: {distribution: categorical, values: [0.01, 1e30]},'
        ' optimizer.name: {distribution: constant, value: sgd}}}',
        folder=tmp_path / "sw", jobs=1, tensorboard=tmp_path / "logs",
    )  # fmt: skip
    for row in result.trials.iter_rows(named=True):
        own = tmp_path / "logs" / "sw" / f"trial-{row['trial']}"
        diverged = row["status"] == "diverged"
        assert (row["status"], 2 if diverged else 1) == (session(own)[0]["status"], session(own)[2])
        assert {"fold-1", "fold-2"} == {path.name for path in own.iterdir() if path.is_dir()}
        if not diverged:
            scalars = read_events(own).scalars
            assert np.float32(row["val_loss_sd"]) == scalars["final/val_loss_sd"][row["epochs"]]
            curves = [read_events(own / f"fold-{k}").scalars["loss/validation"][3] for k in (1, 2)]
            assert np.mean(curves) == pytest.approx(float(row["val_loss"]), rel=1e-5)
    assert {"finished", "diverged"} == set(result.trials["status"])


@pytest.mark.parametrize(
    ("column", "tag"),
    [
        ("val_loss", "loss/validation"),
        ("val_rmse_of_price", "rmse_of_price/validation"),
        ("train_macro_f1", "macro_f1/train"),
        ("running_loss", "loss/running"),
        ("objective", "loss/objective"),
        ("learning_rate", "learning_rate"),
        ("dropout_factor", "schedule/dropout_factor"),
        ("better", "better"),
    ],
)
def test_tags(column, tag):
    assert tag == history_tag(column)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("runs/iris", "export: nothing is asked for; give one of FILE, --tensorboard, --mlflow"),
        ("runs/iris a.py --tensorboard logs2", "export: FILE and --tensorboard are different exports"),
        ("runs/iris --tensorboard logs2 --member 1", "--member: goes with FILE, not with --tensorboard"),
        ("runs/iris --tensorboard logs2 --one-input", "--one-input: goes with FILE, not with --tensorboard"),
        ("runs/iris --tensorboard iris.yaml", "iris.yaml: is a file, not a folder"),
        ("runs/irs --tensorboard logs2", 'runs/irs: no such run folder, did you mean "iris"?'),
        ("runs --tensorboard logs2", "runs: holds 3 runs, name one of them"),
        ("iris.yaml --tensorboard logs2", "iris.yaml: is an experiment file, not a run folder"),
    ],
)
def test_errors_are_one_line(arguments, message, trained):
    done = inside(trained, "export", *arguments.split())
    assert (2, "") == (done.code, done.out)
    assert done.err.startswith(message)
    assert 1 == done.err.count("\n")


def test_a_run_without_a_history(trained, tmp_path):
    (tmp_path / "iris").mkdir()
    shutil.copy(trained / "runs" / "iris" / "config.yaml", tmp_path / "iris")
    done = inside(tmp_path, "export", "iris", "--tensorboard", "logs")
    assert (2, "iris: has no history yet\n") == (done.code, done.err)


def test_the_command_says_how_to_look_at_it(trained, tmp_path):
    done = inside(trained, "export", "runs/ensemble", "--tensorboard", tmp_path)
    line = f"wrote {tmp_path}/ensemble: events of 2 networks; tensorboard --logdir {tmp_path} shows them\n"
    assert (0, line) == (done.code, done.err)
