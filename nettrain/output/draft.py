"""The columns of some data, and the experiment file that was written for them."""

import shlex

from nettrain.data.columns.profiles import ColumnProfile
from nettrain.data.guess import Guess
from nettrain.experiment.drafting.findings import findings
from nettrain.output.columns import ColumnRow, show_columns
from nettrain.output.numbers import count, figure
from nettrain.workflow.draft import WrittenDraft, role

MOST_ROWS = 30  # columns with a row of their own


def draft_report(written: WrittenDraft) -> None:
    """Print the columns, the guesses, and the next command."""
    guess, file = written.guess, str(written.file)
    # targets always: among many columns, they are usually the last
    shown = [c for k, c in enumerate(guess.columns) if k < MOST_ROWS or c in guess.targets]
    facts = {**findings(guess), "wrote": file, "next": f"nettrain train {shlex.quote(file)}"}
    show_columns([column_row(guess, column) for column in shown], len(guess.columns) - len(shown), facts)


def column_row(guess: Guess, column: ColumnProfile) -> ColumnRow:
    """The cells of a column's row."""
    mixed = bool(column.words) and not column.words_are_gaps
    gaps = count(column.gaps) if column.gaps else ""
    distinct = count(column.distinct + len(column.words))
    kind = "mixed" if mixed else column.kind
    return (column.name, kind, gaps, distinct, values(column), role(guess, column.name))


def values(column: ColumnProfile) -> str:
    """The range of a column's numbers, or its most frequent values."""
    if column.kind != "numbers" or column.words:
        return ", ".join(column.values)
    if column.integer:
        return f"{whole(column.low)} to {whole(column.high)}"
    return f"{figure(column.low)} to {figure(column.high)}"


def whole(value: float) -> str:
    """A whole number; of four digits, as those of years, without a separator."""
    return count(int(value)) if abs(value) >= 1e4 else str(int(value))
