"""What a tuning found in words: how far each figure can be trusted, for the terminal and for pages."""

from collections.abc import Iterator
from dataclasses import dataclass

from nettrain.output.numbers import count, figure, plural, spread
from nettrain.store.tune_summary import FoundJson, SeedFigures, TrustedJson, TuneSummary

CERTAIN = 30  # resamples, fewer of which are a rough estimate


@dataclass(frozen=True)
class TunedRow:
    """A row of the table of figures: of the best network, of the ensemble, and of a constant prediction."""

    label: str
    single: str
    ensemble: str
    constant: str = ""
    below: bool = False  # it explains the row above


def figure_rows(found: FoundJson) -> Iterator[TunedRow]:
    """The figures of test rows, if there are any, then those of the rows that chose."""
    single, ensemble, constant = found["single"], found["ensemble"], found["constant"]
    if single["test"] is not None and ensemble["test"] is not None:
        yield _values("test rows", single["test"], ensemble["test"], constant.get("test"))
        yield _intervals(single["test"], ensemble["test"])
    yield _values("rows that chose them", single["val"], ensemble["val"], constant.get("val"))
    alone, together = (figure(one["val"]["corrected"]) for one in (single, ensemble))
    yield TunedRow("corrected for selection", alone, together, below=True)
    yield _intervals(single["val"], ensemble["val"])


def _values(label: str, single: TrustedJson, ensemble: TrustedJson, constant: float | None) -> TunedRow:
    return TunedRow(label, figure(single["value"]), figure(ensemble["value"]), figure(constant))


def _intervals(single: TrustedJson, ensemble: TrustedJson) -> TunedRow:
    alone, together = (f"{figure(one['low'])} to {figure(one['high'])}" for one in (single, ensemble))
    return TunedRow("95 % interval", alone, together, below=True)


def trust_lines(summary: TuneSummary, found: FoundJson) -> Iterator[str]:
    """How far the figures can be trusted, a sentence or two a line."""
    single, ensemble = found["single"], found["ensemble"]
    yield _of_test(single["test"], found["test_measured"])
    trials, folds = summary["trials"]["total"], summary["rows"]["folds"]
    if trials > 1:
        held_out = f"in {folds} folds" if folds else "held out"
        by = f"{count(trials)} trials by {count(single['val']['rows'])} rows {held_out}"
        few = min(single["val"]["resamples"], ensemble["val"]["resamples"]) < CERTAIN
        rough = " There was little time for it: a rough estimate." if few else ""
        yield (
            f"The best of {by} looks better than it is: selection bias. Corrected figures choose anew by "
            f"resampled rows and measure on the others.{rough}"
        )
    if found["seeds"] is not None:
        yield _of_seeds(found["seeds"])
    yield _of_ensemble(found)


def _of_test(test: TrustedJson | None, measured: int) -> str:
    if test is None:
        return "There are no test rows: nothing was measured on rows that had no say in it."
    if measured == 1:
        return f"Trust the test figures: {count(test['rows'])} rows on which nothing was chosen."
    rows = f"its {count(test['rows'])} test rows"
    return f"This tuning has looked at {rows} {measured} times. It chose nothing by them; did you?"


def _of_seeds(seeds: SeedFigures) -> str:
    others = plural(len(seeds["others"]), "other seed")
    own = f"trial {seeds['trial']} has {figure(seeds['own'])} by validation"
    return f"The luck of the seed: {own}, its settings with {others} {spread(seeds['mean'], seeds['sd'])}."


def _of_ensemble(found: FoundJson) -> str:
    """Whether the ensemble is better than the best network, by the corrected figures of the rows that chose.

    Test rows are left out of it: what they decided, they could not measure.
    """
    networks, trial = found["ensemble"]["networks"], found["single"]["trial"]
    if len(networks) == 1:
        return "The ensemble is one network: none of the others made it better."
    if found["better"] == "ensemble":
        return f"Corrected, the ensemble of {len(networks)} networks is better than the best alone."
    return f"Corrected, trial {trial} alone, best.yaml, is as good as the ensemble."
