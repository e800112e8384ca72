"""`nettrain schema`: JSON schemas, for editors and for programs that read the output of commands."""

from typing import Annotated

import typer

from nettrain.cli.completion import complete_command
from nettrain.cli.options import Debug

Of = Annotated[
    str | None,
    typer.Option(
        "--of",
        metavar="COMMAND",
        help="Schema of what this command prints with --json; default: of the experiment file.",
        autocompletion=complete_command,
    ),
]


def schema(of: Of = None, debug: Debug = False) -> None:
    """Print the JSON schema of the experiment file, with which editors complete and validate it.

    In an editor with a YAML language server, the file's first line names it:

    # yaml-language-server: $schema=nettrain.schema.json
    """
    import json

    from nettrain.cli.json_output import json_output_of
    from nettrain.experiment.reference.schema import experiment_schema, model_schema

    found = experiment_schema() if of is None else model_schema(json_output_of(of))
    print(json.dumps(found, indent=2, ensure_ascii=False))
