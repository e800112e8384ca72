"""What a tuning trains next, by the time that is left and by what trainings have taken so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from typing import Literal

import numpy as np

from nettrain.catalogue.searches import Values
from nettrain.sweep.loop import Extension
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.sweep import Sweep
from nettrain.workflow.tuning.clock import Clock

FIRST = 4  # trials for each worker, before anything has been measured
FEWEST, MOST = 3, 12  # trials for each worker in a bracket
SHARE = 0.5  # of the time left for searching that a bracket may take
MOST_TRIALS = 600  # in all: the more trials, the more is the figure of the best biased
BEST = 4  # settings that are trained with other seeds
MOST_SEEDS = 6  # of each
SEED = "seed"

Phase = Literal["search", "seeds"]


@dataclass
class TimedSearch:
    """A search that ends by the clock; `own` are the experiment's own values, which are tried first."""

    sweep: Sweep
    clock: Clock
    own: Values
    now: Callable[[], float] = time
    phase: Phase = "search"
    seeds_began: float | None = None
    _planned_seeds: bool = field(default=False)

    def further(self) -> Extension | None:
        """What a worker without work is to do, None when there is nothing more that is worth beginning."""
        if not self.sweep.trials:
            return self.sweep.extend(0, [self.own])
        if self.phase == "search":
            extension = self._bracket()
            if extension is not None:
                return extension
        if self._planned_seeds or not self._results():
            return None
        self._planned_seeds, self.phase, self.seeds_began = True, "seeds", self.now()
        chosen = self._other_seeds()
        return self.sweep.extend(0, chosen) if chosen else None

    def _bracket(self) -> Extension | None:
        """Further settings, as many as fit the time."""
        left, known = self.clock.search_ends - self.now(), len(self.sweep.trials)
        if left <= 0 or known >= MOST_TRIALS:
            return None
        results, workers = self._results(), self.sweep.workers
        if not results:  # nothing has ended: a worker that has nothing to do may as well try something
            return self.sweep.extend(FIRST if known == 1 else 1)
        if self._full_training() > self.clock.training_ends - self.now():
            return None
        mean = float(np.mean([one.seconds for one in results]))
        fitting = int(SHARE * left * workers / max(mean, 1e-3))
        count = min(max(fitting, FEWEST), MOST * workers, MOST_TRIALS - known)
        return self.sweep.extend(count)

    def _other_seeds(self) -> list[Values]:
        """The best settings with other seeds, as many as are likely to end in time; the best has most."""
        best = [one for one in self.sweep.best if self._is_original(one)][:BEST]
        left = self.clock.training_ends - self.now()
        rounds = round(left / max(self._full_training(), 1e-3))  # the clock may stop the last ones
        count = min(rounds * self.sweep.workers, MOST_SEEDS * len(best))
        if not best or count < 1:
            return []
        places = sorted(
            ((k + r, k, r) for k in range(len(best)) for r in range(MOST_SEEDS)), key=lambda one: one[:2]
        )
        values = [self.sweep.trials[one.trial - 1].values for one in best]
        seeded = ({**values[k], SEED: self._seed(values[k], r)} for _, k, r in places)
        known = [one.values for one in self.sweep.trials]
        return [one for one in seeded if one not in known][:count]

    def _seed(self, values: Values, number: int) -> int:
        own = values.get(SEED, 0)
        return (own if isinstance(own, int) else 0) + 1 + number

    def _is_original(self, result: TrialResult) -> bool:
        """Whether the trial was drawn with the experiment's own seed, so that others can follow."""
        return self.sweep.trials[result.trial - 1].values.get(SEED) == self.own.get(SEED)

    def _full_training(self) -> float:
        """About how long (s) one of the trials takes that train to their end, alone on a worker."""
        ended = [one.seconds for one in self._results() if one.status == "finished"]
        return float(np.median(ended)) if ended else 0.0

    def _results(self) -> list[TrialResult]:
        return [one for one in self.sweep.results.values() if one.status in ("finished", "pruned")]
