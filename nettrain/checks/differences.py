"""Central differences of the objective, measured on populations whose members differ by a step.

Member 0 stays at the point; the others are at w + h and w - h in one coordinate each, or along a direction.
Their losses come from training's own forward pass and loss kernel. Where the interval from w - h to w + h
crosses a kink, the difference says nothing about the derivative, and is marked.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np

from nettrain.backend.base import Array, Backend, Flags, Floats, HostArray
from nettrain.catalogue.members import shaped
from nettrain.checks.backpropagation import batch_losses
from nettrain.checks.problem import GradientProblem
from nettrain.experiment.task import loss_of
from nettrain.model.architecture import Node
from nettrain.model.tape import Tape
from nettrain.training.rows.batches import Index
from nettrain.training.step.training_step import append_loss

STEP = float(np.finfo(np.float64).eps ** (1 / 3))  # truncation and rounding errors are about equally large
ON_KINK = 2.0**-20  # of a step: where so short a step still crosses a kink, the point itself lies on it
BLOCK_BYTES = 64 << 20
MAX_PAIRS = 16  # a member takes time to build, and signals should stay in the cache
H = TypeVar("H", float, Floats)


@dataclass(frozen=True, eq=False)
class Differences:
    """Difference quotients, which of them cross a kink, and by how much they may err: each (n,)."""

    values: Floats
    crosses_kink: Flags
    uncertainty: Floats

    def split(self, sizes: Sequence[int]) -> list["Differences"]:
        """Consecutive parts of these sizes."""
        fields = (self.values, self.crosses_kink, self.uncertainty)
        parts = (np.split(field, np.cumsum(sizes)[:-1]) for field in fields)
        return [Differences(*part) for part in zip(*parts, strict=True)]


@dataclass(frozen=True, eq=False)
class DirectionalDifferences(Differences):
    """Also along which directions (n,) the point itself lies on a kink."""

    on_kink: Flags


class KinkTape(Tape):
    """A tape that records on which smooth piece each input, or output, of a layer with kinks lies."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.sides: list[HostArray] = []
        self._backend = backend

    def on_input(self, node: Node, x: Array) -> None:
        to_host = self._backend.to_host
        self.record(lambda: node.layer.sides(np, to_host(x)))

    def on_output(self, node: Node, y: Array) -> None:
        to_host = self._backend.to_host
        self.record(lambda: node.layer.output_sides(np, to_host(y)))

    def record(self, sides: Callable[[], HostArray | None]) -> None:
        """Append a call that records what `sides` returns at this point of the tape, None without kinks."""
        first = sides()
        if first is not None:
            self.call(partial(self._record, len(self.sides), sides))
            self.sides.append(first)

    def _record(self, position: int, sides: Callable[[], HostArray | None]) -> None:
        current = sides()
        assert current is not None, "whether there are kinks does not depend on the signals"
        self.sides[position] = current


class Neighbourhood:
    """A population around the point: behind the member that stays there, pairs of members.

    Set `parameters` (R, P) on the host, then call `measure`.
    """

    def __init__(self, problem: GradientProblem, pairs: int) -> None:
        run = problem.run_of(1 + 2 * pairs)
        self.problem, self.pairs, self._run = problem, pairs, run
        index = run.pool.take("index", (run.index_rows, len(problem.rows)), np.intp)
        index[...] = run.backend.xp.asarray(problem.rows)
        self._tape = KinkTape(run.backend)
        batch = append_loss(self._tape, run, index, run.pool.prefixed("train"))
        self._record_loss(batch.signals.output, batch.y)
        self._calls = self._tape.bound(run.backend)
        self.parameters: Floats = run.backend.to_host(run.population["parameters"])

    def _record_loss(self, output: Array, target: Array) -> None:
        to_host, loss = self._run.backend.to_host, shaped(loss_of(self._run.population.members), 1)
        self._tape.record(lambda: loss.sides(np, to_host(output), to_host(target)))

    def measure(self) -> tuple[Floats, Flags]:
        """The objective (R,) of every member, and whether a kink separates it from member 0."""
        backend, total = self._run.backend, self._run.population["total"]
        self._run.population["parameters"][...] = backend.xp.asarray(self.parameters)
        total[:] = 0
        for call in self._calls:
            call()
        losses = batch_losses(self.problem, backend.to_host(total))
        return losses + self._penalty(), self._across_kink()

    def _penalty(self) -> Floats | float:
        """l2/2·ΣW² + l1·Σ|W| of every member."""
        squares: Floats | float = sum(
            0.5 * l2 * np.square(part).sum(axis=1) for part, l2 in self._penalised("l2")
        )
        magnitudes: Floats | float = sum(l1 * np.abs(part).sum(axis=1) for part, l1 in self._penalised("l1"))
        return squares + magnitudes

    def _penalised(self, name: str) -> Iterator[tuple[Floats, float]]:
        """The parameters (R, …) that have an l1 or l2, and its strength."""
        for part in self.problem.layout.ranges:
            strength = self.problem.penalty(name, part.group)
            if strength:
                yield self.parameters[:, part.start : part.stop], strength

    def _across_kink(self) -> Flags:
        across = np.zeros(len(self.parameters), dtype=bool)
        signs = [np.sign(part) for part, _ in self._penalised("l1")]
        for sides in [*self._tape.sides, *signs]:
            across |= (sides != sides[:1]).reshape(len(sides), -1).any(axis=1)
        return across


