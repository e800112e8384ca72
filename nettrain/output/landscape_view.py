"""A loss landscape in the terminal: what its picture shows, in figures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text

from nettrain.output.numbers import count, figure, plural, seconds
from nettrain.output.report import head
from nettrain.workflow.landscape import unheard
from nettrain.workflow.landscape_result import Landscape


@contextmanager
def landscape_status(console: Console, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """A status line in a terminal, and the function that says what is being done."""
    if quiet:
        yield unheard
        return
    with console.status("opening the run") as status:
        yield status.update


def show_landscape(console: Console, landscape: Landscape, picture: Path | None = None) -> None:
    """Print the loss, how sharp the minimum is, and how the path lies."""
    split = "training" if landscape.split == "train" else landscape.split
    facts = {"loss": f"{figure(landscape.loss)} on {plural(landscape.rows, f'{split} row')}"}
    facts["around"] = _sharpness(landscape)
    if landscape.epochs:
        facts["path"] = _path(landscape)
    head(console, landscape.experiment, facts, landscape.notes)
    took = f"{count(landscape.networks)} networks in {seconds(landscape.seconds)}"
    console.print(Text(f"{took}; {picture}" if picture else took), soft_wrap=True)


def _sharpness(landscape: Landscape) -> str:
    distance = landscape.doubling_distance
    if distance is None:
        return "the loss does not double within the random plane"
    return f"the loss doubles when weights change by {distance:.2g} of their length in a random direction"


def _path(landscape: Landscape) -> str:
    first, last = (figure(float(loss)) for loss in landscape.path_losses[[0, -1]])
    explained = landscape.surfaces[-1].explained
    share = "" if explained is None else f"; {explained:.0%} of it in the plane of the picture"
    return f"{plural(landscape.epochs[-1], 'epoch')}, loss {first} → {last}{share}"
