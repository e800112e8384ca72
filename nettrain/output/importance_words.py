"""What mattered in a search, in words: how far it can be said, and what is no more than chance."""

from collections.abc import Iterator

from nettrain.output.numbers import count, plural
from nettrain.output.progress import title
from nettrain.sweep.anova.analysis import Anova, NoAnova, Share, WhyNoAnova

INSTALL = "pip install 'nettrain[sklearn]'"


def percent(share: float) -> str:
    """`62 %`."""
    return f"{100 * share:.0f} %"


def interval(share: Share) -> str:
    """`48–75 %`."""
    return f"{100 * share.low:.0f}–{100 * share.high:.0f} %"


def lines(anova: Anova | NoAnova) -> Iterator[str]:
    """Sentences on what can be said and what cannot."""
    if isinstance(anova, NoAnova):
        yield _missing(anova)
        return
    if not anova.is_told:
        yield _not_told(anova)
        return
    yield (
        f"A random forest on {_trials(anova)} explains {_explained(anova)}; shares are of the variance of its"
        " predictions."
    )
    first = anova.effects[0]
    if not anova.is_first_ahead and len(anova.effects) > 1:
        others = f"{first.key} or {anova.effects[1].key}"
        yield f"Which mattered most, {others}, cannot be said from so many trials."
    elif not anova.explains_most:
        yield f"As it explains less than half, something else may have mattered more than {first.key}."
    chance = [one.key for one in anova.effects if not one.is_told]
    if chance:
        yield f"May be chance: {', '.join(chance)}."


def _not_told(anova: Anova) -> str:
    return (
        f"{_trials(anova)} are too few to say what mattered, or nothing did: a random forest explains"
        f" {_explained(anova)}, which may be none at all."
    )


def _explained(anova: Anova) -> str:
    """`65 % (48–80 %) of how unseen trials rank by val loss`."""
    share = anova.explained
    if share.low > 0:
        known = f"{percent(share.value)} ({interval(share)})"
    else:
        known = f"{percent(max(share.value, 0.0))} (at most {percent(max(share.high, 0.0))})"
    return f"{known} of how unseen trials rank by {title(anova.metric)}"


def _missing(anova: NoAnova) -> str:
    match anova.reason:
        case WhyNoAnova.NOT_INSTALLED:
            return f"shares of variance, interactions and partial effects need scikit-learn: {INSTALL}"
        case WhyNoAnova.FEW_TRIALS:
            return f"What mattered cannot be said from {plural(anova.trials, 'trial')}."
        case _:
            return f"What mattered cannot be divided into shares, as {anova.reason}."


def _trials(anova: Anova) -> str:
    if anova.trials == anova.of_trials:
        return plural(anova.trials, "trial")
    return f"{count(anova.trials)} trials drawn from {count(anova.of_trials)}"