def partial_differences(neighbourhood: Neighbourhood, coordinates: Index, step: float = STEP) -> Differences:
    """(J(w+h) - J(w-h)) / 2h in coordinates (n,) of the point, with h = step·max(1, |w|)."""
    count, size = len(coordinates), neighbourhood.pairs
    result = Differences(np.zeros(count), np.zeros(count, dtype=bool), np.zeros(count))
    for start in range(0, count, size):
        block = slice(start, min(start + size, count))
        measured = _block_differences(neighbourhood, coordinates[block], step)
        result.values[block] = measured.values
        result.crosses_kink[block] = measured.crosses_kink
        result.uncertainty[block] = measured.uncertainty
    return result


def _block_differences(neighbourhood: Neighbourhood, block: Index, step: float) -> Differences:
    """Those of as many coordinates as there are pairs, or fewer."""
    pairs, parameters = np.arange(len(block)), neighbourhood.parameters
    upper, lower = 1 + pairs, 1 + neighbourhood.pairs + pairs
    w = neighbourhood.problem.point[block]
    h = step * np.maximum(1.0, np.abs(w))
    parameters[upper, block], parameters[lower, block] = w + h, w - h
    width = parameters[upper, block] - parameters[lower, block]
    objective, across = neighbourhood.measure()
    parameters[upper, block] = parameters[lower, block] = w
    values = (objective[upper] - objective[lower]) / width
    return Differences(values, across[upper] | across[lower], rounding_error(float(objective[0]), h))


def directional_differences(
    neighbourhood: Neighbourhood, directions: Floats, step: float = STEP
) -> DirectionalDifferences:
    """(J(w+hd) - J(w-hd)) / 2h along directions d (T, P), with h = step for each."""
    values, uncertainty = np.zeros((2, len(directions)))
    crosses_kink, on_kink = np.zeros((2, len(directions)), dtype=bool)
    for t, direction in enumerate(directions):
        objective, crosses_kink[t] = _along(neighbourhood, direction, step)
        values[t] = (objective[1] - objective[2]) / (2 * step)
        uncertainty[t] = rounding_error(float(objective[0]), step)
        on_kink[t] = crosses_kink[t] and _along(neighbourhood, direction, step * ON_KINK)[1]
    neighbourhood.parameters[:] = neighbourhood.problem.point
    return DirectionalDifferences(values, crosses_kink, uncertainty, on_kink)


def _along(neighbourhood: Neighbourhood, direction: Floats, h: float) -> tuple[Floats, bool]:
    """The objective (R,) with members 1 and 2 at w ± h·direction, and whether a kink lies between."""
    point = neighbourhood.problem.point
    neighbourhood.parameters[1] = point + h * direction
    neighbourhood.parameters[2] = point - h * direction
    objective, across = neighbourhood.measure()
    return objective, bool(across.any())


def rounding_error(objective: float, h: H) -> H:
    """How far rounding alone may move a central difference: 4·ε·max(1, |J|)/h."""
    return 4 * np.finfo(np.float64).eps * max(1.0, abs(objective)) / h


def neighbourhood_of(problem: GradientProblem, pairs: int) -> Neighbourhood:
    """The point and so many pairs around it, or as many as fit BLOCK_BYTES and repay their building."""
    fitting = max(1, (BLOCK_BYTES // member_bytes(problem) - 1) // 2)
    return Neighbourhood(problem, max(1, min(pairs, fitting, MAX_PAIRS)))


def member_bytes(problem: GradientProblem) -> int:
    """What one member takes: its row in five arrays, and the signals of its layers."""
    columns = sum(columns for _, columns in problem.architecture.products)
    return 8 * (5 * problem.layout.size + 8 * len(problem.rows) * columns)
