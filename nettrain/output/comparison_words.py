"""What a comparison says: which entry is best, and whether it is more than chance."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nettrain.output.numbers import figure, four_digits, plural, spread
from nettrain.output.progress import title
from nettrain.workflow.compare import Comparison
from nettrain.workflow.comparison.entries import ComparedEntry, is_maximized
from nettrain.workflow.comparison.significance import FEWEST, SeedTest

ENOUGH = 5  # seeds that are suggested


def verdict(comparison: Comparison) -> RenderableType:
    """What stands below the table and the curves."""
    entries = comparison.entries
    parts = (_best(comparison), _diverged(entries), _improving(comparison), _not_compared(comparison))
    return Group(*(line for part in parts for line in part))


def _best(comparison: Comparison) -> Iterator[RenderableType]:
    """Which entry is the best by the decisive figure, and how it does against each other one."""
    name, best = title(comparison.decisive), comparison.best()
    if not best:
        return
    if len(best) == len(comparison.entries):
        yield Text(f"all have the same {name}")
        return
    labels = "; ".join(comparison.entries[k].label for k in best)
    yield Text.assemble((labels, "bold green"), f" {'are' if len(best) > 1 else 'is'} best by {name}")
    tests = [test for test in comparison.tests() if test.other not in best and test.seeds]
    against = Table.grid(padding=(0, 2))
    for test in tests:
        against.add_row(f"  than {comparison.entries[test.other].label}", _against(comparison, test))
    yield against
    yield from _advice(tests, sum(test.p is not None for test in comparison.tests()), comparison.over)


def _against(comparison: Comparison, test: SeedTest) -> str:
    """`better by 0.067 ±0.025 in 5 of 5 seeds (p = 0.003)`."""
    over = comparison.over
    # the best by its mean may be worse in those seeds in which the other did not diverge
    better = (test.difference > 0) == is_maximized(comparison.decisive)
    by = f"{'better' if better else 'worse'} by {_difference(comparison, test)}"
    if test.seeds == 1:
        return by
    if test.paired and test.ties == test.seeds:
        return f"the same in all {test.seeds} {over}s"
    equal = f", equal in {test.ties}" if test.ties else ""
    seeds = test.better if better else test.seeds - test.better - test.ties
    count = f" in {seeds} of {test.seeds} {over}s{equal}" if test.paired else ""
    if test.p is None:
        return f"{by}{count}"
    chance = f"(p {_probability(test.p)})"
    return f"{'' if test.significant else f'within the spread of {over}s: '}{by}{count} {chance}"


def _difference(comparison: Comparison, test: SeedTest) -> str:
    """The mean difference and its deviation, to the digits of the figures; of one seed to four digits."""
    if test.seeds == 1:
        return four_digits(abs(test.difference))
    means = (comparison.entries[k].mean(comparison.decisive) for k in (test.entry, test.other))
    digits = max(len(figure(mean).partition(".")[2]) for mean in means)
    size = abs(test.difference)
    if 0 < size < 10**-digits or any("e" in figure(number) for number in (size, test.sd)):
        return spread(size, test.sd if test.paired else None)
    sd = "" if test.sd is None or not test.paired else f" ±{test.sd:.{digits}f}"
    return f"{size:.{digits}f}{sd}"


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _advice(tests: Sequence[SeedTest], adjusted_for: int, over: str) -> Iterator[Text]:
    """What the figures cannot say for want of seeds, or what p is, which is adjusted for so many tests."""
    seeds = min((test.seeds for test in tests), default=0)
    if over == "fold":
        yield from _chance_over_folds(tests, adjusted_for)
        return
    if seeds == 1:
        yield Text(f"one seed: --repeat {ENOUGH} tells whether the difference is real", style="yellow")
    elif 1 < seeds < FEWEST:
        few = plural(seeds, "seed")
        yield Text(f"{few} are too few to tell chance from a difference: --repeat {ENOUGH}", style="yellow")
    if any(test.p is not None for test in tests):
        many = f", adjusted for {adjusted_for} comparisons" if adjusted_for > 1 else ""
        kind = "paired t-test" if all(test.paired for test in tests) else "t-test"
        text = f"p: how often chance alone makes such a difference ({kind} over seeds{many})"
        yield Text(text, style="dim")
        if any(test.better == test.seeds < ENOUGH and not test.significant for test in tests):
            few = plural(seeds, "seed")
            yield Text(f"in {few} even a difference in all may be chance: --repeat {ENOUGH}", style="yellow")


def _chance_over_folds(tests: Sequence[SeedTest], adjusted_for: int) -> Iterator[Text]:
    """What p is over folds."""
    if any(test.p is not None for test in tests):
        many = f", adjusted for {adjusted_for} comparisons" if adjusted_for > 1 else ""
        text = f"p: how often chance alone makes such a difference (t-test over folds{many},"
        yield Text(f"{text} corrected for the training rows that they share)", style="dim")


def _diverged(entries: Sequence[ComparedEntry]) -> Iterator[Text]:
    """Which entries diverged, and why the first of their runs did."""
    for entry in entries:
        if entry.diverged:
            of = f" in {entry.diverged} of {len(entry.runs)} {entry.over}s" if len(entry.runs) > 1 else ""
            why = next((run.divergence for run in entry.runs if run.divergence), "")
            yield Text.assemble((f"{entry.label} diverged", "red"), f"{of}{f': {why}' if why else ''}")


def _improving(comparison: Comparison) -> Iterator[Text]:
    """Which entries improved until the end, so that more epochs may change the order, where there is one."""
    entries, order = comparison.entries, "; more may change the order" if comparison.best() else ""
    labels = [entry.label for entry in entries if entry.still_improving]
    if labels:
        which = "all" if len(labels) == len(entries) else "; ".join(labels)
        yield Text(f"still improving when the epochs ran out: {which}{order}", style="yellow")


def _not_compared(comparison: Comparison) -> Iterator[Text]:
    """Why figures are not compared, each reason once."""
    reasons: dict[str, list[str]] = {}
    for name, reason in comparison.incomparable.items():
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        what = "loss" if all(name.endswith("_loss") for name in names) else "figures"
        yield Text(f"{what} not compared: {reason}", style="yellow")
