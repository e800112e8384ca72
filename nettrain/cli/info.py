"""`nettrain info`: the installation, and the backend that would be used."""

from nettrain.cli.options import Debug, Json


def info(as_json: Json = False, debug: Debug = False) -> None:
    """Show versions, processors, GPUs and the backend that `auto` takes."""
    import json
    from dataclasses import asdict

    from nettrain.output.console import console
    from nettrain.output.installation import installation_table
    from nettrain.workflow.info import installation

    installed = installation()
    if as_json:
        facts = asdict(installed)
        del facts["backend_reason"]
        print(json.dumps(facts))
    else:
        installation_table(console(), installed)
