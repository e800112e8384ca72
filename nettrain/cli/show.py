"""`nettrain show`: the whole experiment, every key written out."""

from nettrain.cli.options import Debug, File, Overrides


def show(file: File, overrides: Overrides = None, debug: Debug = False) -> None:
    """Check an experiment file and print it as it will run, with every key.

    What only the data can tell (the loss, the target's kind, threads) stays at auto when it cannot be read.
    """
    from rich.console import Console
    from rich.syntax import Syntax

    from nettrain.data.prepare import prepare
    from nettrain.engine.settle import settle
    from nettrain.errors import DataError
    from nettrain.spec.load import load, resolved, to_yaml

    loaded = load(file, overrides or [])
    experiment, notes = resolved(loaded.experiment), list(loaded.notes)
    try:
        place = experiment.backend
        data = prepare(experiment.data, seed=experiment.data.seed or 0, dtype=place.dtype)
        experiment = settle(experiment, data)
    except DataError as error:
        notes.append(f"the data cannot be read, so some keys stay at auto: {error}")
    text = to_yaml(experiment)
    errors, console = Console(stderr=True), Console()
    for note in notes:
        errors.print(note, style="dim", markup=False, soft_wrap=True)
    if console.is_terminal:
        # soft_wrap, or lines wider than the terminal would be cut off
        console.print(Syntax("", "yaml", background_color="default").highlight(text), soft_wrap=True, end="")
    else:
        print(text, end="")
