"""The state of a training between two steps: a snapshot to store, and how a new run is restored from one.

Every array with the member axis is registered in the population, so that nothing here knows what there is.
Orders, masks and noise are functions of counters: there is no random state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import NotRequired, cast

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.errors import StoredContentError
from nettrain.training.events import MemberStopped
from nettrain.training.loop import TrainingLoop

ROWS = "rows."  # begins the names of arrays with a row per member that is still there


class StoppedMember(TypedDict):
    """The fields of MemberStopped."""

    member: int
    epoch: int
    step: int
    reason: str
    best_epoch: float | None
    restored: bool
    rises: NotRequired[int | None]


class StateNumbers(TypedDict):
    """The fields of Progress, and how members have stopped."""

    epoch: int
    step: int
    position: int
    step_seconds: float
    seconds: float
    ended: list[StoppedMember]


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Arrays on the host, of members that are still there and what stopped ones ended with, and numbers."""

    arrays: dict[str, HostArray]
    numbers: StateNumbers

    def single(self, member: int) -> "TrainingState | None":
        """The state of one member as a population of its own; None if it had stopped."""
        rows = np.flatnonzero(self.arrays[ROWS + "original"] == member)
        if not self.arrays[ROWS + "active"][rows].any():
            return None
        arrays = {
            name: array[rows] if name.startswith(ROWS) else array[:0] for name, array in self.arrays.items()
        }
        arrays[ROWS + "original"] = np.array([0])
        return TrainingState(arrays, {**self.numbers, "ended": []})

    def taken_over(self, parents: Sequence[int]) -> "TrainingState":
        """The state in which each member has that of its parent, which still trains, and none has stopped."""
        row_of = {int(member): row for row, member in enumerate(self.arrays[ROWS + "original"])}
        rows = [row_of[parent] for parent in parents]
        arrays = {
            name: array[rows] if name.startswith(ROWS) else array[:0] for name, array in self.arrays.items()
        }
        arrays[ROWS + "original"] = np.arange(len(parents))
        return TrainingState(arrays, {**self.numbers, "ended": []})

    def of_members(self, members: range) -> "TrainingState | None":
        """The state of some members, numbered from 0, as that of a population of their own.

        None if one of them stopped before the last step: its row was worked on further.
        """
        ended = [(k, end) for k, end in enumerate(self.numbers["ended"]) if end["member"] in members]
        if any(end["step"] < self.numbers["step"] for _, end in ended):
            return None
        original = self.arrays[ROWS + "original"]
        rows = np.flatnonzero((original >= members.start) & (original < members.stop))
        stopped = [k for k, _ in ended]
        arrays = {
            name: array[rows] if name.startswith(ROWS) else array[stopped]
            for name, array in self.arrays.items()
        }
        arrays[ROWS + "original"] = original[rows] - members.start
        renumbered = [
            cast(StoppedMember, {**end, "member": end["member"] - members.start}) for _, end in ended
        ]
        return TrainingState(arrays, {**self.numbers, "ended": renumbered})


def snapshot(training: TrainingLoop) -> TrainingState:
    """A copy of the state of a training. Not to be called within a step."""
    run, stopped = training.run, training.endings.stopped
    rows = {ROWS + name: host_copy(run.backend, run.population[name]) for name in run.population.persistent()}
    final = {name: array[list(stopped)] for name, array in _final(training).items()}
    ended = [asdict(end) for end in stopped.values()]
    numbers = cast(StateNumbers, {**asdict(training.progress), "ended": ended})
    return TrainingState({**rows, **final}, numbers)


def restore(
    training: TrainingLoop,
    state: TrainingState,
    reopened: Iterable[str] = ("interrupted",),
    without: Iterable[str] = (),
) -> None:
    """Make a training of a run that has just been built continue from `state`.

    Members that stopped for one of the `reopened` reasons train again if their rows are still there. Arrays
    named in `without`, and those that the state does not have, stay as they are at the start of a run.
    Raises StoredContentError for a state that this training cannot have had.
    """
    _check(training, state)
    population, numbers = training.run.population, state.numbers
    original = state.arrays[ROWS + "original"]
    if len(original) < population.size:
        population.select(original)
    for name in population.persistent():
        stored = state.arrays.get(ROWS + name)
        if stored is not None and name not in set(without):
            population[name][...] = beside(population[name], training.run.backend, stored)
    for name, array in _final(training).items():
        array[[end["member"] for end in numbers["ended"]]] = state.arrays[name]
    progress = training.progress
    progress.epoch, progress.step, progress.position = (numbers[key] for key in ("epoch", "step", "position"))
    progress.step_seconds, progress.seconds = numbers["step_seconds"], numbers["seconds"]
    training.endings.reopen([MemberStopped(**end) for end in numbers["ended"]], set(reopened))
    training.rebuild()


def _check(training: TrainingLoop, state: TrainingState) -> None:
    """Raise StoredContentError where members, shapes or numbers are not those of this training."""
    population, numbers = training.run.population, state.numbers
    original = state.arrays.get(ROWS + "original")
    if original is None or original.dtype.kind != "i" or original.ndim != 1:
        raise StoredContentError(ROWS + "original", "is missing, or has no numbers of members")
    if not _are_members(original.tolist(), population.size):
        raise StoredContentError(ROWS + "original", f"are not members of {population.size}")
    if not _are_members([end["member"] for end in numbers["ended"]], population.size):
        raise StoredContentError("numbers.ended", f"are not members of {population.size}")
    of_each = {
        **{ROWS + name: (len(original), population[name]) for name in population.persistent()},
        **{name: (len(numbers["ended"]), array) for name, array in _final(training).items()},
    }
    for name, (rows, array) in of_each.items():
        stored = state.arrays.get(name)
        if stored is None and name.startswith(ROWS):
            continue
        expected = (rows, *array.shape[1:])
        if stored is None or stored.shape != expected or stored.dtype != array.dtype:
            there = "nothing" if stored is None else f"{stored.dtype} {stored.shape}"
            raise StoredContentError(name, f"is {there}, the run has {array.dtype} {expected}")
    _check_position(training, numbers)


def _are_members(numbers: Sequence[int], size: int) -> bool:
    return len(set(numbers)) == len(numbers) and all(0 <= number < size for number in numbers)


def _check_position(training: TrainingLoop, numbers: StateNumbers) -> None:
    """Earlier epochs may have had another number of steps, but each had one."""
    steps = training.run.data.batches.steps
    epoch, step, position = numbers["epoch"], numbers["step"], numbers["position"]
    if not 0 <= position < max(steps, 1) or step < epoch + position:
        raise StoredContentError(
            "numbers", f"epoch {epoch}, step {step} and position {position} of {steps} do not go together"
        )


def _final(training: TrainingLoop) -> dict[str, HostArray]:
    """What stopped members end with, by its name in a state."""
    final = training.run.final
    return {"final": final.parameters, "final_statistics": final.statistics}


def host_copy(backend: Backend, array: Array) -> HostArray:
    """A copy on the host of an array of a population, some of which are on the host in any case."""
    return array.copy() if isinstance(array, np.ndarray) else backend.to_host(array)


def beside(array: Array, backend: Backend, stored: HostArray) -> Array:
    """A host array on the host or the device, wherever `array` is, to be copied into it."""
    return stored if isinstance(array, np.ndarray) else backend.xp.asarray(stored)
