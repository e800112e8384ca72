"""A commented experiment file from a guess at the data: what was seen, what follows, how to say otherwise."""

from collections.abc import Iterable

from nettrain.data.columns.profiles import ColumnProfile
from nettrain.data.guess import Guess
from nettrain.data.reading.options import ReadOptions
from nettrain.data.tables.table import counted
from nettrain.experiment.drafting.page import Page, plain, printable, quoted, shortened
from nettrain.experiment.drafting.recommendation import Recommendation, in_words, recommend

NAMED = 6  # columns in a comment before it gets hard to read
TEST, VALIDATION = 0.2, 0.15
RAREST = 3  # rows of a class that every split can have its share of
UNEVEN = 0.2  # of the largest class: rows of a smaller one are easily passed over


def draft(guess: Guess, source: str, name: str, made_by: str, file: str, *, split_seed: int = 0) -> str:
    """The text of the experiment file `file`, for data that are named `source` in it.

    `made_by` is the command that asked for it; with a `split_seed` the splits have a seed of their own.
    """
    suited = recommend(guess)
    page = Page()
    page.remark(
        0, f"A first guess by `{printable(made_by)}` from a look at the data; change what you know better."
    )
    page.line(0, f"#   nettrain train {printable(file)}")
    page.remark(0, f"{seen(guess)}.")
    page.entry(0, "experiment", name, "name of the run's folder")
    page.entry(0, "seed", 0, "of the splits, the first weights and the order of the rows")
    page.line(0, "data:")
    page.entry(1, "source", source)
    if not guess.header:
        page.entry(1, "header", False, "columns are numbered; true if the first row names them")
    elif guess.marks:
        page.entry(1, "header", True, "the first row names the columns")
    add_target(page, guess)
    add_gaps(page, guess)
    add_columns(page, guess)
    add_scaling(page, guess)
    add_splits(page, guess, suited)
    if split_seed:
        page.entry(1, "seed", split_seed, "of the splits: the first with which every class has training rows")
    add_network(page, guess, suited)
    add_training(page, suited)
    return page.text


def findings(guess: Guess) -> dict[str, str]:
    """What was guessed, in words, by what it is about."""
    target = f"{listed(guess.targets)} ({guess.reason})"
    found = {"data": seen(guess), "target": target, "task": f"{guess.kind}: {task(guess)}"}
    if guess.ignored:
        found["ignored"] = listed(column for column in guess.columns if column.name in guess.ignored)
    if guess.codes:
        found["codes"] = f"{listed(guess.codes)}: whole numbers of few values, taken as amounts"
    if guess.marks:
        found["gaps"] = f"also written {', '.join(map(quoted, guess.marks[:NAMED]))}"
    if guess.unlabelled:
        found["dropped"] = f"{counted(guess.unlabelled, 'row')} without a target"
    found["network"] = in_words(recommend(guess))
    return found | ({"note": "; ".join(guess.notes)} if guess.notes else {})


def rare(guess: Guess) -> bool:
    """Whether a class has too few rows for each split to get some."""
    return bool(guess.classes) and min(guess.classes.values()) < RAREST


def seen(guess: Guess) -> str:
    """What was looked at, in one sentence."""
    text = f"{guess.rows:,} rows, {counted(len(guess.columns), 'column')}"
    if guess.test_rows:
        text += f", and {guess.test_rows:,} test rows of its own"
    if guess.looked_at < guess.rows:
        text += f"; numbers were looked at in {guess.looked_at:,} rows at even distances"
    return text


def add_target(page: Page, guess: Guess) -> None:
    """The target, its kind, and how to say otherwise."""
    names = [target.name for target in guess.targets]
    other = "; `nettrain init --target NAME` takes another" if guess.reason != "as asked" else ""
    page.entry(1, "target", names[0] if len(names) == 1 else names, f"{guess.reason}{other}")
    page.entry(1, "target_kind", guess.kind, task(guess))
    if guess.kind == "numbers":
        page.entry(
            1, "target_scaling", "standard", "learned as (y - mean) / spread; figures are in y's own unit"
        )


def task(guess: Guess) -> str:
    """What the target's values say about the task."""
    target = guess.targets[0]
    if guess.classes:
        largest, rows = next(iter(guess.classes.items()))
        share = percent(rows, sum(guess.classes.values()))
        text = f"{len(guess.classes)}; always answering {quoted(largest)} is right for {share}"
        return f"{text}; or `numbers`" if target.kind == "numbers" else text
    if guess.kind == "labels":
        return "0 and 1 in several columns"
    if len(guess.targets) > 1:
        return f"{len(guess.targets)} columns of them"
    return f"{target.different:,} different ones from {target.low:g} to {target.high:g}"


