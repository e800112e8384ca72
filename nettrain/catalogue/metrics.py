"""Metrics: what people read besides the loss.

Conventions: `rows(xp, output, target, scale)` -> (R, B); a metric is `finish` of their weighted mean.
output (R, B, K) are the network's raw outputs (logits for classes); scale (K,) turns differences of scaled
targets into the target's own units.
"""

from typing import Any, ClassVar

from nettrain.backend.base import Array
from nettrain.catalogue.registry import Registry, Variant

metrics: Registry["Metric"] = Registry("metric")


class Metric(Variant):
    """A mean over rows. `fits` names the targets it is for, `goal` the better direction."""

    goal: ClassVar[str] = "minimize"
    fits: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    def rows(xp: Any, output: Array, target: Array, scale: Array) -> Array:
        """What is averaged, (R, B)."""
        raise NotImplementedError

    @staticmethod
    def finish(xp: Any, mean: Array) -> Array:
        """The metric (R,) from the mean over rows."""
        return mean


@metrics.register("accuracy")
class Accuracy(Metric):
    """The share of rows whose largest output is the right class; of labels, the share that is right.

    An output of one or several 0/1 targets says 1 when it is above 0.
    """

    goal = "maximize"
    fits = ("classes", "two classes", "labels")

    @staticmethod
    def rows(xp: Any, output: Array, target: Array, scale: Array) -> Array:
        if target.ndim == output.ndim:
            return ((output > 0) == (target > 0.5)).mean(axis=-1)
        return output.argmax(axis=-1) == target


@metrics.register("rmse")
class RootMeanSquaredError(Metric):
    """√ of the mean squared error, in the target's units (mean over several outputs)."""

    fits = ("numbers",)

    @staticmethod
    def rows(xp: Any, output: Array, target: Array, scale: Array) -> Array:
        # in float64, as squares of large units overflow float32
        error = (output - target).astype(xp.float64) * scale
        return xp.square(error).mean(axis=-1)

    @staticmethod
    def finish(xp: Any, mean: Array) -> Array:
        return xp.sqrt(mean)


def metrics_for(targets: str) -> list[str]:
    """The metrics that fit these targets (`classes`, `two classes`, `labels` or `numbers`)."""
    return [name for name, metric in metrics.items() if targets in metric.fits]
