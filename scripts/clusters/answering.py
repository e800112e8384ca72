"""Real schedulers and workers that answer instead of training: what a chunk costs on the way.

Workers are started as threads of a few processes, as many as a machine can hold, each a full worker of Dask.
"""

import asyncio
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np

from clusters.simulation import SPEC, answer
from nettrain.experiment.load import load
from nettrain.sweep.cluster.cluster_pool import ClusterPool
from nettrain.sweep.cluster.connection import Cluster, open_cluster
from nettrain.sweep.cluster.sent_data import SentData
from nettrain.sweep.cluster.tasks import Order, Stage
from nettrain.sweep.loop import train_chunks
from nettrain.sweep.opening import open_sweep
from nettrain.sweep.process_pool import ProcessPool
from nettrain.sweep.sweep import Sweep

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
TINY = """
experiment: tiny
data: {source: 'builtin:iris'}
model: {hidden: [8]}
training: {epochs: 1, batch_size: 64}
sweep:
  parameters: {optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}}
"""


def answer_stage(packed: bytes, given: SentData, seconds: float) -> Stage:
    """Wait for a drawn time, and answer for a chunk."""
    order: Order = pickle.loads(packed)
    rng = np.random.default_rng(order.task.number)
    sleep(seconds * rng.uniform(0.5, 1.5))
    return Stage([answer(order.task, rng)])  # type: ignore[arg-type]


def answering_pool(cluster: Cluster, wait: float) -> ClusterPool:
    """A cluster whose workers answer after `wait` seconds, more or less."""
    pool = ClusterPool(cluster)
    pool.train = partial(answer_stage, seconds=wait)  # type: ignore[method-assign, assignment]
    return pool


def host_workers(address: str, count: int) -> None:
    """Be so many workers, until the scheduler goes."""
    from distributed import Worker

    async def run() -> None:
        options = {"nthreads": 1, "dashboard": False, "memory_limit": 0}
        workers = [Worker(address, name=f"{os.getpid()}-{k}", **options) for k in range(count)]
        await asyncio.gather(*workers)
        await asyncio.gather(*(worker.finished() for worker in workers))

    asyncio.run(run())


@contextmanager
def hosted(folder: Path, workers: int, processes: int) -> Iterator[Cluster]:
    """A scheduler with so many workers in so many processes."""
    with ExitStack() as stack:
        file = folder / "scheduler.json"
        options = ["--scheduler-file", str(file), "--no-dashboard", "--port", "0", "--host", "127.0.0.1"]
        _start(stack, ["-m", "distributed.cli.dask_scheduler", *options])
        while not file.is_file():
            sleep(0.1)
        address = json.loads(file.read_text())["address"]
        for _ in range(processes):
            code = f"host_workers({address!r}, {workers // processes})"
            _start(stack, ["-c", f"from clusters.answering import host_workers; {code}"])
        from distributed import Client

        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=600)
        yield stack.enter_context(open_cluster(address))


def _start(stack: ExitStack, arguments: list[str]) -> None:
    process = subprocess.Popen([sys.executable, *arguments], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)


def answered(folder: Path, trials: int, workers: int, processes: int, wait: float) -> dict[str, Any]:
    """A sweep over real workers that answer after `wait` seconds."""
    path = folder / "answering.yaml"
    path.write_text(SPEC)
    with (
        hosted(folder, workers, processes) as cluster,
        open_sweep(load(path), folder, total=trials, workers=None, cluster=cluster) as sweep,
        answering_pool(cluster, wait) as pool,
    ):
        began, busy = perf_counter(), process_time()
        for _ in sweep.train_in(pool, lambda: False):
            pass
        seconds, chunks = perf_counter() - began, len(sweep.chunks)
        return {
            "workers": workers,
            "chunks": chunks,
            "seconds": seconds,
            "at_best_s": chunks * wait / workers,
            "chunks_per_s": chunks / seconds,
            "cpu_ms_per_chunk": 1e3 * (process_time() - busy) / chunks,
        }


def overhead(folder: Path, chunks: int, rounds: int) -> dict[str, float]:
    """Milliseconds that a tiny chunk takes in a process of our own, and on a cluster of one worker."""
    path = folder / "tiny.yaml"
    path.write_text(TINY)
    spent: dict[str, list[float]] = {"processes": [], "cluster": []}
    with (
        open_cluster("local:1") as cluster,
        open_sweep(load(path), folder, total=8 * chunks, workers=chunks) as sweep,
        ProcessPool(1) as processes,
    ):
        for _ in range(rounds + 1):  # the first warms up
            spent["processes"].append(_timed(sweep, processes))
            with ClusterPool(cluster) as pool:
                spent["cluster"].append(_timed(sweep, pool))
    return {name: median(times[1:]) for name, times in spent.items()}


def _timed(sweep: Sweep, pool: Any) -> float:
    """Milliseconds a chunk."""
    began = perf_counter()
    for _ in train_chunks(sweep.chunks, [], [], goal=sweep.goal, pool=pool, interrupted=lambda: False):
        pass
    return 1e3 * (perf_counter() - began) / len(sweep.chunks)
