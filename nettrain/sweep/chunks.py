"""From jobs to chunks: jobs of one key train together, as many as fit the caches or a GPU."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol, TypeVar

from nettrain.sweep.evolution import EvolvingBracket
from nettrain.sweep.halving import Bracket
from nettrain.sweep.jobs import TrialJob
from nettrain.sweep.messages import TrialChunk

CACHE = 12 << 20  # bytes of a population's arrays, beyond which more members gain nothing
FEWEST, MOST = 8, 64  # members of a chunk that is sized for the caches
MOST_ON_DEVICE = 1024  # members of a chunk on a GPU, which far fewer keep busy
SHARE = 0.5  # of a device's free memory that a chunk may take, by estimate
PLENTY = 32  # members that share the calls of a step so well that more of them gain little
ROUNDS = 2  # chunks of a large group for each worker, so that none waits long for the last one


class Sized(Protocol):
    """One network that is to be trained or several, with the memory that they take, by estimate."""

    @property
    def bytes(self) -> int: ...


J = TypeVar("J", bound=Sized)


class Sizing(Protocol):
    """How jobs that can train together are divided into chunks.

    Each job is so many `networks`, which train in so many `populations` beside those of the other jobs.
    """

    def split(self, jobs: Sequence[J], networks: int = 1, populations: int = 1) -> list[list[J]]: ...


@dataclass(frozen=True)
class CacheSizing:
    """Chunks of equal size that fit the caches and give every worker the same number of them.

    They have at least `fewest` networks, also of those that are larger than the caches.
    """

    workers: int
    fewest: int = FEWEST

    def split(self, jobs: Sequence[J], networks: int = 1, populations: int = 1) -> list[list[J]]:
        together = math.ceil(networks / populations)  # in a population, which are trained in turn
        fewest, most, plenty = (math.ceil(count / together) for count in (self.fewest, MOST, PLENTY))
        fitting = min(max(CACHE * populations // jobs[0].bytes, fewest), most)
        one_round = math.ceil(len(jobs) / self.workers)
        all_rounds = math.ceil(len(jobs) / (self.workers * ROUNDS))
        share = max(min(one_round, max(all_rounds, plenty)), fewest)
        count = math.ceil(len(jobs) / min(fitting, share))
        if count > self.workers:
            count = math.ceil(count / self.workers) * self.workers
        return _split_evenly(jobs, min(count, len(jobs)))


@dataclass(frozen=True)
class DeviceSizing:
    """As few chunks of equal size as fit the free memory of a GPU (bytes) and give every worker one."""

    workers: int
    memory: int

    def split(self, jobs: Sequence[J], networks: int = 1, populations: int = 1) -> list[list[J]]:
        fitting = max(min(int(SHARE * self.memory) // jobs[0].bytes, MOST_ON_DEVICE // networks), 1)
        one_round = math.ceil(len(jobs) / self.workers)
        return _split_evenly(jobs, math.ceil(len(jobs) / min(fitting, one_round)))


def make_chunks(
    jobs: Sequence[TrialJob], sizing: Sizing, metric: str, rungs: tuple[int, ...] = ()
) -> list[TrialChunk]:
    """Chunks of these jobs, those with the most work first, so that the last ones are short."""
    groups: dict[str, list[TrialJob]] = {}
    for job in jobs:
        groups.setdefault(job.key, []).append(job)
    chunks = [
        _chunk(some, metric, rungs)
        for group in groups.values()
        for some in sizing.split(group, group[0].networks, len(group[0].populations))
    ]
    return sorted(chunks, key=lambda chunk: (-chunk.cost, chunk.trials))


def chunks_of(
    jobs: Sequence[TrialJob], brackets: Sequence[Bracket], sizing: Sizing, metric: str
) -> list[TrialChunk]:
    """Chunks of all jobs; no chunk has trials of two brackets."""
    chunks = []
    for bracket in brackets:
        some = [job for job in jobs if job.trial in bracket.trials]
        if not isinstance(bracket, EvolvingBracket):
            chunks += make_chunks(some, sizing, metric, bracket.rungs)
        elif some:
            chunks.append(replace(_chunk(some, metric, bracket.rungs), evolves=True))
    compared = {trial for bracket in brackets for trial in bracket.trials}
    return chunks + make_chunks([job for job in jobs if job.trial not in compared], sizing, metric)


def _chunk(jobs: Sequence[TrialJob], metric: str, rungs: tuple[int, ...]) -> TrialChunk:
    return TrialChunk(
        0,
        tuple(job.trial for job in jobs),
        tuple(job.experiments for job in jobs),
        jobs[0].data,
        metric,
        rungs,
        sum(job.cost for job in jobs),
        jobs[0].populations,
    )


def _split_evenly(jobs: Sequence[J], count: int) -> list[list[J]]:
    bounds = [round(k * len(jobs) / count) for k in range(count + 1)]
    return [list(jobs[start:stop]) for start, stop in pairwise(bounds)]
