"""A sweep as a whole: the same result as training each trial alone, however it is run and disturbed."""

import csv
import os
import resource
import signal
from collections import Counter, deque
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from time import monotonic

import pytest

from nettrain.errors import DataError, NettrainError, SpecError
from nettrain.experiment.load import load, to_yaml
from nettrain.store.sweep_folder import SweepFolder
from nettrain.sweep.messages import TrialChunk, TrialResult
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.process_pool import ProcessPool, _single_threaded
from nettrain.sweep.ranking import Goal
from nettrain.sweep.scheduler import Scheduler
from nettrain.sweep.summary import is_written, summarise
from nettrain.sweep.worker import THREADS
from nettrain.sweep.worker_pool import Worker, WorkerDied, WorkerLost
from nettrain.workflow.train import train
from tests.sweep.sweeping import HALVING, MANY, copy_sweep, rows, run_sweep, write_experiment

LOSS = Goal("val_loss", maximize=False)


def alone(folder: Path, experiment, name: str):
    """This experiment, trained by itself."""
    path = folder / f"{name}.yaml"
    path.write_text(to_yaml(experiment), encoding="utf-8")
    return train(path, out=folder / "runs")


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return run_sweep(tmp_path_factory.mktemp("many"), MANY, jobs=2)


@pytest.fixture(scope="module")
def halved(tmp_path_factory):
    return run_sweep(tmp_path_factory.mktemp("halved"), HALVING, jobs=2)


def test_thirty_trials_end_bit_equal_to_their_own_runs(many, tmp_path):
    populations = Counter(result.members for result in many.results.values())
    assert len(many.results) == 30
    assert any(size > 1 for size in populations)
    for trial in many.trials:
        summary = alone(tmp_path, trial.experiment, str(trial.number)).summary
        result = many.results[trial.number]
        assert summary["metrics"]["val"]["loss"] == result.figures["val_loss"], trial.values
        assert summary["metrics"]["val"]["accuracy"] == result.figures["val_accuracy"]
        assert (summary["epochs_run"], summary["best_epoch"]) == (result.epochs, result.best_epoch)


def test_the_best_file_repeats_the_best_figure(many, tmp_path):
    summary = train(many.folder.best, out=tmp_path).summary
    best = min(many.results.values(), key=lambda one: one.figures["val_loss"])
    assert best.figures["val_loss"] == summary["metrics"]["val"]["loss"]
    assert many.folder.best.read_text().startswith(f"# Trial {best.trial} of ")


@pytest.mark.parametrize("text", [MANY, HALVING], ids=["many", "halving"])
def test_the_number_of_workers_changes_nothing(many, halved, tmp_path, text):
    assert rows(many if text == MANY else halved) == rows(run_sweep(tmp_path, text))


def test_an_interrupted_sweep_goes_on_and_ends_the_same(many, tmp_path):
    first = run_sweep(tmp_path, MANY, stop_after=1)
    done = set(first.results)
    assert 0 < len(done) < 30
    assert summarise(first, 0.0)["status"] == "interrupted"
    before = first.folder.journal.read_bytes()
    second = run_sweep(tmp_path, MANY)
    assert rows(many) == rows(second)
    assert second.folder.journal.read_bytes().startswith(before)
    assert not done & {trial for chunk in second.chunks for trial in chunk.trials}


def test_a_trial_whose_line_is_cut_off_is_trained_again(many, tmp_path):
    journal = copy_sweep(many, tmp_path)
    journal.write_bytes(journal.read_bytes()[:-20])
    again = run_sweep(tmp_path, MANY)
    assert sum(len(chunk.trials) for chunk in again.chunks) == 1
    assert rows(many) == rows(again)


def test_a_sweep_goes_on_with_the_data_that_it_was_begun_with(tmp_path):
    rows = "".join(f"{k % 7},{k % 5},{k % 2}\n" for k in range(40))
    (tmp_path / "t.csv").write_text(f"a,b,y\n{rows}")
    text = MANY.replace("'builtin:iris', test: 0.2", f"{tmp_path}/t.csv, target: y")
    first = run_sweep(tmp_path, text, stop_after=1)
    before = first.folder.journal.read_bytes()
    for changed, said in {
        "a,b,y\n" + rows.replace("6,1,0", "6,2,0"): "the inputs of training rows are different",
        "a,b,y,new\n" + rows.replace("\n", ",0\n"): 'column "new" is new',
    }.items():
        (tmp_path / "t.csv").write_text(changed)
        with pytest.raises(DataError) as caught:
            run_sweep(tmp_path, text)
        folder = tmp_path / "sweeps" / "many"
        way_out = "go on with the data as they were, or begin anew with --out"
        expected = f"data.source: {tmp_path}/t.csv has changed since {folder} was begun: {said}; {way_out}"
        assert expected == str(caught.value)
        assert before == first.folder.journal.read_bytes()


