"""SciPy's L-BFGS-B run from point to point, in a thread that waits wherever SciPy needs the objective."""

from collections.abc import Callable
from enum import Enum
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from nettrain.backend.base import Floats
from nettrain.catalogue.optimizers.quasi_newton import LBFGS

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Objective = tuple[float, Floats]  # the value at a point, and the gradient (P,)
Request = tuple[Literal["evaluate", "iterated", "finished"], Floats] | BaseException


class Command(Enum):
    """A reply to the thread other than an objective."""

    CONTINUE = "continue"
    STOP = "stop"


class _StoppedError(Exception):
    """Ends SciPy's routine from inside."""


class Minimizer:
    """Minimizes one objective of a vector (P,).

    `point` is where the objective is needed next; it is None between iterations. `reached` is the point after
    the last iteration, and `finished` says that there will be no further one; `stalled` that this is because
    the line search found no lower objective, and not because a tolerance was met.
    """

    def __init__(self, start: Floats, settings: LBFGS) -> None:
        self.point: Floats | None = None
        self.reached, self.finished, self.stalled = start.copy(), False, False
        self._settings = settings
        self._requests: SimpleQueue[Request] = SimpleQueue()
        self._replies: SimpleQueue[Objective | Command] = SimpleQueue()
        self._thread = Thread(target=self._minimize, args=(start.copy(),), daemon=True)
        self._thread.start()
        self._requests.get()  # ready for its first iteration

    def begin_iteration(self) -> None:
        """Continue with the next iteration."""
        self._reply(Command.CONTINUE)

    def report(self, value: float, gradient: Floats) -> None:
        """Report the objective and its gradient (P,) at `point`."""
        self._reply((value, gradient))

    def close(self) -> None:
        """End the routine, wherever it is."""
        if self._thread.is_alive():
            self._replies.put(Command.STOP)
            self._thread.join()

    def _reply(self, reply: Objective | Command) -> None:
        self._replies.put(reply)
        request = self._requests.get()
        if isinstance(request, BaseException):
            raise request
        event, point = request
        self.finished = event == "finished"
        self.point = point if event == "evaluate" else None
        if event != "evaluate":
            self.reached = point

    # ----- in the thread -----

    def _minimize(self, start: Floats) -> None:
        try:
            self._wait("iterated", start)
            result = self._run(start)
            self.stalled = not result.success
            self._requests.put(("finished", result.x.copy()))
        except _StoppedError:
            pass
        except BaseException as error:  # the main thread raises it
            self._requests.put(error)

    def _run(self, start: Floats) -> "OptimizeResult":
        from scipy.optimize import minimize

        settings = self._settings
        options = {
            "maxcor": settings.memory,
            "maxls": settings.evaluations,
            "ftol": settings.tolerance,
            "gtol": settings.gradient_tolerance,
            "maxiter": np.iinfo(np.int32).max,
            "maxfun": np.iinfo(np.int32).max,
        }
        routine = cast("Callable[..., OptimizeResult]", minimize)
        evaluate, iterated = partial(self._wait, "evaluate"), partial(self._wait, "iterated")
        return routine(evaluate, start, jac=True, method="L-BFGS-B", callback=iterated, options=options)

    def _wait(self, event: Literal["evaluate", "iterated"], point: Floats) -> Objective | Command:
        self._requests.put((event, point.copy()))
        reply = self._replies.get()
        if reply is Command.STOP:
            raise _StoppedError
        return reply
