"""`nettrain show`: the whole experiment, every key written out."""

from nettrain.cli.options import Debug, File, Overrides


def show(file: File, overrides: Overrides = None, debug: Debug = False) -> None:
    """Check an experiment file and print it with every key."""
    from rich.console import Console
    from rich.syntax import Syntax

    from nettrain.spec.load import load, resolved, to_yaml

    loaded = load(file, overrides or [])
    text = to_yaml(resolved(loaded.experiment))
    errors, console = Console(stderr=True), Console()
    for note in loaded.notes:
        errors.print(note, style="dim", markup=False, soft_wrap=True)
    if console.is_terminal:
        # soft_wrap, or lines wider than the terminal would be cut off
        console.print(Syntax("", "yaml", background_color="default").highlight(text), soft_wrap=True, end="")
    else:
        print(text, end="")
