"""What a tuning trains next, by a clock that stands where the test puts it."""

from dataclasses import dataclass, field

import pytest

from nettrain.sweep.messages import TrialResult
from nettrain.sweep.ranking import Goal, best_first
from nettrain.workflow.tuning.clock import Clock
from nettrain.workflow.tuning.search import MOST_SEEDS, MOST_TRIALS, TimedSearch

RATE = "optimizer.learning_rate"
OWN = {"seed": 0, RATE: 0.1}
GOAL = Goal("val_loss", maximize=False)


@dataclass
class Drawn:
    """A trial, as far as the search looks at it."""

    values: dict


@dataclass
class Recorded:
    """In the place of a sweep: it has two workers, and keeps what it is extended by."""

    workers: int = 2
    trials: list = field(default_factory=list)
    results: dict = field(default_factory=dict)

    def extend(self, count, chosen=()):
        more = list(chosen) or [{"seed": 0, RATE: float(len(self.trials) + k)} for k in range(count)]
        self.trials += map(Drawn, more)
        return more

    @property
    def best(self):
        return best_first(self.results.values(), GOAL)

    def end(self, trial, loss, seconds, status="finished"):
        figures = {"val_loss": loss}
        self.results[trial] = TrialResult(trial, status, epochs=5, figures=figures, seconds=seconds)


class Standing:
    """A clock that stands."""

    def __init__(self):
        self.time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture
def search():
    """A search of 100 s, its sweep and its clock."""
    sweep, now = Recorded(), Standing()
    return TimedSearch(sweep, Clock(0.0, 100.0), OWN, now), sweep, now


def test_the_experiments_own_settings_come_first_and_then_a_few_others(search):
    timed, sweep, _ = search
    assert [OWN] == timed.further()
    assert len(timed.further()) > 1
    assert len(timed.further()) == 1  # nothing has ended yet
    assert timed.phase == "search"
    assert len(sweep.trials) >= 6


def test_what_trainings_have_taken_decides_how_many_come_next(search):
    timed, sweep, now = search
    timed.further()
    sweep.end(1, 0.5, seconds=1.0)
    now.time = 5.0
    quick = len(timed.further())
    sweep.end(1, 0.5, seconds=12.0)
    slow = len(timed.further())
    assert quick == 24  # twelve for each worker
    assert slow == 5  # half of the 60 s left, of two workers, at 12 s each
    now.time = 64.0
    assert len(timed.further()) == 3


def test_the_best_are_trained_with_other_seeds_once_the_search_is_over(search):
    timed, sweep, now = search
    for _ in range(2):
        timed.further()
    for trial, loss in ((1, 0.4), (2, 0.2), (3, 0.3)):
        sweep.end(trial, loss, seconds=2.0)
    now.time = 66.0
    chosen = timed.further()
    assert (timed.phase, timed.seeds_began) == ("seeds", 66.0)
    # by turns: the best with seed 1, then 2, the second best with 1, …
    second, third, first = (sweep.trials[k].values for k in (1, 2, 0))
    assert chosen[:4] == [
        {**second, "seed": 1},
        {**second, "seed": 2},
        {**third, "seed": 1},
        {**second, "seed": 3},
    ]
    assert {**first, "seed": 1} in chosen
    assert len(chosen) <= 3 * MOST_SEEDS
    assert timed.further() is None


def test_nothing_is_begun_that_the_time_does_not_allow(search):
    timed, sweep, now = search
    timed.further()
    sweep.end(1, 0.5, seconds=60.0)
    now.time = 62.0  # 28 s are left for training
    assert timed.further() is None


def test_pruned_trials_are_no_candidates_for_seeds_but_count_as_measured(search):
    timed, sweep, now = search
    timed.further()
    timed.further()
    sweep.end(2, 0.5, seconds=0.5, status="pruned")
    now.time = 66.0
    assert timed.further() is None


def test_after_very_many_trials_no_more_are_drawn(search):
    timed, sweep, now = search
    sweep.extend(MOST_TRIALS)
    sweep.end(1, 0.5, seconds=0.01)
    now.time = 1.0
    assert timed.further() is None or timed.phase == "seeds"
    assert len(sweep.trials) <= MOST_TRIALS + MOST_SEEDS


def test_a_clock_leaves_time_for_each_phase():
    clock = Clock(1000.0, 600.0, before=60.0)
    phases = (clock.search_ends, clock.training_ends, clock.patience_ends, clock.measuring_ends, clock.ends)
    assert list(phases) == sorted(phases)
    assert phases[-1] == 1600.0
    assert clock.total == 660.0
    assert Clock(0.0, 20.0).training_ends == 14.0  # six seconds for the ensemble
    assert Clock(0.0, 4.0).training_ends == 2.0
