"""Threads that share out calls: each call once, group after group, whoever else wants them."""

import multiprocessing
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from nettrain.backend.base import Array
from nettrain.backend.kernel import kernel, prange
from nettrain.backend.native_replay import NativeReplay, machine_calls
from nettrain.backend.numpy import NumpyBackend
from nettrain.backend.worker_threads import OFFERS, worker_threads


@kernel
def step_on(out: Array, k: int, before: Array) -> None:
    """out[k] = the largest of `before`, plus 1."""
    for _ in prange(1):
        largest = before[0]
        for i in range(before.size):
            largest = max(largest, before[i])
        out[k] = largest + 1


def groups_of(*lists):
    """Groups from lists of calls, each of which is a share."""
    return [[share for call in calls for group in machine_calls(call) for share in group] for calls in lists]


def relay(threads, members=6, groups=5):
    """Groups of which every call reads all results of the group before; its results, and the replay."""
    backend = NumpyBackend("float64")
    rows = np.zeros((groups + 1, members))
    lists = [
        [backend.launch(step_on, 1, rows[g + 1], k, rows[g]) for k in range(members)] for g in range(groups)
    ]
    lists.append([backend.launch(step_on, 1, rows[0], k, rows[groups]) for k in range(members)])
    return rows, NativeReplay(
        [call for calls in lists for call in calls], groups_of(*lists), worker_threads(threads)
    )


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_a_group_begins_when_all_calls_of_the_one_before_have_ended(threads):
    rows, replay = relay(threads)
    replay.repeat(3000)
    # 6 groups a time, and the first row is written last
    assert rows.tolist() == [[18000.0] * 6, *([17994.0 + g] * 6 for g in range(1, 6))]


def test_several_threads_of_python_may_share_the_workers():
    relays = [relay(2) for _ in range(4)]
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(lambda pair: pair[1].repeat(500), relays))
    assert [rows[0].tolist() for rows, _ in relays] == [[3000.0] * 6] * 4


def test_workers_are_those_of_a_process():
    assert worker_threads(3) is worker_threads(3)
    assert worker_threads(3) is not worker_threads(2)


def test_waiting_workers_sleep():
    _, replay = relay(4)
    replay.repeat(10)
    time.sleep(0.3)  # much longer than they offer their processor
    before, started = time.process_time(), time.perf_counter()
    time.sleep(0.5)
    assert time.process_time() - before < 0.1 * (time.perf_counter() - started)


def results_in_a_child(connection, rows, replay):
    replay.repeat(200)
    connection.send(rows.tolist())
    os._exit(0)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_after_a_fork_the_child_makes_all_calls_itself():
    rows, replay = relay(2)
    replay.repeat(100)
    expected, wanted = relay(1)
    wanted.repeat(300)
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    child = context.Process(target=results_in_a_child, args=(theirs, rows, replay))
    child.start()
    assert ours.poll(20)
    assert ours.recv() == expected.tolist()
    child.join(20)
    replay.repeat(200)
    assert rows.tolist() == expected.tolist()


def test_a_thread_that_waits_longer_than_it_is_patient_is_woken():
    rows, replay = relay(2)
    for _ in range(5):
        replay()
        time.sleep(0.002 * OFFERS / 500)
    assert rows[0].tolist() == [30.0] * 6
