"""How jobs of one group are divided into chunks: evenly over the workers, small enough for the caches."""

import pytest

from nettrain.sweep.chunks import CACHE, MOST_ON_DEVICE, SHARE, CacheSizing, DeviceSizing
from nettrain.sweep.jobs import TrialJob


def jobs(count, size):
    return [TrialJob(trial, (None,), None, 1.0, size, key="") for trial in range(1, count + 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "size", "workers", "expected"),
    [
        (64, CACHE // 40, 2, [32, 32]),  # one round
        (256, CACHE // 40, 2, [32] * 8),
        (100, CACHE // 10, 2, [10] * 10),  # what the caches take
        (90, CACHE // 10, 2, [9] * 10),  # ten equal chunks rather than nine uneven ones
        (5, CACHE // 40, 2, [5]),  # too few to divide
        (20, CACHE // 40, 2, [10, 10]),
        (1000, 1, 2, [62, 63] * 8),  # tiny jobs: no more than MOST together
        (16, 10 * CACHE, 2, [8, 8]),  # too large for any cache, but they still share their calls
    ],
)
def test_chunks_are_even_and_every_worker_gets_the_same_number(count, size, workers, expected):
    chunks = CacheSizing(workers).split(jobs(count, size))
    assert sorted(map(len, chunks)) == sorted(expected)
    assert [job.trial for chunk in chunks for job in chunk] == list(range(1, count + 1))


@pytest.mark.parametrize(
    ("count", "folds", "populations", "expected"),
    [
        (64, 1, 1, [32, 32]),
        (64, 4, 1, [16] * 4),  # no more than MOST networks together
        (4, 5, 1, [2, 2]),  # ten networks are enough for a population
        (3, 50, 1, [1, 1, 1]),  # a trial is never parted
        (64, 4, 4, [32, 32]),  # each fold in a population of its own
        (64, 4, 2, [16] * 4),
    ],
)
def test_the_folds_of_a_trial_count_as_networks(count, folds, populations, expected):
    chunks = CacheSizing(2).split(jobs(count, 1), folds, populations)
    assert sorted(map(len, chunks)) == sorted(expected)


@pytest.mark.parametrize(
    ("count", "fitting", "workers", "expected"),
    [
        (1000, 5000, 1, [1000]),  # all at once on the one device
        (1000, 5000, 4, [250] * 4),  # one for each
        (1000, 300, 1, [250] * 4),  # what the memory takes
        (3000, 9000, 1, [1000] * 3),  # no more than MOST_ON_DEVICE
        (3, 0.5, 1, [1, 1, 1]),  # when not even one may fit, single jobs are tried
    ],
)
def test_chunks_on_a_device_are_as_large_as_its_memory_allows(count, fitting, workers, expected):
    assert MOST_ON_DEVICE < 3000
    size = 1_000_000
    chunks = DeviceSizing(workers, int(fitting * size / SHARE)).split(jobs(count, size))
    assert expected == sorted(map(len, chunks), reverse=True)
    assert [job.trial for chunk in chunks for job in chunk] == list(range(1, count + 1))
