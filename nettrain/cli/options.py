"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_file, complete_override, complete_run

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="The experiment file.", show_default=False, autocompletion=complete_file
    ),
]
RunArgument = Annotated[
    Path,
    typer.Argument(metavar="RUN", help="A run folder.", show_default=False, autocompletion=complete_run),
]
Member = Annotated[
    int | None,
    typer.Option(
        "--member",
        help="Ask this member alone, from 0; default: the mean of an ensemble, the first of a repeat.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Changes, such as optimizer.learning_rate=1e-2.",
        show_default=False,
        autocompletion=complete_override,
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object on standard output, all else on standard error.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no report.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]
Backend = Annotated[str | None, typer.Option("--backend", help="Short for backend.name=…: auto or numpy.")]
