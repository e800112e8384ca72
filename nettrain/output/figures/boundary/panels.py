"""The panels of a picture of a small world: one for each view, and each of several targets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.inference.intervals import IntervalBand
from nettrain.inference.outputs import with_negative_class
from nettrain.workflow.small_world import WorldMap


@dataclass(frozen=True, eq=False)
class WorldPanel:
    """One panel: values (n₁, …, K) of the classes, or K = 1 of a number; y (N,) of each split's rows.

    `members` (R, n₁) are a number's predictions by each of several networks, `band` (2, n₁) the ends of an
    interval of this `level`.

    `sure` says that the values of classes are probabilities rather than scores. The second of two classes is
    predicted from its `threshold` on, if there is one.
    """

    title: str
    values: Floats
    y: tuple[HostArray, ...]
    classes: tuple[str, ...]
    sure: bool = True
    members: Floats | None = None
    threshold: float | None = None
    band: Floats | None = None
    level: float = 0.0


def world_panels(seen: WorldMap) -> list[WorldPanel]:
    """The panels of all views; labels and several numbers have one each."""
    task, points = seen.world.task, seen.world.points
    panels = []
    for view in seen.views:
        if task.targets in ("classes", "two classes"):
            y, sure = tuple(one.y for one in points), task.probabilities
            threshold = view.threshold(0)
            panels.append(
                WorldPanel(view.label, view.values, y, task.classes, sure=sure, threshold=threshold)
            )
            continue
        for k, name in enumerate(task.names):
            y = tuple(one.y[:, k] for one in points)
            title = " · ".join(filter(None, (view.label, name if len(task.names) > 1 else "")))
            values = view.values[..., k : k + 1]
            if task.targets == "labels":
                both = with_negative_class(values, task)
                sure, threshold = task.probabilities, view.threshold(k)
                panels.append(WorldPanel(title, both, y, ("0", "1"), sure=sure, threshold=threshold))
            else:
                members = None if view.members is None else view.members[..., k]
                panel = WorldPanel(title, values, y, (), members=members)
                panels.append(_with_band(panel, view.band, k))
    return panels


def _with_band(panel: WorldPanel, band: IntervalBand | None, target: int) -> WorldPanel:
    if band is None:
        return panel
    ends = np.stack([band.lower[:, target], band.upper[:, target]])
    return replace(panel, band=ends, level=band.level)


def value_limits(seen: WorldMap, panels: Sequence[WorldPanel]) -> list[tuple[float, float]]:
    """The range of numbers of each panel's target, the same for all views."""
    count = max(1, len(panels) // max(1, len(seen.views))) if panels else 1
    limits = []
    for k in range(len(panels)):
        same = [panel for j, panel in enumerate(panels) if j % count == k % count]
        limits.append(_range(same))
    return limits


def _range(panels: Sequence[WorldPanel]) -> tuple[float, float]:
    """From the smallest to the largest true number, a little wider."""
    if panels[0].classes:
        return 0.0, 1.0
    true = np.concatenate(panels[0].y)
    low, high = float(true.min()), float(true.max())
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin
