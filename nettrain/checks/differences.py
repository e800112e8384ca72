"""Central differences of the objective, measured on populations whose members differ in a step.

Member 0 stays at the point; the others stand at w + h and w - h in one number each, or along a direction. The
members' losses are training's own forward pass and loss kernel. Where the way from w - h to w + h crosses a
kink, the difference means nothing, and is marked.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Backend
from nettrain.catalogue.members import shaped
from nettrain.checks.backpropagation import batch_losses
from nettrain.checks.problem import Numbers, Problem
from nettrain.model.architecture import Node
from nettrain.model.tape import Tape
from nettrain.training.rows.batches import Index
from nettrain.training.step.training_step import append_loss

Flags = npt.NDArray[np.bool_]

STEP = float(np.finfo(np.float64).eps ** (1 / 3))  # where truncation and rounding are about equally large
NEARER = 2.0**-20  # of a step: who still crosses a kink there stands upon it
BLOCK_BYTES = 64 << 20
MOST_PAIRS = 16  # a member costs some time to build, and signals should stay in the cache


class Watching(Tape):
    """A tape that notes on which smooth piece each z in front of an activation with kinks lies."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.sides: list[Array] = []
        self._backend = backend

    def on_input(self, node: Node, x: Array) -> None:
        to_host = self._backend.to_host
        self.note(lambda: node.layer.sides(np, to_host(x)))

    def note(self, look: Callable[[], Array | None]) -> None:
        """Have `look` say at this place of the tape where each value lies; None means there are no kinks."""
        if look() is not None:
            self.call(partial(self._noted, len(self.sides), look))
            self.sides.append(None)

    def _noted(self, place: int, look: Callable[[], Array]) -> None:
        self.sides[place] = look()


class Neighbourhood:
    """A population around the point, pairs of members behind the one that stays there.

    Set `parameters` (R, P) on the host, then `measure`.
    """

    def __init__(self, problem: Problem, members: int) -> None:
        run = problem.population(members)
        self.problem, self._run, self.pairs = problem, run, members // 2
        index = run.pool.take("index", (1, len(problem.rows)), np.intp)
        index[...] = run.backend.xp.asarray(problem.rows)
        self._tape = Watching(run.backend)
        batch = append_loss(self._tape, run, index)
        self._watch_loss(batch.signals.output, batch.y)
        self._calls = self._tape.bound(run.backend)
        self.parameters: Numbers = run.backend.to_host(run.population["parameters"])

    def _watch_loss(self, output: Array, target: Array) -> None:
        run, to_host = self._run, self._run.backend.to_host
        loss = shaped(run.population.members.loss, 1)
        self._tape.note(lambda: loss.sides(np, to_host(output), to_host(target)))

    def measure(self) -> tuple[Numbers, Flags]:
        """The objective (R,) of every member, and whether it lies beyond a kink, seen from member 0."""
        backend, total = self._run.backend, self._run.population["total"]
        self._run.population["parameters"][...] = backend.xp.asarray(self.parameters)
        total[:] = 0
        for call in self._calls:
            call()
        return batch_losses(self.problem, backend.to_host(total)) + self._penalty(), self._beyond()

    def _penalty(self) -> Any:
        """l2/2·ΣW² + l1·Σ|W| of every member."""
        squares = sum(0.5 * l2 * np.square(part).sum(axis=1) for part, l2 in self._penalised("l2"))
        return squares + sum(l1 * np.abs(part).sum(axis=1) for part, l1 in self._penalised("l1"))

    def _penalised(self, name: str) -> Iterator[tuple[Numbers, float]]:
        """The parameters (R, …) that have an l1 or l2, and how much."""
        for part in self.problem.layout.ranges:
            strength = self.problem.penalty(name, part.group)
            if strength:
                yield self.parameters[:, part.start : part.stop], strength

    def _beyond(self) -> Flags:
        beyond = np.zeros(len(self.parameters), dtype=bool)
        signs = [np.sign(part) for part, _ in self._penalised("l1")]
        for sides in [*self._tape.sides, *signs]:
            beyond |= (sides != sides[:1]).reshape(len(sides), -1).any(axis=1)
        return beyond


def partial_differences(
    around: Neighbourhood, places: Index, step: float = STEP
) -> tuple[Numbers, Flags, Numbers]:
    """(J(w+h) - J(w-h)) / 2h for the numbers at places (n,) of the point's row, h = step·max(1, |w|).

    Returns the differences, where they cross a kink, and how far rounding alone may move them: each (n,).
    """
    found, crossed = np.zeros(len(places)), np.zeros(len(places), dtype=bool)
    noise, pairs, point = np.zeros(len(places)), around.pairs, around.problem.point
    for part in _parts(len(places), pairs):
        now = places[part]
        upper, lower = np.arange(1, 1 + len(now)), np.arange(1 + pairs, 1 + pairs + len(now))
        at = point[now]
        h = step * np.maximum(1.0, np.abs(at))
        around.parameters[upper, now], around.parameters[lower, now] = at + h, at - h
        width = around.parameters[upper, now] - around.parameters[lower, now]
        objective, beyond = around.measure()
        found[part] = (objective[upper] - objective[lower]) / width
        crossed[part] = beyond[upper] | beyond[lower]
        noise[part] = rounding(objective[0], h)
        around.parameters[upper, now] = around.parameters[lower, now] = at
    return found, crossed, noise


def directional_differences(
    around: Neighbourhood, moves: Numbers, step: float = STEP
) -> tuple[Numbers, Flags, Flags, Numbers]:
    """The same along directions (T, P), with h = step for each.

    Returns the differences, where they cross a kink, where the point itself lies on one, and the rounding.
    """
    point = around.problem.point

    def along(move: Numbers, h: float) -> tuple[Numbers, bool]:
        around.parameters[1], around.parameters[2] = point + h * move, point - h * move
        objective, beyond = around.measure()
        return objective, bool(beyond.any())

    measured = [along(move, step) for move in moves]
    found = np.array([(objective[1] - objective[2]) / (2 * step) for objective, _ in measured])
    crossed = np.array([beyond for _, beyond in measured])
    upon = [beyond and along(move, step * NEARER)[1] for move, beyond in zip(moves, crossed, strict=True)]
    around.parameters[:] = point
    return found, crossed, np.array(upon), np.array([rounding(values[0], step) for values, _ in measured])


def rounding(objective: float, h: Any) -> Any:
    """How far rounding alone may move a difference: 4·ε·max(1, |J|)/h."""
    return 4 * np.finfo(np.float64).eps * max(1.0, abs(float(objective))) / h


def neighbourhood(problem: Problem, pairs: int) -> Neighbourhood:
    """The point and as many pairs around it as are wanted, fit BLOCK_BYTES and pay for their building."""
    fitting = max(1, (BLOCK_BYTES // member_bytes(problem) - 1) // 2)
    return Neighbourhood(problem, 1 + 2 * max(1, min(pairs, fitting, MOST_PAIRS)))


def member_bytes(problem: Problem) -> int:
    """What one member takes: its row in five arrays, and the signals of its layers."""
    columns = sum(columns for _, columns in problem.architecture.products)
    return 8 * (5 * problem.layout.size + 8 * len(problem.rows) * columns)


def _parts(count: int, size: int) -> Iterator[slice]:
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
