"""Differences between rows and the training data, as reports have them. The model is their schema."""

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from nettrain.data.columns.deviation import Deviation


class DeviationReport(BaseModel):
    """What rows have in a column that no training row had there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(description="empty where it is about whole rows")
    kind: str = Field(
        description="unseen values, gaps where there were none, numbers or dates far outside the range, "
        "a column that was not there, one that had no value and is filled, or rows that are empty"
    )
    rows: int
    values: list[str | float] = Field(
        description="the most frequent unseen values, or the lowest and highest outside the range"
    )
    distinct: int = Field(description="number of different unseen values")
    spelled: dict[str, str] = Field(
        description="known spellings of unseen values that differ in case, blanks or digits alone"
    )
    trained: list[str | float] = Field(description="lowest and highest of the training rows")
    message: str


def deviation_reports(deviations: Iterable[Deviation]) -> list[DeviationReport]:
    """Deviations as a report has them."""
    return [DeviationReport(**vars(one), message=one.message) for one in deviations]
