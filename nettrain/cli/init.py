"""`nettrain init`: write a commented experiment file for some data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nettrain.cli.completion import complete_column
from nettrain.cli.options import Debug, Json

if TYPE_CHECKING:
    from nettrain.workflow.draft import WrittenDraft

Data = Annotated[
    str,
    typer.Argument(metavar="DATA", help="A file or folder of rows, or builtin:NAME.", show_default=False),
]
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        metavar="NAME",
        help="The column to predict; default: guessed.",
        autocompletion=complete_column,
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="The file to write; default: named after DATA.")
]


def init(
    data: Data, target: Target = None, out: Out = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Look at DATA and write a commented experiment file that is ready to train."""
    import json

    from nettrain.output.draft import draft_report
    from nettrain.workflow.draft import write_draft

    written = write_draft(data, target, out)
    if as_json:
        print(json.dumps(draft_json(written)))
    else:
        draft_report(written)


def draft_json(written: "WrittenDraft") -> dict[str, object]:
    """The written file and the guess that it is made from, as JSON."""
    from nettrain.data.splitting.order import OrderBy
    from nettrain.workflow.draft import role

    guess, order = written.guess, written.guess.time.order
    return {
        "file": str(written.file),
        "rows": guess.rows,
        "looked_at": guess.sampled_rows,
        "test_rows": guess.test_rows,
        "targets": [column.name for column in guess.targets],
        "target_kind": guess.kind,
        "reason": guess.reason,
        "classes": dict(guess.classes),
        "positive": guess.positive[0] if guess.positive else None,
        "unlabelled": guess.unlabelled,
        "order": order.model_dump() if isinstance(order, OrderBy) else order,
        "codes": [column.name for column in guess.codes],
        "notes": list(guess.notes),
        "columns": [
            {
                "name": column.name,
                "kind": column.kind,
                "gaps": column.gaps,
                "different": column.distinct + len(column.words),
                "role": role(guess, column.name),
            }
            for column in guess.columns
        ],
    }
