"""What mattered in a search, with intervals, and whether there are enough trials to say so.

Shapes: P factors, Q resamples of the trials, G cells of a factor.

A forest of TREES on all trials gives the shares. RESAMPLES smaller ones, each on as many trials drawn with
replacement, say how much they would differ for other trials. Each of these also sees a made-up parameter, on
which nothing depends: what counts as an effect has to be larger than its effect nearly always is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np

from nettrain.backend.blas_threads import borrowed_blas_threads
from nettrain.catalogue.searches import SearchedKey
from nettrain.sweep.anova.analysed import AnalysedTrial, TrialTable, table_of
from nettrain.sweep.anova.boxes import Floats, LeafBoxes
from nettrain.sweep.anova.decomposition import Decomposition
from nettrain.sweep.anova.factors import shadow
from nettrain.sweep.anova.forest import fitted_forest, is_installed
from nettrain.sweep.ranking import Goal

FEWEST = 10  # trials
HALF = 0.5  # of the variance
TREES = 64
RESAMPLES, RESAMPLED_TREES = 32, 16
DRAWS = 1000  # that give the interval of what the forest explains
LEVEL = 0.95  # of intervals, and of what is taken as told
PAIRS_AMONG = 12  # parameters, those with the largest effects
PAIRS = 3  # interactions that are shown


@dataclass(frozen=True)
class Share:
    """A share of the variance, and its interval over other trials."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class PartialEffect:
    """The mean rank in each cell of a parameter (G,), over all values of the others, and its interval.

    Ranks lie between 0 for the best trial and 1; `figures` are those of trials of these ranks, NaN where
    these did not train to their end.
    """

    values: Sequence[object]
    ranks: Floats
    low: Floats
    high: Floats
    figures: Floats


@dataclass(frozen=True, eq=False)
class Effect:
    """What one parameter does alone; `is_told` says that chance rarely does as much."""

    key: str
    share: Share
    is_told: bool
    partial: PartialEffect
    is_range: bool
    log: bool


@dataclass(frozen=True)
class Interaction:
    """What two parameters do together, beyond what each does alone."""

    keys: tuple[str, str]
    share: Share
    is_told: bool


@dataclass(frozen=True, eq=False)
class Anova:
    """What mattered for one metric; `explained` is the share of the variance that the forest explains.

    `effects` have the strongest first. `is_first_ahead` says that the first is the strongest in nearly all
    resamples. `chance` is what the made-up parameter rarely exceeds, `figure_at` gives the figure
    of the trial at a rank, NaN where it did not train to its end.
    """

    metric: str
    trials: int
    of_trials: int
    explained: Share
    effects: Sequence[Effect]
    interactions: Sequence[Interaction]
    chance: float
    is_first_ahead: bool
    figure_at: Callable[[float], float]

    @property
    def is_told(self) -> bool:
        """Whether the forest explains anything, so that the rest can be believed."""
        return self.explained.low > 0

    @property
    def explains_most(self) -> bool:
        """Whether it explains more than half, so that it cannot have missed what mattered most."""
        return self.explained.value > HALF

    @property
    def is_first_told(self) -> bool:
        """Whether it can be said which parameter mattered most."""
        return self.is_told and self.explains_most and self.is_first_ahead


class WhyNoAnova(StrEnum):
    """Why there is no analysis."""

    NOT_INSTALLED = "scikit-learn is not installed"
    EVOLVES = "trials change their values while they train"
    FEW_TRIALS = "there are too few trials"
    NOTHING_VARIES = "no parameter varies"
    NOTHING_DIFFERS = "all trials are equally good"


@dataclass(frozen=True)
class NoAnova:
    """There is no analysis for a metric of so many trials."""

    metric: str
    trials: int
    reason: WhyNoAnova


def what_mattered(
    parameters: Sequence[SearchedKey], trials: Sequence[AnalysedTrial], goal: Goal, *, evolves: bool = False
) -> Anova | NoAnova:
    """What mattered for the metric of a goal, by which the scores of the trials are made.

    With a method of search that `evolves`, the values of a trial are not what it was trained with.
    """
    if evolves:
        return NoAnova(goal.metric, len(trials), WhyNoAnova.EVOLVES)
    if len(trials) < FEWEST:
        return NoAnova(goal.metric, len(trials), WhyNoAnova.FEW_TRIALS)
    if not is_installed():
        return NoAnova(goal.metric, len(trials), WhyNoAnova.NOT_INSTALLED)
    table = table_of(parameters, trials, goal.sign)
    if not table.factors:
        return NoAnova(goal.metric, len(trials), WhyNoAnova.NOTHING_VARIES)
    if np.ptp(table.ranks) == 0:
        return NoAnova(goal.metric, len(trials), WhyNoAnova.NOTHING_DIFFERS)
    with borrowed_blas_threads(1):
        return anova_of(table, goal.metric)


@dataclass(frozen=True, eq=False)
class _Resampled:
    """What the forests of all resamples say: shares of main effects (Q, P), and those of some pairs (Q, ·).

    `chance` (Q,) are shares of the made-up parameter, `chance_pairs` those of its strongest interaction,
    `marginals` the mean ranks in the cells of each factor, (Q, G).
    """

    mains: Floats
    pairs: Floats
    chance: Floats
    chance_pairs: Floats
    marginals: Sequence[Floats]


