"""What mattered in a search as JSON: the models are its schema."""

from math import isfinite

from pydantic import BaseModel, ConfigDict, Field

from nettrain.sweep.anova.analysis import Anova, Effect, NoAnova, PartialEffect, Share


class ImportanceModel(BaseModel):
    """A block of what mattered."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ShareJson(ImportanceModel):
    """A share of the variance of ranks, and its 95 % interval over other trials."""

    share: float
    low: float
    high: float


class PartialEffectJson(ImportanceModel):
    """The mean rank at values of one parameter, over all values of the others, and its 95 % interval."""

    values: list[object] = Field(description="of the parameter; in a range, spread as they are drawn")
    ranks: list[float] = Field(description="0 is the best trial, 1 the worst")
    low: list[float]
    high: list[float]
    figures: list[float | None] = Field(
        description="the metric of a trial of this rank, null where such a trial did not train to its end"
    )


class EffectJson(ImportanceModel):
    """What a parameter does alone."""

    parameter: str
    share: ShareJson
    told: bool = Field(description="whether it is more than that of a made-up parameter nearly always is")
    partial: PartialEffectJson


class InteractionJson(ImportanceModel):
    """What two parameters do together, beyond what each does alone."""

    parameters: tuple[str, str]
    share: ShareJson
    told: bool = Field(description="whether it is more than those of a made-up parameter nearly always are")


class ImportanceJson(ImportanceModel):
    """What mattered for a metric, by functional ANOVA of a random forest."""

    metric: str
    trials: int = Field(description="that the forest was fitted to")
    of_trials: int = Field(description="that have a result")
    missing: str | None = Field(description="why there is no analysis")
    told: bool = Field(description="whether the forest explains anything: if not, believe none of it")
    explained: ShareJson | None = Field(description="R² for trials that trees have not seen")
    chance: float | None = Field(description="the share that a made-up parameter rarely exceeds")
    first_told: bool = Field(description="whether it can be said that the first mattered most")
    effects: list[EffectJson] = Field(description="the strongest first")
    interactions: list[InteractionJson] = Field(description="the strongest first, at most three")


def importance_json(anova: Anova | NoAnova) -> ImportanceJson:
    """What mattered, as JSON."""
    if isinstance(anova, NoAnova):
        return ImportanceJson(
            metric=anova.metric,
            trials=0,
            of_trials=anova.trials,
            missing=anova.reason.value,
            told=False,
            explained=None,
            chance=None,
            first_told=False,
            effects=[],
            interactions=[],
        )
    return ImportanceJson(
        metric=anova.metric,
        trials=anova.trials,
        of_trials=anova.of_trials,
        missing=None,
        told=anova.is_told,
        explained=_share(anova.explained),
        chance=anova.chance,
        first_told=anova.is_first_told,
        effects=[_effect(one) for one in anova.effects],
        interactions=[
            InteractionJson(parameters=one.keys, share=_share(one.share), told=one.is_told)
            for one in anova.interactions
        ],
    )


def _effect(effect: Effect) -> EffectJson:
    return EffectJson(
        parameter=effect.key,
        share=_share(effect.share),
        told=effect.is_told,
        partial=_partial(effect.partial),
    )


def _partial(effect: PartialEffect) -> PartialEffectJson:
    return PartialEffectJson(
        values=list(effect.values),
        ranks=effect.ranks.tolist(),
        low=effect.low.tolist(),
        high=effect.high.tolist(),
        figures=[float(one) if isfinite(one) else None for one in effect.figures],
    )


def _share(share: Share) -> ShareJson:
    return ShareJson(share=share.value, low=share.low, high=share.high)
