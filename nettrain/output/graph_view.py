"""The graph of a network in the terminal: which row it shows, and where the picture is."""

from pathlib import Path

from rich.console import Console

from nettrain.output.numbers import figure
from nettrain.output.report import head
from nettrain.workflow.network_graph import NetworkGraph


def show_graph(console: Console, graph: NetworkGraph, picture: Path | None) -> None:
    """Print the network, the row with its target, what is predicted, and the loss."""
    widths = "-".join(str(len(column.values)) for column in graph.signals.columns)
    split = "training" if graph.options.split == "train" else graph.options.split
    target = ", ".join(f"{name} {value}" for name, value in graph.target.items())
    predicted = ", ".join(f"{name} {figure(value)}" for name, value in graph.predicted.items())
    facts = {
        "network": f"{widths}, {graph.weights}",
        "row": f"{split} row {graph.options.row}: {target}",
        "predicts": predicted,
        "loss": figure(graph.signals.loss),
    }
    if picture is not None:
        facts["picture"] = str(picture)
    head(console, graph.network, facts, ())
