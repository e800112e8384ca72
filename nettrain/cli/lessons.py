"""`nettrain lessons`: what a course says about training, as experiments whose claims are measured."""

from pathlib import Path
from typing import Annotated

import typer

from nettrain.cli.completion import complete_lesson
from nettrain.cli.options import Debug, Json
from nettrain.cli.training import NoFigures

Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Run this lesson; without it, all lessons are listed.",
        show_default=False,
        autocompletion=complete_lesson,
    ),
]
Seeds = Annotated[int, typer.Option("--seeds", min=1, help="Seeds with which each experiment is trained.")]
FirstSeed = Annotated[int, typer.Option("--first-seed", min=0, help="The first of these seeds.")]
Copy = Annotated[
    Path | None,
    typer.Option(
        "--copy",
        metavar="DIR",
        help="Copy the lesson's experiment files to DIR/NAME, to be changed; nothing is trained.",
        show_default=False,
    ),
]
Out = Annotated[Path, typer.Option("--out", help="Folder in which the lesson's picture is written.")]


def lessons(
    name: Name = None,
    seeds: Seeds = 5,
    first_seed: FirstSeed = 0,
    copy: Copy = None,
    out: Out = Path("lessons"),
    no_figures: NoFigures = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """List the lessons with their claims, or run one: claim, curves, what was measured, and a verdict.

    The exit code is 1 when the claim does not hold. docs/course.md is the course that goes with them.
    """
    if name is None:
        if copy is not None:
            raise typer.BadParameter("needs the NAME of a lesson", param_hint="--copy")
        _list(as_json=as_json)
    elif copy is not None:
        _copy(name, copy, as_json=as_json)
    else:
        seeds_used = range(first_seed, first_seed + seeds)
        _run(name, seeds_used, None if no_figures else out, as_json=as_json)


def _list(*, as_json: bool) -> None:
    from nettrain.workflow.course import listed_lessons

    if as_json:
        import json

        print(json.dumps([one.plain for one in listed_lessons()]))
    else:
        from nettrain.output.console import console
        from nettrain.output.lesson_list import show_lessons

        show_lessons(console(), listed_lessons())


def _copy(name: str, folder: Path, *, as_json: bool) -> None:
    from nettrain.output.console import print_notes
    from nettrain.workflow.course import copy_experiments, named_lesson

    copies = copy_experiments(named_lesson(name), folder)
    if as_json:
        import json

        print(json.dumps([str(copy) for copy in copies]))
    else:
        print_notes([f"wrote {', '.join(map(str, copies))}"])


def _run(name: str, seeds: range, folder: Path | None, *, as_json: bool) -> None:
    from nettrain.output.console import console
    from nettrain.output.lesson_view import draw_lesson, lesson_progress, show_lesson
    from nettrain.store.run_folder import json_line
    from nettrain.workflow.course import named_lesson
    from nettrain.workflow.lesson import run_lesson

    lesson = named_lesson(name)
    with lesson_progress(console(stderr=True), lesson) as on_event:
        report = run_lesson(lesson, seeds=seeds, on_event=on_event)
    picture = None if folder is None else draw_lesson(report, folder)
    show_lesson(console(stderr=as_json), report, picture)
    if as_json:
        print(json_line(report.plain(picture)))
    raise typer.Exit(0 if report.holds else 1)
