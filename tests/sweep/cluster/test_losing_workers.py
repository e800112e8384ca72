"""What a sweep does about workers of a cluster that leave, and about what it cannot connect to."""

import pickle
import sys
from collections import deque

import numpy as np
import pytest

from nettrain.errors import NettrainError, SpecError
from nettrain.sweep.cluster.connection import open_cluster
from nettrain.sweep.cluster.sent_data import SentData
from nettrain.sweep.cluster.tasks import Stage
from nettrain.sweep.cluster.versions import Machine, differences
from nettrain.sweep.messages import RungReached, TrialChunk
from nettrain.sweep.ranking import Goal
from nettrain.sweep.scheduler import LOSSES, Scheduler
from nettrain.sweep.worker_pool import Worker, WorkerLost
from nettrain.workflow.sweep import cluster_for


def started(scheduler):
    """A worker that has begun the next chunk."""
    worker = Worker()
    worker.busy = scheduler.next_task(worker).number
    return worker


@pytest.fixture
def scheduler():
    chunk = TrialChunk(0, (1, 2), (("a",), ("b",)), None, "val_loss")  # type: ignore[arg-type]
    return Scheduler(deque([chunk]), {}, Goal("val_loss", maximize=False))


def test_a_cluster_that_shrinks_never_fails_a_trial(scheduler):
    for _ in range(20):
        assert [] == scheduler.worker_lost(started(scheduler), WorkerLost("tcp://a:1", expected=True))
        assert [(1, 2)] == [chunk.trials for chunk in scheduler.chunks]


def test_a_trial_that_kills_its_workers_fails_alone(scheduler):
    lost = WorkerLost("tcp://a:1", expected=False)
    for _ in range(LOSSES - 1):
        assert [] == scheduler.worker_lost(started(scheduler), lost)
        assert [(1, 2)] == [chunk.trials for chunk in scheduler.chunks]
    assert [] == scheduler.worker_lost(started(scheduler), lost)
    assert [(2,), (1,)] == [chunk.trials for chunk in scheduler.chunks]
    (failed,) = scheduler.worker_lost(started(scheduler), lost)
    message = "its worker tcp://a:1 was lost: killed, or out of memory"
    assert (2, "failed", message) == (failed.trial, failed.status, failed.message)
    assert [(1,)] == [chunk.trials for chunk in scheduler.chunks]


def test_data_that_arrive_damaged_are_refused():
    content = np.arange(100, dtype=np.uint8)
    data = SentData(content, (), "of something else")
    with pytest.raises(NettrainError, match="another fingerprint"):
        pickle.loads(pickle.dumps(data)).prepared()


def test_a_segment_travels_without_its_training():
    stage = Stage([RungReached(1, 2, {3: 0.5})], object())  # type: ignore[arg-type]
    there = pickle.loads(pickle.dumps(stage))
    assert (stage.messages, None) == (there.messages, there.training)


def test_versions_that_differ_are_named_with_the_machines():
    here = {"numpy": "2.4.6", "numba": "0.68.1"}
    machines = [Machine(f"tcp://{k}", {"numpy": "2.4.6", "numba": "0.61.0"}) for k in "abcde"]
    found = differences([Machine("tcp://z", here), *machines], here)
    assert ("numba is 0.68.1 here but 0.61.0 on tcp://a, tcp://b, tcp://c and 2 more",) == found.lines
    assert {machine.address for machine in machines} == found.addresses


def test_without_dask_one_line_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(SpecError, match=r"^--cluster: sweeps .* pip install 'nettrain\[dask\]' .*$"),
        open_cluster("a:1"),
    ):
        pass


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cluster": "a:1", "scheduler_file": "f.json"}, "--scheduler-file does not go with --cluster"),
        ({"cluster": "a:1", "tensorboard": "logs"}, "--tensorboard does not go with a cluster"),
    ],
)
def test_options_that_contradict_are_refused(options, message):
    with pytest.raises(SpecError, match=message), cluster_for(**options):
        pass


@pytest.mark.parametrize("where", ["nowhere", "local:x", 3, "missing.json"])
def test_what_is_no_cluster_is_refused(where):
    pytest.importorskip("distributed")
    with pytest.raises(SpecError, match=r"^--(cluster|scheduler-file): .*$"), open_cluster(where):
        pass
