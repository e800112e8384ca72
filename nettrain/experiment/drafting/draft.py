"""A commented experiment file from a guess at the data: every value with its reason and its alternatives."""

from dataclasses import dataclass

from nettrain.catalogue.searches.base import TRIALS
from nettrain.data.columns.cell_inputs import MARK_GAPS_FROM
from nettrain.data.columns.identifiers import ROWS_PER_KEY
from nettrain.data.guess import Guess
from nettrain.data.reading.options import ReadOptions
from nettrain.data.splitting.order import OrderBy
from nettrain.data.tables.table import counted
from nettrain.experiment.blending import BLEND
from nettrain.experiment.default_search import default_ranges
from nettrain.experiment.document import parse
from nettrain.experiment.drafting.findings import (
    codes,
    gap_words,
    giveaways,
    in_time,
    listed,
    percent,
    seen,
    task,
)
from nettrain.experiment.drafting.page import Page, plain, printable
from nettrain.experiment.drafting.recommendation import (
    BlendedRecipe,
    Recommendation,
    RecommendedRecipe,
    facts,
    meaning_of,
    recommend,
)
from nettrain.experiment.load import validate

TEST, VALIDATION = 0.2, 0.15
UNEVEN = 0.2  # of the largest class: smaller classes than this are easily ignored in training

SCALINGS = {  # why numbers are scaled so
    "standard": "each numeric column to mean 0 and standard deviation 1 over the training rows",
    "robust_clip": "numeric columns by median and quartiles, and what is far out bent inwards",
    "none": "all numbers are between 0 and 1 already",
}
CHANGES = {  # of a recipe, that one might try
    "model": {
        "hidden": "units of each hidden layer",
        "dropout": "more of it where validation rows do much worse than training rows",
    },
    "optimizer": {"learning_rate": "the first setting to tune: try a third of it, and three times as much"},
    "training": {"epochs": "passes over the training rows, at most"},
}


@dataclass(frozen=True)
class DraftFile:
    """What a draft says about itself: its path, its experiment's name, its source, the command behind it."""

    path: str
    experiment: str
    source: str
    command: str


def draft(guess: Guess, file: DraftFile) -> str:
    """The text of an experiment file that trains as it is."""
    recommended, page = recommend(guess), Page()
    _add_head(page, guess, file)
    if isinstance(recommended, RecommendedRecipe):
        page.entry(0, "recipe", recommended.name, recommended.meaning)
    _add_source(page, guess, file)
    _add_target(page, guess)
    _add_gaps(page, guess)
    _add_columns(page, guess)
    _add_scaling(page, guess, recommended)
    _add_splits(page, guess, recommended)
    if isinstance(recommended, RecommendedRecipe):
        if recommended.blended is not None:
            _add_blend(page, recommended.blended)
        _add_changes(page, guess, file, recommended)
        return page.text
    _add_network(page, recommended)
    _add_training(page, recommended)
    if recommended.held:
        _add_search(page, file)
    return page.text


def _add_head(page: Page, guess: Guess, file: DraftFile) -> None:
    command = printable(file.command)
    page.remark(0, f"First guess by `{command}`, from a look at the data; change whatever you know better.")
    page.line(0, f"#   nettrain train {printable(file.path)}")
    page.remark(0, f"{seen(guess)}.")
    page.entry(0, "experiment", file.experiment, "name of the run's folder")
    page.entry(0, "seed", 0, "for the splits, the initial weights and the order of the rows")


def _add_source(page: Page, guess: Guess, file: DraftFile) -> None:
    page.line(0, "data:")
    page.entry(1, "source", file.source)
    if not guess.header:
        page.entry(1, "header", False, "columns are numbered; true if the first row names them")
    elif guess.gap_words:
        page.entry(1, "header", True, "the first row names the columns")


def _add_target(page: Page, guess: Guess) -> None:
    names = [target.name for target in guess.targets]
    other = "; `nettrain init --target NAME` takes another" if guess.reason != "as asked" else ""
    page.entry(1, "target", names[0] if len(names) == 1 else names, f"{guess.reason}{other}")
    page.entry(1, "target_kind", guess.kind, task(guess))
    if guess.positive:
        positive, why = guess.positive
        page.entry(1, "positive", positive, f"what precision, recall and F1 are about; {why}")
    if guess.kind == "numbers":
        text = "learned as (y - mean) / standard deviation; metrics are in the unit of y"
        page.entry(1, "target_scaling", "standard", text)


