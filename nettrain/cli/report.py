"""`nettrain report`: a page of HTML on a run or a sweep."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_report
from nettrain.cli.options import Debug, Json

Source = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|SWEEP",
        help="The folder of a run, which may have been interrupted, or of a sweep.",
        show_default=False,
        autocompletion=complete_report,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="The page; default: report.html in the folder.", show_default=False),
]
Open = Annotated[bool, typer.Option("--open", help="Show the page in the browser.")]


def report(
    source: Source,
    out: Out = None,
    open_page: Open = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a page of HTML on a run or a sweep, which needs no other file and no network."""
    from nettrain.output.console import console
    from nettrain.output.evaluation import shuffling_status
    from nettrain.output.report_page.write import write_report

    with shuffling_status(console(stderr=True)) as on_column:
        written = write_report(source, out, on_column)
    print(written.facts.model_dump_json() if as_json else written.file)
    if open_page:
        import webbrowser

        webbrowser.open(written.file.absolute().as_uri())
