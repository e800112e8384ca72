"""How jobs of one group are cut: evenly over the workers, small enough for the caches."""

import pytest

from nettrain.sweep.plan import CACHE, Job, parts


def jobs(count, size):
    return [Job(trial, None, None, 1.0, size) for trial in range(1, count + 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "size", "workers", "expected"),
    [
        (64, CACHE // 40, 2, [32, 32]),  # one turn each
        (256, CACHE // 40, 2, [32] * 8),
        (100, CACHE // 10, 2, [10] * 10),  # what the caches take
        (90, CACHE // 10, 2, [9] * 10),  # evenly, a tenth part rather than an odd one
        (5, CACHE // 40, 2, [5]),  # so few share their calls
        (20, CACHE // 40, 2, [10, 10]),
        (1000, 1, 2, [62, 63] * 8),  # tiny ones: no more than MOST together
        (16, 10 * CACHE, 2, [8, 8]),  # too large for any cache: their calls are still shared
    ],
)
def test_parts_are_even_and_give_every_worker_its_turn(count, size, workers, expected):
    made = parts(jobs(count, size), workers)
    assert sorted(map(len, made)) == sorted(expected)
    assert [job.trial for part in made for job in part] == list(range(1, count + 1))