def _add_gaps(page: Page, guess: Guess) -> None:
    if guess.gap_words:
        text = f"words among numbers are gaps: {gap_words(guess)}"
        page.entry(1, "missing", [*ReadOptions.missing, *guess.gap_words], text)
    if guess.unlabelled:
        page.entry(1, "missing_target", "drop", f"{counted(guess.unlabelled, 'row')} without a target")
    gaps = sorted((c for c in guess.inputs if c.gaps), key=lambda column: -column.gaps)
    if gaps:
        most = percent(gaps[0].gaps, gaps[0].rows)
        share = f"up to {most}" if len(gaps) > 1 else most
        page.remark(
            1,
            f"gaps in {counted(len(gaps), 'input')}, {share} of the rows: {listed(gaps)}. Missing numbers "
            "become the median of the training rows, missing text the shares of the categories; where at "
            f"least {MARK_GAPS_FROM} training rows have a gap, an input marks it (mark_gaps_from).",
        )


def _add_columns(page: Page, guess: Guess) -> None:
    roles = {"ignore": guess.ignored, "categorical": guess.categorical, "words": guess.worded}
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
            f"{listed(guess.groups)}: if rows with the same value belong together, columns: {{group: ...}} "
            "instead of ignore keeps them in one split.",
        )
    if guess.keys:
        page.remark(1, f"{listed(guess.keys)}: {_key_words(guess)}")
    if guess.giveaways:
        page.remark(1, f"{giveaways(guess)}. If not, ignore what tells it under columns: {{ignore: [...]}}.")
    if guess.codes:
        page.remark(
            1,
            f"{codes(guess)}. Those that are codes, such as months or kinds, become categories under "
            "columns: {categorical: [...]}.",
        )


def _key_words(guess: Guess) -> str:
    """Why identifiers are categories, and what to do if their values are to be new ones."""
    why = f"taken as categories, with few values or at least {ROWS_PER_KEY} rows per value on average."
    if guess.time.order != "random":  # groups and an order do not go together
        return why
    return (
        f"{why} To predict rows with new values, move the column to columns: {{group: ...}}; rows with the "
        "same value then stay in one split, and the column is no input."
    )


def _add_scaling(page: Page, guess: Guess, recommended: Recommendation | RecommendedRecipe) -> None:
    """Add the scaling of numbers, unless that of the recipe suits them."""
    scaling: str | dict[str, str | int] | None = guess.scaling
    if scaling == "standard" and isinstance(recommended, RecommendedRecipe):
        scaling = recommended.scaling
    elif isinstance(recommended, RecommendedRecipe) and recommended.keeps_scaling:
        scaling = None
    if not guess.numbers or scaling is None:
        return
    if isinstance(scaling, str):
        page.entry(1, "scaling", scaling, SCALINGS[scaling])
    else:
        page.entry(1, "scaling", scaling, f"pixels from 0 to {scaling['by']}, scaled to 0 to 1")


def _add_splits(page: Page, guess: Guess, recommended: Recommendation | RecommendedRecipe) -> None:
    rows, held = guess.rows - guess.unlabelled, recommended.held
    if guess.test_rows:
        page.remark(1, f"the final metrics come from the {guess.test_rows:,} test rows of the source")
    elif held:
        tested = int(TEST * rows + 0.5)
        page.entry(1, "test", TEST, f"{tested:,} rows that training never sees, for the final metrics")
    if isinstance(recommended, RecommendedRecipe) and recommended.folds:
        _add_folds(page, guess, recommended.folds)
    elif held:
        page.entry(1, "validation", VALIDATION, "of the remaining rows, to monitor training")
    else:
        page.entry(1, "validation", 0, f"{counted(rows, 'row')} are too few to hold some back")
    if held:
        _add_order(page, guess)
    if guess.classes and held:
        _add_stratify(page, guess)


def _add_folds(page: Page, guess: Guess, count: int) -> None:
    if guess.time.order == "random":
        text = "networks, each validated on another part of the rows; their mean predicts"
        page.entry(1, "folds", count, text)
    else:
        text = "networks, each validated on another block in time; the latest rows train too"
        page.entry(1, "folds", {"count": count, "train_on": "others"}, text)