@pytest.mark.parametrize("text", [MANY, HALVING], ids=["many", "halving"])
def test_a_worker_that_dies_changes_no_result(many, halved, tmp_path, text):
    killed = []

    def kill(sweep, progress):
        if progress.new_results and not killed:
            killed.append(active_children()[0].pid)
            os.kill(killed[-1], signal.SIGKILL)

    sweep = run_sweep(tmp_path, text, jobs=2, watch=kill)
    assert killed
    assert rows(many if text == MANY else halved) == rows(sweep)


def test_a_worker_that_dies_at_its_start_is_replaced_a_limited_number_of_times():
    with ProcessPool(1) as pool:
        pool.workers[0].process.kill()
        message = next(message for _ in range(60) for _, message in pool.messages(1.0))
        assert isinstance(message, WorkerDied)
        pool.workers[0].process.kill()
        with pytest.raises(NettrainError, match="ended at its start"):
            next(message for _ in range(60) for _, message in pool.messages(1.0))


def test_a_longer_sweep_keeps_what_is_done(many, tmp_path):
    copy_sweep(many, tmp_path)
    longer = run_sweep(tmp_path, MANY, total=33)
    assert sum(len(chunk.trials) for chunk in longer.chunks) == 3
    assert rows(longer).startswith(rows(many))
    assert len(longer.results) == 33
    shorter = run_sweep(tmp_path, MANY, total=5)
    assert not shorter.chunks
    assert rows(longer) == rows(shorter)


