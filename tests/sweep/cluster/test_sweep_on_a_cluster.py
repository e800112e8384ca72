"""A sweep on a cluster ends with the bits of one on this machine, whoever is killed meanwhile."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from functools import partial

import pytest
from clusters.running import PATIENCE, ROOT, dask_cluster, wait_for_workers, wait_until
from kills.searches import METHODS, NAME, Ended, Place, experiment, search

from nettrain.errors import NettrainError
from nettrain.experiment.load import load
from nettrain.sweep.cluster import connection
from nettrain.sweep.cluster.cluster_pool import ClusterPool
from nettrain.sweep.cluster.connection import open_cluster
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.summary import write_results
from nettrain.workflow.sweep import sweep
from tests.sweep.sweeping import HALVING, MANY, rows, run_sweep, write_experiment

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.network

FOLDS = """
experiment: folds
data: {source: FOLDER/rows.csv, target: class, folds: 3, validation: 0}
training: {epochs: 4, batch_size: 16}
sweep:
  trials: 10
  early_terminate: {type: successive_halving, min_iter: 1, eta: 2, bracket: 5}
  parameters: {optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-3, max: 1.0e-1}}
"""
LONG = MANY.replace("epochs: 4", "epochs: 40").replace(
    "early_stopping: {values: [null, {patience: 2}]}", "clip_norm: {values: [null, 1]}"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with dask_cluster(tmp_path_factory.mktemp("cluster"), 4) as running:
        yield running


def run_on(cluster, folder, text, *, most=None, watch=lambda client, progress: None):
    """A sweep that has run on the cluster to its end."""
    with (
        open_cluster(cluster.address) as connected,
        open_sweep(
            load(write_experiment(folder, text)),
            folder / "sweeps",
            total=None,
            workers=most,
            cluster=connected,
        ) as sweep,
    ):
        for progress in sweep.run(lambda: False):
            watch(connected.client, progress)
        write_results(sweep, 0.0)
        return sweep


def journal(sweep):
    """The lines of its journal in the order of trials, without times and without what trained beside them."""
    entries = [json.loads(line) for line in sweep.folder.journal.read_text().splitlines()]
    for entry in entries:
        entry.pop("seconds", None)
        entry.pop("members", None)
        entry.pop("digest")
    return sorted(entries, key=lambda entry: (entry["kind"], entry.get("trial", 0)))


def tasks_of(scheduler_address):
    """How many tasks the scheduler knows, and how many train."""
    with distributed.Client(scheduler_address, set_as_default=False) as client:
        return client.run_on_scheduler(
            lambda dask_scheduler: (
                len(dask_scheduler.tasks),
                sum(len(worker.processing) for worker in dask_scheduler.workers.values()),
            )
        )


@pytest.mark.parametrize("text", [MANY, HALVING], ids=["many", "halving"])
def test_a_cluster_changes_no_bit(cluster, tmp_path, text):
    (tmp_path / "here").mkdir()
    here = run_sweep(tmp_path / "here", text, jobs=2)
    for most in (2, 4):
        folder = tmp_path / str(most)
        folder.mkdir()
        there = run_on(cluster, folder, text, most=most)
        assert rows(here) == rows(there)
        assert journal(here) == journal(there)
    assert (0, 0) == tasks_of(cluster.address)


def test_folds_of_a_file_that_only_this_side_has(cluster, tmp_path):
    lines = [f"{k % 13},{k * 7 % 11},{'ab'[k * k % 5 > 1]}" for k in range(120)]
    (tmp_path / "rows.csv").write_text("\n".join(["u,v,class", *lines]))
    text = FOLDS.replace("FOLDER", str(tmp_path))
    here = run_sweep(tmp_path, text)
    shutil.rmtree(tmp_path / "sweeps")
    hidden = tmp_path / "hidden"

    def hide(client, progress):
        if not hidden.exists():
            (tmp_path / "rows.csv").rename(hidden)

    there = run_on(cluster, tmp_path, text, watch=hide)
    assert hidden.exists()
    assert rows(here) == rows(there)
    assert {3} == {len(result.folds) for result in there.results.values()}


def kill_one_at_work(monkeypatch, cluster, task):
    """Kill the worker that is sent the task with this number, from 1; returns whom, once it has happened.

    A moment that is counted in events may never come: a fast machine trains everything between two of them.
    """
    wait_for_workers(cluster, 4)
    with distributed.Client(cluster.address, set_as_default=False) as client:
        processes = client.run(os.getpid)
    send, sent, killed = ClusterPool.send, [], []

    def send_and_kill(pool, worker, given):
        send(pool, worker, given)
        sent.append(given)
        if len(sent) == task:
            killed.append(worker.address)
            os.kill(processes[worker.address], signal.SIGKILL)

    monkeypatch.setattr(ClusterPool, "send", send_and_kill)
    return killed


@pytest.mark.parametrize("text", [LONG, HALVING], ids=["long", "halving"])
def test_a_worker_that_is_killed_changes_no_result(cluster, tmp_path, monkeypatch, text):
    (tmp_path / "here").mkdir()
    here = run_sweep(tmp_path / "here", text, jobs=2)
    killed = kill_one_at_work(monkeypatch, cluster, 3)
    there = run_on(cluster, tmp_path, text)
    assert killed
    assert rows(here) == rows(there)
    wait_for_workers(cluster, 4)


@pytest.mark.parametrize("method", METHODS)
def test_a_worker_that_is_killed_changes_nothing_of_any_method(cluster, tmp_path, monkeypatch, method):
    """The same tables and the same figures in the journal as in one process, whichever worker is killed."""
    if method == "bayes":
        pytest.importorskip("optuna")
    file = write_experiment(tmp_path, experiment(method, 18, 16))
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    here = sweep(file, folder="searched", jobs=1)
    wanted = Ended.read(here.folder)
    monkeypatch.chdir(tmp_path / "there")  # best.yaml names its folder
    killed = kill_one_at_work(monkeypatch, cluster, random.Random(method).randint(1, 2))
    there = sweep(file, folder="searched", cluster=cluster.address, jobs=3)
    assert killed
    assert [] == wanted.differences(Ended.read(there.folder))
    assert here.trials.equals(there.trials)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("method", METHODS)
def test_kills_of_all_kinds_change_nothing_of_any_method(cluster, tmp_path, method, workers):
    """`scripts/torture --searches` kills more often."""
    if method == "bayes":
        pytest.importorskip("optuna")
    text, moments = experiment(method, 450, 24), random.Random(f"{method} {workers}")
    search(tmp_path / "undisturbed", text, Place(1))
    wanted = Ended.read(tmp_path / "undisturbed" / "sweeps" / NAME)
    for place in (Place(workers), Place(workers, cluster.address, cluster.workers)):
        folder = tmp_path / str(place)
        search(folder, text, place, moments, 2)
        assert [] == wanted.differences(Ended.read(folder / "sweeps" / NAME))


def command(cluster, folder, *options):
    """`nettrain sweep` on the cluster, as a process."""
    arguments = ["sweep", "sweep.yaml", "--cluster", cluster.address, "--quiet", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "nettrain", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "how",
    [
        pytest.param(signal.SIGKILL, id="kill -9"),
        pytest.param(signal.SIGINT, id="Ctrl-C", marks=pytest.mark.slow),
    ],
)
def test_the_side_that_asks_is_killed_and_goes_on(cluster, tmp_path, how):
    (tmp_path / "here").mkdir()
    here = run_sweep(tmp_path / "here", LONG, jobs=2)
    write_experiment(tmp_path, LONG)
    file = tmp_path / "sweeps" / "many" / "journal.jsonl"
    process = command(cluster, tmp_path)
    wait_until(lambda: process.poll() is not None or (file.is_file() and '"trial"' in file.read_text()))
    process.send_signal(how)
    _, errors = process.communicate()
    assert ({signal.SIGKILL: -9, signal.SIGINT: 130}[how], how == signal.SIGINT) == (
        process.returncode,
        errors.startswith("interrupted; go on with: nettrain sweep"),
    )
    before = file.read_bytes()
    wait_until(lambda: (0, 0) == tasks_of(cluster.address))  # those of a dead client are forgotten
    wait_until(partial(are_idle, cluster.address))
    again = command(cluster, tmp_path)
    _, errors = again.communicate()
    assert (0, "") == (again.returncode, errors.replace(taken_over(process.pid), ""))
    assert file.read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    assert rows(here) == (file.parent / "trials.csv").read_text()


def test_a_scheduler_that_goes_ends_the_sweep_with_one_line(tmp_path):
    (tmp_path / "dask").mkdir()
    write_experiment(tmp_path, LONG)
    with dask_cluster(tmp_path / "dask", 1) as cluster:
        process = command(cluster, tmp_path)
        wait_until(lambda: process.poll() is not None or tasks_of(cluster.address)[1] > 0)
        cluster.processes[0].kill()
        _, errors = process.communicate(timeout=PATIENCE)
    gone = f"cluster {cluster.address}: its scheduler has gone; the same command goes on\n"
    assert (1, gone) == (process.returncode, errors)


def taken_over(pid):
    return f"sweeps/many: process {pid} ended without letting go of it; taken over\n"


def are_idle(address):
    """Whether no worker trains, also not for somebody who has gone."""
    with distributed.Client(address, set_as_default=False) as client:
        found = client.run(lambda dask_worker: dask_worker.state.executing_count)
    return not any(found.values())


def test_workers_of_other_versions_are_refused_by_name_and_late_ones_are_not_used(tmp_path):
    other = tmp_path / "other"
    (other / "numba-0.1.dist-info").mkdir(parents=True)
    metadata = "Metadata-Version: 2.1\nName: numba\nVersion: 0.1\n"
    (other / "numba-0.1.dist-info" / "METADATA").write_text(metadata)
    with dask_cluster(tmp_path, 0) as cluster:
        with open_cluster(cluster.scheduler_file) as connected, ClusterPool(connected) as pool:
            assert [] == pool.workers
            cluster.add_workers(1, path=f"{other}{os.pathsep}{ROOT}")
            notes = list[str]()

            def is_noted():
                assert [] == list(pool.messages(0.1))
                notes.extend(pool.take_notes())
                return notes

            wait_until(is_noted)
            assert [] == pool.workers
        line = r"numba is \S+ here but 0.1 on tcp://127.0.0.1:\d+"
        assert re.fullmatch(f"not used: {line}", notes[0])
        assert 1 == len(notes)
        with pytest.raises(NettrainError) as caught, open_cluster(cluster.address):
            pass
        assert re.fullmatch(f"cluster {cluster.address}: {line}", str(caught.value))


def test_no_scheduler_answers(monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    answers = r"cluster tcp://127.0.0.1:9: no scheduler answers: [^\n]*"
    with pytest.raises(NettrainError) as caught, open_cluster("127.0.0.1:9"):
        pass
    assert re.fullmatch(answers, str(caught.value))