def _add_order(page: Page, guess: Guess) -> None:
    if guess.time.order != "random":
        order = guess.time.order
        value = order.model_dump() if isinstance(order, OrderBy) else order
        page.entry(1, "order", value, in_time(guess.time))
    elif guess.time.columns:
        name = guess.time.columns[0]
        page.remark(
            1,
            f"rows are held out at random. If later rows are to be predicted from earlier ones, "
            f"order: {plain({'by': name})} holds out the latest.",
        )


def _add_stratify(page: Page, guess: Guess) -> None:
    if guess.time.order == "random":  # otherwise whatever the last rows are
        page.entry(1, "stratify", True, "every split has its share of each class")
    if min(guess.classes.values()) < UNEVEN * max(guess.classes.values()):
        page.remark(1, "class_weights: balanced would give rows of rare classes more weight")


def _add_network(page: Page, recommended: Recommendation) -> None:
    page.line(0, "model:")
    page.entry(1, "hidden", recommended.hidden, "units of each hidden layer; [] is a linear model")
    page.entry(1, "activation", "relu")
    if recommended.dropout:
        text = "some noise, so that the network does not memorise the training rows"
        page.entry(1, "dropout", recommended.dropout, text)
    if recommended.l2:
        page.line(0, "regularization:")
        page.entry(1, "l2", recommended.l2, "a penalty on large weights, because there are few rows")


def _add_training(page: Page, recommended: Recommendation) -> None:
    page.line(0, "optimizer:")
    page.entry(1, "name", "adam")
    text = "the first setting to tune: try a third of it, and three times as much"
    page.entry(1, "learning_rate", recommended.learning_rate, text)
    page.line(0, "training:")
    text = "passes over the training rows, at most" if recommended.held else "passes over the rows"
    page.entry(1, "epochs", recommended.epochs, text)
    page.entry(1, "batch_size", recommended.batch_size, "rows per step")
    if recommended.held:
        stopping = {"monitor": "val_loss", "patience": recommended.patience}
        page.entry(1, "early_stopping", stopping, "restores the weights of the best epoch")


def _add_blend(page: Page, second: BlendedRecipe) -> None:
    page.remark(
        0,
        "a second network in the same folds. The mean of both predicts, with weights that are chosen by the "
        "rows that folds hold out; without this block the first predicts alone.",
    )
    page.line(0, f"{BLEND}:")
    page.line(1, f"- recipe: {second.name}", meaning_of(second.name))
    for block, settings in second.settings.items():
        page.entry(2, block, dict(settings), SCALINGS.get(str(settings.get("scaling")), ""))


def _add_changes(page: Page, guess: Guess, file: DraftFile, recommended: RecommendedRecipe) -> None:
    """Add what the file says otherwise, and what one might change of a recipe, commented out."""
    if recommended.calibrated:
        text = (
            "fitted on validation rows; labels that are smoothed in training make probabilities too cautious"
        )
        page.entry(0, "calibration", "temperature", text)
    path = printable(file.path)
    page.remark(
        0,
        f"`nettrain show {path}` writes out all that the recipe sets. What stands in this file counts"
        " instead; these lines are the recipe's, to be changed:",
    )
    changes, known = Page(), facts(guess, _training_share(guess, recommended))
    for block, comments in CHANGES.items():
        changes.line(0, f"{block}:")
        for key, comment in comments.items():
            changes.entry(1, key, recommended.value(f"{block}.{key}", known), comment)
    page.lines += [f"# {line}" for line in changes.lines]


def _training_share(guess: Guess, recommended: RecommendedRecipe) -> float:
    """The share of the rows that each network trains on."""
    untested = 1.0 if guess.test_rows else 1 - TEST
    return untested * (1 - (1 / recommended.folds if recommended.folds else VALIDATION))


def _add_search(page: Page, file: DraftFile) -> None:
    """Add a block that searches what `nettrain sweep` searches without it, commented out."""
    ranges = default_ranges(validate(parse(page.text, file.path)))
    page.remark(
        0,
        f"`nettrain sweep {printable(file.path)}` searches these ranges; uncomment the block to change them.",
    )
    block = Page()
    block.line(0, "sweep:")
    block.entry(1, "trials", TRIALS, "in all; a larger number continues the search")
    block.line(1, "parameters:")
    for key, values in ranges.items():
        block.entry(2, key, values)
    page.lines += [f"# {line}" for line in block.lines]
