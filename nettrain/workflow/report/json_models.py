"""The facts of a report as JSON: the models are its schema."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nettrain.inference.reliability import ReliabilityBin
from nettrain.inference.residuals import ResidualSummary
from nettrain.store.evaluation import (
    BaselineFigures,
    ConfusedPair,
    OptionalFigures,
    PermutationImportance,
    WorstRow,
)
from nettrain.workflow.report.importance_json import ImportanceJson


class ReportModel(BaseModel):
    """A block of the facts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnRowsJson(ReportModel):
    """The evaluation of the run on one split of its own rows."""

    split: Literal["train", "validation", "test"]
    rows: int
    member: int | None = Field(description="the only member that predicts, from 0")
    metrics: OptionalFigures = Field(description="null where these rows do not define one")
    baseline: BaselineFigures | None
    confused: list[ConfusedPair] = Field(description="the most confused pairs of classes, the worst first")
    worst: list[WorstRow] = Field(description="the rows with the largest loss, the worst first")
    calibration: list[ReliabilityBin] = Field(description="share right by predicted probability")
    residuals: list[ResidualSummary] = Field(description="of targets that are numbers")
    importance: PermutationImportance | None = Field(description="null where it would have taken long")


class RunReportJson(ReportModel):
    """A report on a run."""

    kind: Literal["run"]
    file: str = Field(description="the page")
    name: str = Field(description="of the experiment")
    status: Literal["finished", "diverged", "interrupted", "unfinished"]
    epochs: int
    sections: list[str] = Field(description="of the page")
    advice: list[str] = Field(description="that was due while the run trained")
    absent: list[str] = Field(description="why something is not in the report")
    evaluation: OwnRowsJson | None


class InfluenceJson(ReportModel):
    """How much a searched parameter mattered, from 0 to 1."""

    parameter: str
    strength: float
    direction: int = Field(
        description="1 when larger values are better, -1 when smaller ones are, 0 for choices"
    )
    groups: OptionalFigures | None = Field(description="mean of the metric for each choice")


class SweepReportJson(ReportModel):
    """A report on a sweep."""

    kind: Literal["sweep"]
    file: str = Field(description="the page")
    name: str = Field(description="of the experiment")
    status: Literal["finished", "interrupted"]
    sections: list[str] = Field(description="of the page")
    trials: int = Field(description="that have a result")
    metric: str
    goal: Literal["minimize", "maximize"]
    best: int | None = Field(description="the best trial")
    front: list[int] = Field(
        description="with several goals, the trials that no other beats, the best by the metric first"
    )
    figure: float | None = Field(description="the metric of the best trial")
    influences: list[InfluenceJson] = Field(description="the strongest first")
    importance: list[ImportanceJson] = Field(description="what mattered, for each goal")
