"""The time of an epoch of one network alone, as a clock measures it before a trial trains.

In a population the time of one network is not to be had: its members share every call. So a network trains
by itself, with one thread, some epochs beyond a first one that fills caches. The fastest counts, since what
else a machine does can only add to it; of short ones there are many, of which some are left in peace. Trials
whose networks can train side by side take equally long, so one of them is measured.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b
from time import perf_counter

import numpy as np

from nettrain.catalogue.members import grouping_key
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.sweep.population_training import build_population
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop

FEWEST, MOST = 2, 200  # epochs that are measured
ENOUGH = 0.2  # seconds after which no further epoch is measured
SHORT = 0.1  # seconds of an epoch, below which a measurement is soon repeated
DIGITS = 3  # more would be noise
ENDINGS = {"early_stopping": None, "convergence": None, "target": None, "max_seconds": None}


def timing_key(experiments: Sequence[Experiment]) -> str:
    """What trials have in common whose epochs take equally long; `experiments` are one for each fold."""
    text = " ".join(map(grouping_key, experiments))
    return blake2b(text.encode(), digest_size=8).hexdigest()


@np.errstate(all="ignore")
def seconds_per_epoch(
    experiments: Sequence[Experiment],
    data: Sequence[Prepared],
    device: int | None = None,
    clock: Callable[[], float] = perf_counter,
) -> float:
    """The time (s) of an epoch, evaluation included, on the fold with most training rows."""
    fold = int(np.argmax([len(one.train.x) for one in data]))
    experiment = experiments[fold]
    training = experiment.training.model_copy(update={"epochs": MOST + 1, **ENDINGS})
    run = build_population([experiment.model_copy(update={"training": training})], [data[fold]], device)
    times = _times(TrainingLoop(run), clock)
    return float(f"{min(times[1:] or times):.{DIGITS}g}")


def _times(loop: TrainingLoop, clock: Callable[[], float]) -> list[float]:
    """The times of a network's first epochs, in order."""
    times: list[float] = []
    events, began = loop.events(), clock()
    for event in events:
        now = clock()
        if isinstance(event, EpochDone) and event.epoch > 0 and event.epoch == int(event.epoch):
            times.append(now - began)
            began = now
            if len(times) > FEWEST and sum(times[1:]) >= ENOUGH:
                break
    events.close()
    return times
