"""`nettrain show`: the whole experiment, every key written out."""

from nettrain.cli.options import Debug, File, Json, Overrides


def show(file: File, overrides: Overrides = None, as_json: Json = False, debug: Debug = False) -> None:
    """Check an experiment file and print it as it will run, with every key.

    What only the data can tell (the loss, the target's kind, threads) stays at auto when it cannot be read.
    """
    import json

    from nettrain.errors import DataError
    from nettrain.experiment.load import load, resolved, to_yaml
    from nettrain.experiment.resolution import read_and_resolve
    from nettrain.output.console import print_notes, print_yaml

    loaded = load(file, overrides or [])
    experiment, notes = resolved(loaded.experiment), list(loaded.notes)
    try:
        with loaded.placing_errors():
            experiment, _ = read_and_resolve(experiment)
    except DataError as error:
        notes.append(f"the data cannot be read, so some keys stay at auto: {error}")
    print_notes(notes)
    if as_json:
        print(json.dumps(experiment.model_dump()))
    else:
        print_yaml(to_yaml(experiment))
