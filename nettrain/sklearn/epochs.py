"""The callbacks of an estimator, and what it prints, while it trains."""

from typing import Any

from sklearn.callback import CallbackContext

from nettrain.sklearn.fitted import NETWORK, FittedEstimator
from nettrain.sklearn.fitting import Current
from nettrain.sklearn.table import Array
from nettrain.training.events import EpochDone


def epoch_line(event: EpochDone) -> str:
    """What scikit-learn's MLP prints of an epoch, of several networks that of the first."""
    lines = [f"Iteration {event.epoch}, loss = {float(event.figures['running_loss'][0]):.8f}"]
    if "val_accuracy" in event.figures:
        lines.append(f"Validation score: {float(event.figures['val_accuracy'][0]):f}")
    elif "val_loss" in event.figures:
        lines.append(f"Validation loss: {float(event.figures['val_loss'][0]):f}")
    return "\n".join(lines)


class FitEpochs:
    """Calls the callbacks of an estimator around a fit, and after every epoch of it.

    A callback that asks for it gets the rows, their weights, and the estimator as it is then.
    """

    def __init__(self, estimator: FittedEstimator, epochs: int | None, x: Any, y: Array, weight: Any) -> None:
        self._estimator, self._epochs = estimator, epochs
        metadata = None if weight is None else {"sample_weight": weight}
        self._rows: dict[str, Any] = {"X": x, "y": y, "metadata": metadata}

    def __enter__(self) -> "FitEpochs":
        self._context = self._estimator._init_callback_context(max_subtasks=self._epochs)
        self._context.call_on_fit_task_begin(estimator=self._estimator, **self._rows)
        return self

    def __call__(self, event: EpochDone, current: Current) -> bool:
        """Report an epoch; returns whether a callback asks to stop."""
        estimator = self._estimator
        if estimator.verbose:
            print(epoch_line(event))
        context = self._context.subcontext(task_name="epoch")
        context.call_on_fit_task_begin(estimator=estimator, **self._rows)
        return self._end(context, current)

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        if kind is None:
            self._end(self._context, lambda: self._estimator._network)

    def _end(self, context: CallbackContext, current: Current) -> bool:
        return bool(
            context.call_on_fit_task_end(
                estimator=self._estimator,
                reconstruction_attributes=lambda: {NETWORK: current()},
                **self._rows,
            )
        )
