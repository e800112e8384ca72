"""Arguments and options that several commands share."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_backend, complete_file, complete_override, complete_run


class SplitChoice(StrEnum):
    """Which of the run's own rows, or of those that a source brings."""

    train = "train"
    validation = "validation"
    test = "test"


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
        help="Use this member alone, from 0; default: the mean of an ensemble, the first of a repeat.",
        show_default=False,
    ),
]
Interval = Annotated[
    list[float] | None,
    typer.Option(
        "--interval",
        metavar="SHARE",
        help="Level of a prediction interval, such as 0.9; losses pinball and gaussian_nll.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Rows that differ from the training data are an error.")
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="COLUMN,…",
        help="Columns of the data to list beside predictions, by name or position.",
        show_default=False,
    ),
]
Part = Annotated[
    SplitChoice | None,
    typer.Option(
        "--part",
        help="Which split of the run's data; with DATA, train or test of a source with both.",
        show_default=False,
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY=VALUE",
        help="Changes to the experiment, such as optimizer.learning_rate=1e-2.",
        show_default=False,
        autocompletion=complete_override,
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON object on standard output, everything else on standard error."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show neither progress nor report.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        metavar="NAME",
        help="Short for backend.name=…: auto, numpy or cupy.",
        show_default=False,
        autocompletion=complete_backend,
    ),
]
Device = Annotated[
    int | None,
    typer.Option(
        "--device", metavar="N", help="Short for backend.device=…: the number of the GPU.", show_default=False
    ),
]

TensorBoard = Annotated[
    Path | None,
    typer.Option(
        "--tensorboard",
        metavar="DIR",
        help="Write events for TensorBoard into a folder in DIR, which it is started on.",
        show_default=False,
    ),
]
Diagnostics = Annotated[
    bool,
    typer.Option(
        "--diagnostics", help="Short for training.diagnostics=true: record each layer, and give advice."
    ),
]


FOLDS = re.compile(r"(\d+)(?:[x×](\d+))?")  # 5, or 5x3
Folds = Annotated[
    str | None,
    typer.Option(
        "--folds",
        metavar="N|NxR",
        help="Cross-validate: short for data.folds=N and data.validation=0; 5x3 repeats 5 folds 3 times.",
        show_default=False,
    ),
]


def with_folds(overrides: list[str], folds: str | None) -> list[str]:
    """The overrides, followed by those that --folds is short for. Raises SpecError when it is no number."""
    if folds is None:
        return overrides
    found = FOLDS.fullmatch(folds)
    if found is None:
        from nettrain.errors import SpecError

        raise SpecError(
            f"--folds: {folds} is neither a number of folds, such as 5, nor one of repeats, as 5x3"
        )
    refuse_twice(overrides)
    block = {"count": found[1], "repeats": found[2] or 1, "take": "null"}
    return [*overrides, "data.validation=0", *(f"data.folds.{key}={value}" for key, value in block.items())]


def refuse_twice(overrides: list[str]) -> None:
    """Raise SpecError for an override of what --folds says."""
    keys = {"data.folds", *(f"data.folds.{key}" for key in ("count", "repeats", "take"))}
    for override in overrides:
        if override.partition("=")[0].strip() in keys:
            from nettrain.errors import SpecError

            raise SpecError(f'--folds: does not go with the override "{override}", which says the same')


def with_diagnostics(overrides: list[str], *, diagnostics: bool) -> list[str]:
    """The overrides, followed by the one that --diagnostics is short for."""
    return [*overrides, "training.diagnostics=true"] if diagnostics else overrides


def with_backend(overrides: list[str] | None, backend: str | None, device: int | None) -> list[str]:
    """The overrides, followed by those that --backend and --device are short for."""
    options = {"backend.name": backend, "backend.device": device}
    changes = [f"{key}={value}" for key, value in options.items() if value is not None]
    return [*(overrides or []), *changes]