def add_splits(page: Page, guess: Guess, suited: Recommendation) -> None:
    """Which rows are held back."""
    rows = guess.rows - guess.unlabelled
    if guess.test_rows:
        page.remark(1, f"the {guess.test_rows:,} test rows that the source brings give the final figures")
    elif suited.held:
        held = int(TEST * rows + 0.5)
        page.entry(1, "test", TEST, f"{held:,} rows that training never sees, for the final figures")
    if suited.held:
        page.entry(1, "validation", VALIDATION, "of the others: rows that watch training")
    else:
        page.entry(1, "validation", 0, f"{counted(rows, 'row')} are too few to hold some back")
    if guess.classes and suited.held:
        add_stratify(page, guess)


def add_stratify(page: Page, guess: Guess) -> None:
    """Whether splits get their share of each class, which the rarest must allow."""
    if rare(guess):
        name, rows = min(guess.classes.items(), key=lambda pair: pair[1])
        page.entry(1, "stratify", False, f"{quoted(name)} has only {counted(rows, 'row')} to share out")
    else:
        page.entry(1, "stratify", True, "every split has its share of each class")
    if min(guess.classes.values()) < UNEVEN * max(guess.classes.values()):
        page.remark(1, "class_weights: balanced would let rows of rare classes count more")


def add_gaps(page: Page, guess: Guess) -> None:
    """How gaps are spelled, where they are, and what becomes of them."""
    if guess.marks:
        words = ", ".join(map(quoted, guess.marks[:NAMED]))
        page.entry(
            1, "missing", [*ReadOptions.missing, *guess.marks], f"words among numbers are gaps: {words}"
        )
    if guess.unlabelled:
        page.entry(1, "missing_target", "drop", f"{counted(guess.unlabelled, 'row')} without a target")
    gaps = sorted((c for c in guess.inputs if c.gaps), key=lambda column: -column.gaps)
    if gaps:
        most = percent(gaps[0].gaps, gaps[0].rows)
        upto = f"up to {most}" if len(gaps) > 1 else most
        page.remark(
            1,
            f"gaps in {counted(len(gaps), 'input')}, {upto} of the rows: {listed(gaps)}. Numbers get the "
            "median of the training rows and a mark, text gets a category of its own.",
        )


def add_columns(page: Page, guess: Guess) -> None:
    """Columns that are left out or taken as categories, each with its reason."""
    roles = {"ignore": guess.ignored, "categorical": guess.categorical}
    if any(roles.values()):
        page.line(1, "columns:")
    for role, reasons in roles.items():
        if reasons:
            page.line(2, f"{role}:")
        for name, reason in reasons.items():
            page.line(3, f"- {plain(name)}", printable(reason))
    if guess.groups:
        page.remark(
            1,
            f"{listed(guess.groups)}: where rows of one value belong together, columns: {{group: ...}} in "
            "place of ignore keeps them in one split.",
        )
    if guess.codes:
        page.remark(
            1,
            f"{listed(guess.codes)}: whole numbers of few values, taken as amounts. If they are codes, name "
            "them in columns: {categorical: [...]}.",
        )


def add_scaling(page: Page, guess: Guess) -> None:
    """How numbers are scaled, and why so."""
    if not guess.numbers:
        return
    reasons = {
        "standard": "each column of numbers to mean 0 and spread 1, as seen in the training rows",
        "none": "all numbers are between 0 and 1 already",
    }
    scaling = guess.scaling
    if isinstance(scaling, str):
        page.entry(1, "scaling", scaling, reasons[scaling])
    else:
        page.entry(1, "scaling", scaling, f"pixels of 0 to {scaling['by']}, now of 0 to 1")


def add_network(page: Page, guess: Guess, suited: Recommendation) -> None:
    """Hidden layers and what keeps them from learning the rows by heart."""
    page.line(0, "model:")
    page.entry(1, "hidden", suited.hidden, "units of each hidden layer; [] is a linear model")
    page.entry(1, "activation", "relu")
    if suited.dropout:
        page.entry(1, "dropout", suited.dropout, "a little noise against learning the training rows by heart")
    if suited.l2:
        page.line(0, "regularization:")
        page.entry(1, "l2", suited.l2, "a pull towards small weights, as there are few rows")


def add_training(page: Page, suited: Recommendation) -> None:
    """The optimizer and the loop."""
    page.line(0, "optimizer:")
    page.entry(1, "name", "adam")
    page.entry(
        1,
        "learning_rate",
        suited.learning_rate,
        "the first number to change: try a third, and three times it",
    )
    page.line(0, "training:")
    page.entry(
        1,
        "epochs",
        suited.epochs,
        "passes over the training rows, at most" if suited.held else "passes over the rows",
    )
    page.entry(1, "batch_size", suited.batch_size, "rows per step")
    if suited.held:
        stopping = {"monitor": "val_loss", "patience": suited.patience}
        page.entry(1, "early_stopping", stopping, "ends with the weights of the best epoch")


def listed(columns: Iterable[ColumnProfile]) -> str:
    """`a, b and 3 more`: the names of columns."""
    names = [shortened(column.name) for column in columns]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def percent(part: float, whole: float) -> str:
    """`44 %`; `under 1 %` and `over 99 %` where rounding would say none or all."""
    share = round(100 * part / whole)
    if part == whole or 0 < share < 100:
        return f"{share} %"
    return "over 99 %" if share else "under 1 %"
