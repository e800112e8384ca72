"""`nettrain list`: the variants of every kind that an experiment file can name."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.completion import complete_kind, complete_variant
from nettrain.cli.options import Debug, Json
from nettrain.errors import SpecError

if TYPE_CHECKING:
    from nettrain.experiment.reference.kinds import CatalogueEntry

Kind = Annotated[
    str | None,
    typer.Argument(
        metavar="KIND",
        help="Show one kind in full, such as activation, loss or optimizer.",
        show_default=False,
        autocompletion=complete_kind,
    ),
]
Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Show one variant of the kind alone, such as relu.",
        show_default=False,
        autocompletion=complete_variant,
    ),
]
Figure = Annotated[
    bool,
    typer.Option("--figure", help="Draw them: of activations, schedules and momentum schedules."),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="The picture of --figure; default: KIND.png or NAME.png.", show_default=False),
]


def list_kinds(
    kind: Kind = None,
    name: Name = None,
    figure: Figure = False,
    out: Out = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what an experiment file can name: variants with their settings, ranges, defaults and sources."""
    import json
    from dataclasses import asdict

    from nettrain.output.catalogue import details, overview
    from nettrain.output.console import console
    from nettrain.workflow.catalogue import variants

    if out is not None and not figure:
        raise SpecError("--out: only --figure writes a picture")
    listed = variants(kind, name)
    if figure:
        _draw(kind, listed, out or Path(f"{name or kind}.png".replace(" ", "_")))
    if as_json:
        print(json.dumps({name: [asdict(entry) for entry in entries] for name, entries in listed.items()}))
    elif figure:
        return
    elif kind:
        details(console(), kind, listed[kind])
    else:
        overview(console(), listed)


def _draw(kind: str | None, listed: "dict[str, list[CatalogueEntry]]", picture: Path) -> None:
    """Draw the variants of a kind, and say where."""
    import sys

    from nettrain.files import write_atomic
    from nettrain.output.catalogue_figures import catalogue_picture, refuse_kind
    from nettrain.workflow.output_files import check_picture_file

    refuse_kind(kind)
    check_picture_file(picture, ())
    names = [entry.name for entry in listed[kind or ""]]
    write_atomic(picture, catalogue_picture(kind or "", names))
    print(f"picture: {picture}", file=sys.stderr)