def anova_of(table: TrialTable, metric: str) -> Anova:
    """What mattered in the trials of a table, which has a factor and two different ranks at least."""
    generator = np.random.default_rng(0)
    forest = fitted_forest(table.columns(generator), table.ranks, TREES, 0)
    whole = Decomposition(LeafBoxes.of(forest.trees, [one.cells for one in table.factors]))
    shares = whole.mains / whole.variance
    pairs = _strongest_pairs(whole, shares)
    resampled = _resampled(table, [pair for pair, _ in pairs], generator)
    order = np.argsort(-shares, kind="stable")
    chance = float(np.quantile(resampled.chance, LEVEL))
    effects = [
        Effect(
            table.factors[k].key,
            _share(float(shares[k]), resampled.mains[:, k]),
            bool(np.median(resampled.mains[:, k]) > chance),
            _partial(table, k, whole.marginal(k), resampled.marginals[k]),
            table.factors[k].is_range,
            table.factors[k].distribution.log,
        )
        for k in order
    ]
    return Anova(
        metric,
        len(table.ranks),
        table.total,
        _explained(table.ranks, forest.unseen, generator),
        effects,
        _interactions(table, pairs, resampled),
        chance,
        _is_first(resampled.mains, int(order[0])),
        table.figure_at,
    )


def _strongest_pairs(whole: Decomposition, shares: Floats) -> list[tuple[tuple[int, int], float]]:
    """The pairs of factors with the largest interactions, and their shares."""
    among = sorted(int(k) for k in np.argsort(-shares, kind="stable")[:PAIRS_AMONG])
    found = [(pair, whole.interaction(*pair) / whole.variance) for pair in combinations(among, 2)]
    return sorted(found, key=lambda one: -one[1])[:PAIRS]


def _resampled(
    table: TrialTable, pairs: Sequence[tuple[int, int]], generator: np.random.Generator
) -> _Resampled:
    count, cells = len(table.ranks), [one.cells for one in table.factors]
    made_up, codes = shadow()
    mains, some, strongest = [], [], []
    marginals: list[list[Floats]] = [[] for _ in cells]
    for q in range(RESAMPLES):
        drawn, chance = generator.integers(0, count, count), codes[generator.integers(0, len(codes), count)]
        rows = np.hstack([table.columns(generator), chance])[drawn]
        forest = fitted_forest(rows, table.ranks[drawn], RESAMPLED_TREES, q)
        one = Decomposition(LeafBoxes.of(forest.trees, [*cells, made_up]))
        variance = one.variance or 1.0
        mains.append(one.mains / variance)
        some.append([one.interaction(*pair) / variance for pair in pairs])
        strongest.append(max(one.interaction(k, len(cells)) for k in range(len(cells))) / variance)
        for k, kept in enumerate(marginals):
            kept.append(one.marginal(k))
    shares = np.stack(mains)
    return _Resampled(
        shares[:, :-1],
        np.array(some),
        shares[:, -1],
        np.array(strongest),
        [np.stack(one) for one in marginals],
    )


def _share(value: float, resampled: Floats) -> Share:
    low, high = np.quantile(resampled, _ends())
    return Share(value, min(value, float(low)), max(value, float(high)))


def _ends() -> tuple[float, float]:
    return (1 - LEVEL) / 2, (1 + LEVEL) / 2


def _partial(table: TrialTable, k: int, marginal: Floats, resampled: Floats) -> PartialEffect:
    """The mean in each cell; resampled forests differ from their median as this one does from the truth."""
    low, middle, high = np.quantile(resampled, [_ends()[0], 0.5, _ends()[1]], axis=0)
    return PartialEffect(
        table.factors[k].values,
        marginal,
        np.maximum(marginal + low - middle, 0.0),
        np.minimum(marginal + high - middle, 1.0),
        np.array([table.figure_at(float(rank)) for rank in marginal]),
    )


def _explained(ranks: Floats, unseen: Floats, generator: np.random.Generator) -> Share:
    """R² of the predictions for unseen trials, and its interval over draws of the trials."""
    errors, distances = (ranks - unseen) ** 2, (ranks - ranks.mean()) ** 2
    drawn = generator.integers(0, len(ranks), (DRAWS, len(ranks)))
    around = np.maximum(distances[drawn].sum(axis=1), np.finfo(float).tiny)
    low, high = np.quantile(1 - errors[drawn].sum(axis=1) / around, _ends())
    return Share(float(1 - errors.sum() / distances.sum()), float(low), float(high))


def _interactions(
    table: TrialTable, pairs: Sequence[tuple[tuple[int, int], float]], resampled: _Resampled
) -> list[Interaction]:
    chance = np.quantile(resampled.chance_pairs, LEVEL)
    keys = [one.key for one in table.factors]
    return [
        Interaction(
            (keys[one], keys[other]),
            _share(share, resampled.pairs[:, k]),
            bool(np.median(resampled.pairs[:, k]) > chance),
        )
        for k, ((one, other), share) in enumerate(pairs)
    ]


def _is_first(mains: Floats, first: int) -> bool:
    """Whether a factor is ahead of every other in nearly all resamples."""
    others = np.delete(mains, first, axis=1)
    return not others.size or float(np.mean(mains[:, first] > others.max(axis=1))) >= LEVEL
