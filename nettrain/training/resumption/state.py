"""All that the rest of a run depends on: taken between two steps, and put back into a run built anew.

Nothing is known here of what there is to keep: every array with the member axis is in `Population`, and
the loop's own numbers are few. Orders, masks and noise are counted, so there is no random state.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.training.events import MemberStopped
from nettrain.training.loop import Training

ROWS = "rows."
FINAL = ("final", "final_statistics")
NUMBERS = ("epoch", "step", "position", "step_seconds", "seconds")


@dataclass(frozen=True)
class TrainingState:
    """Arrays on the host: the rows of members that are still there, and what others have ended with.

    `numbers` are plain: where the loop stood and how members have ended.
    """

    arrays: dict[str, HostArray]
    numbers: dict[str, Any]

    def alone(self, member: int) -> "TrainingState | None":
        """The state of one member as a population of its own; None when it had ended."""
        rows = np.flatnonzero(self.arrays[ROWS + "original"] == member)
        if not self.arrays[ROWS + "active"][rows].any():
            return None
        arrays = {
            name: array[rows] if name.startswith(ROWS) else array[:0] for name, array in self.arrays.items()
        }
        return TrainingState(arrays | {ROWS + "original": np.array([0])}, {**self.numbers, "ended": []})


def snapshot(training: Training) -> TrainingState:
    """A copy of a run's state. Not to be called within a step."""
    run = training.run
    rows = {ROWS + name: host_copy(run.backend, run.population[name]) for name in run.population.persistent()}
    numbers = {name: getattr(training, name) for name in NUMBERS}
    ended = [asdict(end) for end in training.ended.values()]
    final = {name: getattr(run, name)[list(training.ended)] for name in FINAL}
    return TrainingState({**rows, **final}, {**numbers, "ended": ended})


def restore(
    training: Training,
    state: TrainingState,
    reopened: Iterable[str] = ("interrupted",),
    without: Iterable[str] = (),
) -> None:
    """Make a run that has just been built go on from `state`.

    Members that ended for one of the `reopened` reasons train again if their rows are still there. Arrays
    named in `without`, and those that the state does not have, stay as they are in a run that begins.
    """
    run, population = training.run, training.run.population
    original = state.arrays[ROWS + "original"]
    if len(original) < population.size:
        population.pick(original)
    for name in set(population.persistent()) - set(without):
        if ROWS + name not in state.arrays:
            continue
        population[name][...] = beside(population[name], run.backend, state.arrays[ROWS + name])
    for name in FINAL:
        getattr(run, name)[[end["member"] for end in state.numbers["ended"]]] = state.arrays[name]
    for name in NUMBERS:
        setattr(training, name, state.numbers[name])
    _reopen(training, [MemberStopped(**end) for end in state.numbers["ended"]], set(reopened))
    training.rebuild()


def host_copy(backend: Backend, array: Array) -> HostArray:
    """A copy of one of a population's arrays, of which some live on the host in any case."""
    return array.copy() if isinstance(array, np.ndarray) else backend.to_host(array)


def beside(array: Array, backend: Backend, stored: HostArray) -> Array:
    """Stored numbers where such an array is, to be copied into it."""
    return stored if isinstance(array, np.ndarray) else backend.xp.asarray(stored)


def _reopen(training: Training, ends: list[MemberStopped], reasons: set[str]) -> None:
    population = training.run.population
    row_of = {int(member): row for row, member in enumerate(population["original"])}
    for end in ends:
        if end.reason in reasons and end.member in row_of:
            population["active"][row_of[end.member]] = True
        else:
            training.ended[end.member] = end
