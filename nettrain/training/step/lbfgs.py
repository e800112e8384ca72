"""L-BFGS: SciPy decides where to go, the engine says what it is like there.

SciPy's routine calls for the objective, but kernels may only be entered from the main thread. So each
member's routine lives in a thread that does its own linear algebra alone: it hands over the point at which
it wants to know the objective and waits. The main thread computes one loss and gradient for all members that
ask, until each has finished an iteration. A member is asked about nothing but its own points, so it goes the
same way alone as among others.
"""

import importlib
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import Array, Call
from nettrain.training.build import TrainingRun
from nettrain.training.step.groups import penalty, ranges

Numbers = npt.NDArray[np.float64]


class _StoppedError(Exception):
    """Ends SciPy's routine from inside."""


class Minimizer:
    """SciPy's L-BFGS-B on one vector (P,), run from point to point.

    `point` is where it wants to know the objective; it is None between iterations, and `at_rest` says that
    there will be no further one.
    """

    def __init__(self, start: Numbers, settings: Any) -> None:
        self.point: Numbers | None = None
        self.reached, self.at_rest = start.copy(), False
        self._settings = settings
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._answers: SimpleQueue[Any] = SimpleQueue()
        self._thread = Thread(target=self._minimize, args=(start.copy(),), daemon=True)
        self._thread.start()
        self._asked.get()  # ready for its first iteration

    def begin(self) -> None:
        """Go on to the next iteration."""
        self._go_on(True)

    def tell(self, value: float, gradient: Numbers) -> None:
        """The objective and its gradient (P,) at `point`."""
        self._go_on((value, gradient))

    def close(self) -> None:
        """End the routine, wherever it is."""
        if self._thread.is_alive():
            self._answers.put(None)
            self._thread.join()

    def _go_on(self, answer: Any) -> None:
        self._answers.put(answer)
        event, content = self._asked.get()
        if event == "failed":
            raise content
        self.at_rest = event == "rest"
        self.point = content if event == "evaluate" else None
        if event != "evaluate":
            self.reached = content

    def _minimize(self, start: Numbers) -> None:
        from scipy.optimize import minimize

        one = self._settings
        options: Any = {
            "maxcor": one.memory,
            "maxls": one.evaluations,
            "ftol": one.tolerance,
            "gtol": one.gradient_tolerance,
            "maxiter": np.iinfo(np.int32).max,
            "maxfun": np.iinfo(np.int32).max,
        }
        routine: Any = minimize
        try:
            self._ask("iterated", start)
            ask = partial(self._ask, "evaluate")
            callback = partial(self._ask, "iterated")
            found = routine(ask, start, jac=True, method="L-BFGS-B", callback=callback, options=options)
            self._asked.put(("rest", found.x.copy()))
        except _StoppedError:
            pass
        except BaseException as error:  # the main thread raises it
            self._asked.put(("failed", error))

    def _ask(self, event: str, x: Numbers) -> Any:
        self._asked.put((event, x.copy()))
        answer = self._answers.get()
        if answer is None:
            raise _StoppedError
        return answer


def iteration(run: TrainingRun, evaluate: Call) -> Call:
    """A call that takes every active member through one iteration.

    `evaluate` leaves loss and gradient at the population's parameters. Afterwards these are the points that
    were reached, and `total` holds the loss there.
    """

    importlib.import_module("scipy.optimize")  # now, or the first step would take the time of it

    def iterate() -> None:
        rows = _begun(run)
        population, from_host = run.population, run.backend.from_host
        while asking := {row: one for row, one in rows.items() if one.point is not None}:
            for row, one in asking.items():
                population["parameters"][row] = from_host(one.point)  # type: ignore[arg-type]
            population["total"][:] = 0
            evaluate()
            values, gradients = _objective(run)
            for row, one in asking.items():
                one.tell(float(values[row]), gradients[row])
        for row, one in rows.items():
            population["parameters"][row] = from_host(one.reached)
            population["at_rest"][row] = one.at_rest
        population["total"][:] = 0  # the last point that a line search tried need not be the one that it took
        evaluate()

    return iterate


def _begun(run: TrainingRun) -> dict[int, Minimizer]:
    """The minimizers of active members by row, each at its next iteration; the others' are ended."""
    population, rows = run.population, {}
    for row, original in enumerate(population["original"].tolist()):
        if not population["active"][row]:
            if original in run.minimizers:
                run.minimizers.pop(original).close()
            continue
        if original not in run.minimizers:
            start = run.backend.to_host(population["parameters"][row])
            run.minimizers[original] = Minimizer(start, run.experiment.optimizer)
        rows[row] = run.minimizers[original]
        rows[row].begin()
    return rows


def _objective(run: TrainingRun) -> tuple[Array, Array]:
    """Loss plus l2/2·ΣW² (R,) and its gradient (R, P), on the host."""
    population, to_host = run.population, run.backend.to_host
    total, gradients = to_host(population["total"]), to_host(population["gradient"])
    mean = getattr(run.experiment.loss, "reduction", "mean") == "mean"
    values, rates = total[:, 0] / (total[:, 1] if mean else 1.0), penalty(population, run.layout, "l2")
    for start, stop, group in ranges(run.layout):
        weights, l2 = to_host(population["parameters"][:, start:stop]), rates[:, group]
        if (l2 > 0).any():
            gradients[:, start:stop] += l2[:, None] * weights
            values = values + 0.5 * l2 * (weights**2).sum(axis=1)
    return values, gradients
