"""Colours and marks that panels and their key share."""

from nettrain.output.figures.canvas import DARK, LIGHT
from nettrain.workflow.small_world import WorldMap

COLORS = (  # of classes
    *(DARK, LIGHT, "#3a9a6b", "#a8325e", "#7b7fc4"),
    *("#8c6d31", "#4db6d0", "#b0a800", "#6b4c9a", "#555555"),
)
MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
SURFACE = "viridis"  # colours of a number in the plane
BAND = 0.18  # opacity of an interval


def is_surface(seen: WorldMap) -> bool:
    """Whether a number is shown over the plane."""
    return len(seen.axes) == 2 and seen.world.task.targets == "numbers"
