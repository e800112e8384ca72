"""`nettrain init`: a commented experiment file from a look at the data."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nettrain.cli.options import Debug, Json

if TYPE_CHECKING:
    from nettrain.data.column_profiles import ColumnProfile
    from nettrain.data.guess import Guess
    from nettrain.output.columns import ColumnRow

MOST_ROWS = 30  # columns that are shown one by one
SEEDS = 20  # splits that are tried where a class is rare
Data = Annotated[
    str,
    typer.Argument(metavar="DATA", help="A file or folder of rows, or builtin:NAME.", show_default=False),
]
Target = Annotated[
    str | None, typer.Option("--target", metavar="NAME", help="The column to predict; default: a guess.")
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The file to write; default: named like DATA.")
]


def init(
    data: Data, target: Target = None, out: Out = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Look at DATA and write a commented experiment file that trains as it is."""
    import json

    from nettrain.data.guess import guess
    from nettrain.errors import SpecError
    from nettrain.files import write_whole

    refuse_unknown(data)
    file = out or Path(f"{stem(data)}.yaml")
    if file.exists():
        raise SpecError(f"{file}: is there already, and not overwritten; --out FILE writes another")
    found = guess(data, target)
    write_whole(file, proven_draft(found, data, target, file))
    if as_json:
        print(json.dumps(plain(found, file)))
    else:
        show(found, file)


def plain(found: "Guess", file: Path) -> dict[str, Any]:
    """What was found and written, as JSON."""
    return {
        "file": str(file),
        "rows": found.rows,
        "looked_at": found.looked_at,
        "test_rows": found.test_rows,
        "targets": [column.name for column in found.targets],
        "target_kind": found.kind,
        "reason": found.reason,
        "classes": dict(found.classes),
        "unlabelled": found.unlabelled,
        "notes": list(found.notes),
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "gaps": column.gaps,
                "different": column.different + len(column.words),
                "role": role(found, column.name),
            }
            for column in found.columns
        ],
    }


def stem(data: str) -> str:
    """What data are called: `iris` for builtin:iris, `housing` for housing.csv.gz, `mnist` for a folder."""
    from nettrain.data.settings import is_path
    from nettrain.files import safe_name

    name = Path(data).absolute().name if is_path(data) else data.partition(":")[2]
    return safe_name(name.lstrip(".").split(".")[0] or name)


def refuse_unknown(data: str) -> None:
    """Raise SpecError when no reader takes such a source."""
    from nettrain.experiment.document import Document
    from nettrain.experiment.load import check

    check(Document({"data": {"source": data}}))


def proven_draft(found: "Guess", data: str, target: str | None, file: Path) -> str:
    """The text of the file, which has been tried on the data unless they are large.

    Where a class is too rare to be stratified, splits are drawn until each class has training rows.
    Raises DataError when the data cannot be trained on.
    """
    from nettrain.errors import DataError
    from nettrain.experiment.draft import draft, rare

    source, command = source_beside(file, data), shlex.join(["nettrain", "init", data, *named(target)])
    for seed in range(SEEDS if rare(found) else 1):
        text = draft(found, source, stem(str(file)), command, str(file), split_seed=seed)
        if found.looked_at < found.rows and not rare(found):
            return text  # it would take as long as the start of a run
        try:
            prove(text, data)
        except DataError as error:
            failed = error
        else:
            return text
    raise failed


def named(target: str | None) -> list[str]:
    """The option that names the target, when it was given."""
    return [] if target is None else ["--target", target]


def source_beside(file: Path, data: str) -> str:
    """The source as a file in that folder names it."""
    from nettrain.data.settings import is_path

    if not is_path(data):
        return data
    path = Path(os.path.relpath(data, file.parent)).as_posix()
    return f"{path}/" if Path(data).is_dir() else path


def prove(text: str, data: str) -> None:
    """Read and split the data as a run will. Raises DataError when that fails."""
    from nettrain.experiment.document import parse
    from nettrain.experiment.load import check, resolved
    from nettrain.experiment.resolution import read_and_resolve

    experiment = resolved(check(parse(text, "draft")))
    settings = experiment.data.model_copy(update={"source": data})
    read_and_resolve(experiment.model_copy(update={"data": settings}))


def show(found: "Guess", file: Path) -> None:
    """The columns, what was guessed, and what to do next."""
    from nettrain.experiment.draft import findings
    from nettrain.output.columns import show_columns

    # targets in any case, which mostly are the last of many columns
    shown = [c for k, c in enumerate(found.columns) if k < MOST_ROWS or c in found.targets]
    facts = {**findings(found), "wrote": str(file), "next": f"nettrain train {shlex.quote(str(file))}"}
    show_columns([row(found, column) for column in shown], len(found.columns) - len(shown), facts)


def row(found: "Guess", column: "ColumnProfile") -> "ColumnRow":
    """What is shown of a column."""
    from nettrain.output.numbers import count

    mixed = bool(column.words) and not column.spelled
    gaps = count(column.gaps) if column.gaps else ""
    different = count(column.different + len(column.words))
    kind = "mixed" if mixed else column.kind
    return (column.name, kind, gaps, different, values(column), role(found, column.name))


def values(column: "ColumnProfile") -> str:
    """The range of a column's numbers, or its most frequent values."""
    from nettrain.output.numbers import count, figure

    if column.kind != "numbers" or column.words:
        return ", ".join(column.values)
    if column.whole:
        return f"{count(int(column.low))} to {count(int(column.high))}"
    return f"{figure(column.low)} to {figure(column.high)}"


def role(found: "Guess", name: str) -> str:
    """What a column is for, and why when it is not what it seems."""
    if name in (target.name for target in found.targets):
        return "target"
    if name in found.ignored:
        return f"ignored: {found.ignored[name]}"
    return f"input: {found.categorical[name]}" if name in found.categorical else "input"
