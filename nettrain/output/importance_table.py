"""What mattered in a search: a table, and sentences on how far it can be said."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.output.importance_words import interval, lines, percent
from nettrain.output.numbers import figure
from nettrain.output.progress import title
from nettrain.output.short_keys import short_keys
from nettrain.sweep.anova.analysis import Anova, Effect, NoAnova
from nettrain.sweep.influence import Influence

BAR, SHORT_BAR = 20, 10  # characters of the longest bar
DIRECTIONS = {1: "larger", -1: "smaller", 0: ""}


def show_importance(
    console: Console, influences: Sequence[Influence], mattered: Sequence[Anova | NoAnova]
) -> None:
    """Print what mattered for each goal; `influences` are those of the first one."""
    for k, one in enumerate(mattered):
        known = [] if k else influences
        if isinstance(one, Anova) and one.is_told:
            console.print(importance_table(one, known, named=len(mattered) > 1))
        elif known:
            console.print(influence_table(known))
        for line in lines(one):
            console.print(Text(line, style="dim" if isinstance(one, NoAnova) else ""))
        console.print()


def importance_table(anova: Anova, influences: Sequence[Influence], *, named: bool = False) -> Table:
    """Each parameter's share of the variance, beside its rank correlation where that is known."""
    known = {one.key: one for one in influences}
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column(f"what mattered for {title(anova.metric)}" if named else "what mattered")
    table.add_column("share of variance", no_wrap=True)
    table.add_column("95 %", no_wrap=True, justify="right")
    if known:
        table.add_column("rank corr.", justify="right")
        table.add_column("what is better", overflow="fold")
    names = short_keys([one.key for one in anova.effects])
    for effect in anova.effects:
        style = "" if effect.is_told else "dim"
        table.add_row(names[effect.key], *_effect_cells(effect, known), style=style)
    for pair in anova.interactions:
        if pair.is_told:
            both = " × ".join(names[key] for key in pair.keys)
            rest = ("", "together") if known else ()
            table.add_row(both, _bar(pair.share.value), interval(pair.share), *rest)
    return table


def _effect_cells(effect: Effect, known: dict[str, Influence]) -> Iterator[Text | str]:
    yield _bar(effect.share.value)
    yield interval(effect.share)
    if known:
        influence = known.get(effect.key)
        yield "" if influence is None else f"{influence.strength:.2f}"
        yield "" if influence is None else better(influence)


def _bar(share: float) -> Text:
    bar = "█" * round(SHORT_BAR * share)
    return Text.assemble((f"{bar:<{SHORT_BAR}}", "cyan"), f" {percent(share):>5}")


def influence_table(influences: Sequence[Influence]) -> Table:
    """How much each parameter mattered, as bars, and in which direction."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("what mattered")
    table.add_column("how much", no_wrap=True)
    table.add_column("what is better", overflow="fold")
    for influence in influences:
        bar = "█" * round(BAR * influence.strength)
        strength = Text.assemble((f"{bar:<{BAR}}", "cyan"), f" {influence.strength:.2f}")
        table.add_row(influence.key, strength, better(influence))
    return table


def better(influence: Influence) -> str:
    """The direction of a number, or the choices with their mean figures, the best first."""
    if influence.groups is None:
        return DIRECTIONS[influence.direction]
    return ", ".join(f"{name} {figure(value)}" for name, value in influence.groups.items())
