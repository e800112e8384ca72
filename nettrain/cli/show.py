"""`nettrain show`: the whole experiment, every key written out."""

from nettrain.cli.options import Debug, File, Json, Overrides


def show(file: File, overrides: Overrides = None, as_json: Json = False, debug: Debug = False) -> None:
    """Check an experiment file and print it as it will run, with every key.

    What only the data can tell (the loss, the target's kind, threads) stays at auto when it cannot be read.
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
