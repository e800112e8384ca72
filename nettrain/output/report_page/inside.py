"""What a network has learned, where that can be seen: regions of small worlds, and weights of images."""

from collections.abc import Iterator

from nettrain.output.figures.boundary.picture import boundary_picture
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.weights import weights_picture
from nettrain.output.report_page.drawing import Drawings, image
from nettrain.output.report_page.html import Content
from nettrain.workflow.first_weights import FirstWeights
from nettrain.workflow.report.run import RunReport
from nettrain.workflow.small_world import WorldMap


def learned_section(report: RunReport, drawings: Drawings) -> Iterator[Content]:
    """The pictures that the inputs allow."""
    if report.world is not None:
        yield _world(report.world, drawings)
    if report.weights is not None:
        yield _weights(report.weights)


def _world(seen: WorldMap, drawings: Drawings) -> Content:
    if seen.world.splits_plane:
        title = "Decision regions"
        text = (
            "The colour of a place is the class predicted there: the paler, the less sure. Points are rows."
        )
    elif len(seen.world.columns) == 1:
        title = "Predictions"
        text = "The line is what is predicted for each value of the only column; points are rows."
    else:
        title = "Predictions"
        text = "The colour of a place is the number predicted there; points are rows in the colour of theirs."
    return drawings.figure(boundary_picture(seen, "", render=svg), title, text, own_colors=True)


def _weights(weights: FirstWeights) -> Content:
    text = (
        "Each tile is a unit of the first layer, with its weights laid out as the image is: where it looks,"
        " and what it looks for. Noise means that a unit has learned little, or that there are too few rows."
    )
    return image(weights_picture(weights, ""), "Weights of the first layer", text)
