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
        console.print(Syntax(text, "yaml", background_color="default"))
    else:
        print(text, end="")
