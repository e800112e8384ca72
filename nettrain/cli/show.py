"""`nettrain show`: the whole experiment with every key."""

from nettrain.cli.options import Debug, File, Json, Overrides


def show(file: File, overrides: Overrides = None, as_json: Json = False, debug: Debug = False) -> None:
    """Validate an experiment file and print it as it will run, with every key.

    What only the data can tell (loss, kind of target, threads) stays at auto when they cannot be read.
    """
    import json

    from nettrain.experiment.load import to_yaml
    from nettrain.output.console import print_notes, print_yaml
    from nettrain.workflow.show import resolved_experiment

    shown = resolved_experiment(file, overrides or [])
    print_notes(shown.notes)
    if as_json:
        print(json.dumps(shown.experiment.model_dump()))
    else:
        print_yaml(to_yaml(shown.experiment))
