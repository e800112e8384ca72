"""`nettrain list`: the variants of every kind that an experiment file can name."""

from typing import Annotated

import typer

from nettrain.cli.completion import complete_kind
from nettrain.cli.options import Debug, Json

Kind = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND",
        help="Show one kind in full, such as activation, loss or optimizer.",
        show_default=False,
        autocompletion=complete_kind,
    ),
]


def list_kinds(kind: Kind = None, as_json: Json = False, debug: Debug = False) -> None:
    """Show what an experiment file can name: variants with their settings, ranges, defaults and sources."""
    import json
    from dataclasses import asdict

    from nettrain.output.catalogue import details, overview
    from nettrain.output.console import console
    from nettrain.workflow.catalogue import variants

    listed = variants(kind)
    if as_json:
        print(json.dumps({name: [asdict(entry) for entry in entries] for name, entries in listed.items()}))
    elif kind:
        details(console(), kind, listed[kind])
    else:
        overview(console(), listed)