def survivors(figures, rungs, eta):
    """The survivors of {trial: {epoch: loss}} under successive halving, and the last rung of each other trial."""
    left, gone = sorted(figures), {}
    for rung in rungs:
        ranked = sorted(left, key=lambda trial: (figures[trial].get(rung, float("inf")), trial))
        kept = ranked[: -(-len(left) // eta)]
        gone |= dict.fromkeys(set(left) - set(kept), rung)
        left = sorted(kept)
    return left, gone


def test_halving_prunes_the_trials_that_full_histories_imply(halved, tmp_path):
    """The oracle trains every trial to its end, alone, and reads its history."""
    for first, last in ((1, 8), (9, 16), (17, 20)):
        figures = {}
        for trial in halved.trials[first - 1 : last]:
            with open(alone(tmp_path, trial.experiment, str(trial.number)).folder / "history.csv") as f:
                losses = {int(row["epoch"]): row["val_loss"] for row in csv.DictReader(f)}
            finite = {epoch: float(loss) for epoch, loss in losses.items() if float(loss) < float("inf")}
            figures[trial.number] = finite
        left, gone = survivors(figures, (1, 2, 4, 8), 2)
        for number in figures:
            result = halved.results[number]
            if result.status == "diverged":
                continue
            assert (result.status, result.epochs) == (
                ("finished", 9) if number in left else ("pruned", gone[number])
            )
            assert result.figures["val_loss"] == figures[number][result.epochs]


def test_halving_resumed_after_an_interruption_prunes_the_same_trials(halved, tmp_path):
    first = run_sweep(tmp_path, HALVING, stop_after=5)
    assert 0 < len(first.results) < 20
    assert rows(halved) == rows(run_sweep(tmp_path, HALVING))


def test_a_bracket_in_which_most_trials_diverge_does_not_wait_for_ever(tmp_path):
    """Trials that diverged between two rungs survive when there are not enough others."""
    until = monotonic() + 60

    def in_time(sweep, progress):
        assert monotonic() < until, sorted({trial.number for trial in sweep.trials} - set(sweep.results))

    sweep = run_sweep(tmp_path, HALVING, total=40, watch=in_time)
    lost = Counter((number - 1) // 8 for number, one in sweep.results.items() if one.status == "diverged")
    assert max(lost.values()) > 4
    assert len(sweep.results) == 40


def test_a_trial_that_diverges_has_that_status_and_is_never_the_best(halved):
    status = Counter(result.status for result in halved.results.values())
    assert status["diverged"] > 0
    assert status["finished"] >= 3
    assert all(result.status != "diverged" for result in halved.best)


def chunk(*numbers):
    return TrialChunk(0, numbers, tuple((f"experiment {n}",) for n in numbers), None, "val_loss")  # type: ignore[arg-type]


def test_a_trial_whose_worker_dies_twice_fails_and_the_others_of_its_chunk_continue():
    scheduler = Scheduler(deque([chunk(1, 2, 3)]), {}, LOSS)
    worker = Worker()
    worker.busy = scheduler.next_task(worker).number
    scheduler.add_result(TrialResult(1, "finished", figures={"val_loss": 1.0}))
    assert scheduler.worker_died(worker, -9) == []
    assert [one.trials for one in scheduler.chunks] == [(3,), (2,)]
    worker.busy = scheduler.next_task(worker).number
    (failed,) = scheduler.worker_died(worker, -9)
    assert (3, "failed", "its process ended (exit code -9)") == (failed.trial, failed.status, failed.message)
    assert [one.trials for one in scheduler.chunks] == [(2,)]


def test_a_chunk_that_waits_in_a_dead_worker_starts_again_without_a_failed_attempt():
    scheduler = Scheduler(deque([chunk(1, 2), chunk(3)]), {}, LOSS)
    worker = Worker()
    worker.waiting.add(scheduler.next_task(worker).number)
    worker.busy = None
    scheduler.brackets = {}
    assert scheduler.worker_died(worker, 1) == []
    assert [one.trials for one in scheduler.chunks] == [(1, 2), (3,)]
    assert not scheduler.attempts


def test_trials_that_take_over_weights_are_tried_again_together_and_fail_together():
    scheduler = Scheduler(deque([replace(chunk(1, 2, 3), evolves=True)]), {}, LOSS)
    worker = Worker()
    worker.busy = scheduler.next_task(worker).number
    assert [] == scheduler.worker_died(worker, -9)
    assert [(1, 2, 3)] == [one.trials for one in scheduler.chunks]
    worker.busy = scheduler.next_task(worker).number
    failed = scheduler.worker_died(worker, -9)
    assert [(k, "failed", "its process ended (exit code -9)") for k in (1, 2, 3)] == [
        (one.trial, one.status, one.message) for one in failed
    ]
    assert not scheduler.chunks


def test_a_worker_that_is_lost_when_idle_has_nothing_that_begins_again_but_what_waits():
    scheduler = Scheduler(deque([chunk(1), chunk(2)]), {}, LOSS)
    worker = Worker()
    worker.waiting |= {scheduler.next_task(worker).number, scheduler.next_task(worker).number}
    scheduler.add_result(TrialResult(1, "finished", figures={"val_loss": 1.0}))
    assert [] == scheduler.worker_lost(worker, WorkerLost("tcp://somewhere", expected=False))
    assert [(2,)] == [one.trials for one in scheduler.chunks]
    assert not scheduler.losses


def test_a_second_sweep_in_the_folder_is_refused(tmp_path):
    path = write_experiment(tmp_path, MANY)
    with open_sweep(load(path), tmp_path, total=2, workers=1):
        held = r"in use by process \d+"
        with pytest.raises(SpecError, match=held), open_sweep(load(path), tmp_path, total=2, workers=1):
            pass


def test_another_search_in_the_folder_is_refused_naming_the_differences(many, tmp_path):
    copy_sweep(many, tmp_path)
    other = MANY.replace("epochs: 4", "epochs: 5").replace("max: 0.99", "max: 0.9")
    with pytest.raises(SpecError) as caught:
        run_sweep(tmp_path, other)
    folder = tmp_path / "sweeps" / "many"
    assert list(caught.value.problems) == [
        f"{folder}: was begun with training.epochs 4, now training.epochs 5",
        f"{folder}: was begun with parameters.optimizer.momentum.max 0.99, now parameters.optimizer.momentum.max 0.9",
        f"{folder}: go on with the file as it was, or begin anew with --out",
    ]


def test_a_folder_without_a_journal_is_refused(tmp_path):
    (tmp_path / "sweeps" / "many").mkdir(parents=True)
    (tmp_path / "sweeps" / "many" / "notes.txt").touch()
    with pytest.raises(
        SpecError, match=r"many: holds notes.txt but no journal.jsonl, so it is not the folder of a sweep"
    ):
        run_sweep(tmp_path, MANY)


REFUSED = [
    (
        "training.batch_size: {values: [16, 200]}",
        SpecError,
        "training.batch_size: 200 is more than the 105 training rows",
    ),
    ("loss: {values: [cross_entropy, mae]}", SpecError, "loss: mae is not for classes"),
    (
        "schedule.warmup: {values: [1, 90]}",
        SpecError,
        "schedule.warmup: 90 epochs of warmup do not fit into 60",
    ),
]


@pytest.mark.parametrize(
    ("line", "kind", "message"), REFUSED, ids=[line.partition(":")[0] for line, *_ in REFUSED]
)
def test_values_that_do_not_fit_the_data_are_refused_before_the_first_trial(tmp_path, line, kind, message):
    text = f"""experiment: refused
data: {{source: 'builtin:iris', test: 0.175}}
sweep:
  trials: 9
  parameters:
    {line}
"""
    with pytest.raises(kind) as caught:
        run_sweep(tmp_path, text)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{tmp_path}/sweep.yaml:6: {message}")
    assert first.endswith(")")
    assert not (tmp_path / "sweeps" / "refused").exists()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("val_los", 'sweep.metric.name: unknown "val_los", did you mean "val_loss"?'),
        ("test_loss", 'sweep.metric.name: unknown "test_loss", test rows are for the run of the best'),
        ("val_rmse", 'sweep.metric.name: unknown "val_rmse"'),
    ],
)
def test_a_metric_that_the_trials_will_not_have_is_refused(tmp_path, metric, message):
    text = MANY.replace("  trials: 30", f"  trials: 2\n  metric: {{name: {metric}}}")
    with pytest.raises(SpecError) as caught:
        run_sweep(tmp_path, text)
    assert message in str(caught.value)


def test_a_metric_of_validation_rows_needs_some(tmp_path):
    text = MANY.replace("test: 0.2}", "test: 0.2, validation: 0}").replace(
        "{values: [null, {patience: 2}]}", "{value: null}"
    )
    with pytest.raises(SpecError) as caught:
        run_sweep(tmp_path, text)
    assert 'sweep.metric.name: "val_loss" needs validation rows, but there are none' in str(caught.value)


def test_hyperband_is_said_to_be_successive_halving(tmp_path):
    path = write_experiment(tmp_path, HALVING.replace("successive_halving", "hyperband"))
    with open_sweep(load(path), tmp_path / "sweeps", total=2, workers=1) as sweep:
        assert "early_terminate: hyperband is run as successive_halving" in sweep.notes


def test_tables_with_a_summary_that_was_changed_are_written_anew(many, tmp_path):
    files = SweepFolder(copy_sweep(many, tmp_path).parent)
    assert is_written(replace(many, folder=files))
    summary = files.summary.read_text()
    files.summary.write_text(summary.replace('"goal"', '"gaol"', 1))
    assert not is_written(replace(many, folder=files))


def test_the_goal_defaults_to_the_metrics_better_direction(tmp_path):
    text = MANY.replace("  trials: 30", "  trials: 6\n  metric: {name: val_macro_f1}")
    sweep = run_sweep(tmp_path, text)
    figures = [result.figures["val_macro_f1"] for result in sweep.best]
    assert figures == sorted(figures, reverse=True)
    summary = alone(tmp_path, sweep.trials[sweep.best[0].trial - 1].experiment, "best").summary
    assert summary["metrics"]["val"]["macro_f1"] == figures[0]


WEIGHTED = """experiment: weighted
data: {source: 'builtin:iris', class_weights: {Iris-setosa: 3}}
training: {epochs: 3, batch_size: 16, evaluate_train: all}
sweep:
  metric: {name: train_loss}
  parameters: {optimizer.learning_rate: {values: [0.1, 0.01]}}
"""
COUNTS = """experiment: counts
data: {source: FOLDER/counts.csv, target: count, target_kind: numbers}
training: {epochs: 3, batch_size: 16}
sweep:
  method: grid
  parameters: {loss: {values: [poisson, mse]}}
"""


@pytest.mark.parametrize("text", [WEIGHTED, COUNTS], ids=["class weights", "counts"])
def test_figures_are_those_of_own_runs_whatever_the_data_are_prepared_for(tmp_path, text):
    """Classes weigh in the steps alone; a loss of counts needs targets that are not scaled."""
    lines = [f"{k % 7},{k % 5}" for k in range(90)]
    (tmp_path / "counts.csv").write_text("\n".join(["x,count", *lines]))
    sweep = run_sweep(tmp_path, text.replace("FOLDER", str(tmp_path)), total=2)
    split, _, name = sweep.goal.metric.partition("_")
    for trial in sweep.trials:
        own = alone(tmp_path, trial.experiment, str(trial.number)).summary
        assert own["metrics"][split][name] == sweep.results[trial.number].figures[sweep.goal.metric]


def test_workers_map_one_copy_of_the_data(tmp_path):
    with open_sweep(load(write_experiment(tmp_path, MANY)), tmp_path, total=30, workers=2) as sweep:
        paths = {chunk.data.path for chunk in sweep.chunks}
        assert len(paths) == 8  # two scalings and four seeds, which split the rows
        assert paths == set(sweep.folder.data.iterdir())
    assert not sweep.folder.data.exists()


def test_many_different_data_need_few_open_files(tmp_path):
    """Every seed makes its own splits of the rows; no worker may keep the files of all of them open."""
    text = MANY.replace("{distribution: int_uniform, min: 0, max: 3}", "{min: 0, max: 1000000}")
    kinds = [resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, kinds[1][1]))
    try:
        sweep = run_sweep(tmp_path, text)
    finally:
        resource.setrlimit(*kinds)
    assert {result.status for result in sweep.results.values()} == {"finished"}


def test_workers_start_with_one_thread_for_libraries_and_this_process_keeps_its_own(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with _single_threaded():
        assert {"1"} == {os.environ[name] for name in THREADS}
    assert ("3", None) == tuple(os.environ.get(name) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"))
