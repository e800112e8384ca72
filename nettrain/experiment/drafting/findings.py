"""What a first look at the data has found, in words."""

from collections.abc import Iterable

from nettrain.data.columns.profiles import ColumnProfile
from nettrain.data.guess import Guess
from nettrain.data.splitting.order import Order, OrderBy
from nettrain.data.tables.table import counted
from nettrain.data.time_order import TimeOrder
from nettrain.experiment.drafting.page import quoted, shortened
from nettrain.experiment.drafting.recommendation import in_words, recommend

NAMED = 6  # columns or words that are listed before the others are only counted
MOST_CODES_NAMED = 50  # the same of possible codes, which a person has to go through


def findings(guess: Guess) -> dict[str, str]:
    """What was guessed, by topic; a line for each note."""
    topics = {
        "data": seen(guess),
        "target": f"{listed(guess.targets)} ({guess.reason})",
        "task": task(guess) if guess.classes else f"{guess.kind}: {task(guess)}",
        "ignored": listed(column for column in guess.columns if column.name in guess.ignored),
        "leaks": giveaways(guess),
        "codes": codes(guess),
        "order": f"{spelled(guess.time.order)}: {in_time(guess.time)}" if in_time(guess.time) else "",
        "gaps": f"also written {gap_words(guess)}" if guess.gap_words else "",
        "dropped": f"{counted(guess.unlabelled, 'row')} without a target" if guess.unlabelled else "",
        "network": in_words(recommend(guess)),
        "note": "\n".join(guess.notes),
    }
    return {topic: text for topic, text in topics.items() if text}


def seen(guess: Guess) -> str:
    """How much data there is, in one sentence."""
    text = f"{guess.rows:,} rows, {counted(len(guess.columns), 'column')}"
    if guess.test_rows:
        text += f", and {guess.test_rows:,} test rows of its own"
    if guess.sampled_rows < guess.rows:
        text += f"; numbers were sampled from {guess.sampled_rows:,} evenly spaced rows"
    return text


def task(guess: Guess) -> str:
    """What the target's values say about the task."""
    target = guess.targets[0]
    if guess.classes:
        largest, rows = next(iter(guess.classes.items()))
        share = percent(rows, sum(guess.classes.values()))
        text = f"{len(guess.classes)} classes; always predicting {quoted(largest)} is right for {share}"
        return f"{text}; or `numbers`" if target.kind == "numbers" else text
    if guess.kind == "labels":
        return "0 and 1 in several columns"
    if len(guess.targets) > 1:
        return f"{len(guess.targets)} columns of them"
    return f"{target.distinct:,} different values from {amount(target.low)} to {amount(target.high)}"


def giveaways(guess: Guess) -> str:
    """The inputs that give the target away."""
    columns = [column for column in guess.columns if column.name in guess.giveaways]
    return f"{listed(columns)}: tells the target; is it known before the target is?" if columns else ""


def amount(value: float) -> str:
    """A number as in a table: 12,500; 0.25."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) >= 1e4 else f"{value:.6g}"


def gap_words(guess: Guess) -> str:
    """The words that stand for missing numbers, besides the usual ones."""
    return ", ".join(map(quoted, guess.gap_words[:NAMED]))


def codes(guess: Guess) -> str:
    """Which inputs may be codes, "" when none."""
    names = listed(guess.codes, MOST_CODES_NAMED)
    return f"{names}: whole numbers of few values, taken as amounts" if names else ""


def spelled(order: Order) -> str:
    """An order as an experiment file spells it."""
    return f"{{by: {order.by}}}" if isinstance(order, OrderBy) else order


def in_time(time: TimeOrder) -> str:
    """Why the last rows are held out, "" when rows are held out at random."""
    names = ", ".join(map(quoted, time.columns))
    if isinstance(time.order, OrderBy):
        return f"dated by {names}; a random split would mix past and future"
    return f"sorted by {names}; a random split would mix past and future" if time.order == "time" else ""


def listed(columns: Iterable[ColumnProfile], most: int = NAMED) -> str:
    """The names of columns: `a, b and 3 more`."""
    names = [shortened(column.name) for column in columns]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def percent(part: float, whole: float) -> str:
    """`44 %`; `under 1 %` and `over 99 %` where rounding would give none or all."""
    share = round(100 * part / whole)
    if part in (0, whole) or 0 < share < 100:
        return f"{share} %"
    return "over 99 %" if share else "under 1 %"
