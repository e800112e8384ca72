"""What the lines of a sweep's journal hold: the models are their schema."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from nettrain.store.data_fingerprint import DataFingerprint

TrialStatus = Literal["finished", "pruned", "diverged", "failed", "infeasible"]
MOST_TRIALS = 100_000_000

Trial = Annotated[int, Field(ge=1, le=MOST_TRIALS)]
Count = Annotated[int, Field(ge=0)]
Rung = Annotated[str, Field(pattern=r"^\d{1,9}$")]  # an epoch, as keys of JSON are
Line = with_config(ConfigDict(extra="forbid"))


@Line
class SweepLine(TypedDict):
    """The first line: what is searched."""

    kind: Literal["sweep"]
    experiment: dict[str, Any]
    sweep: dict[str, Any]
    parameters: dict[str, dict[str, Any]]
    order: list[str]


@Line
class TotalLine(TypedDict):
    """The number of trials from now on."""

    kind: Literal["total"]
    trials: Annotated[int, Field(ge=0, le=MOST_TRIALS)]


@Line
class ValuesLine(TypedDict):
    """The values of a trial that does not follow from its number: chosen, or learned from earlier results."""

    kind: Literal["values", "learned"]
    trial: Trial
    values: dict[str, Any]


@Line
class TimedLine(TypedDict):
    """The seconds that an epoch takes of networks with this key."""

    kind: Literal["timed"]
    key: str
    seconds: Annotated[float, Field(ge=0)]


@Line
class DataLine(TypedDict):
    """The fingerprints of the data with this key, those of each fold."""

    kind: Literal["data"]
    key: str
    folds: Annotated[list[DataFingerprint], Field(min_length=1)]


@Line
class TrialLine(TypedDict):
    """How a trial ended; see `sweep.messages.TrialResult`."""

    kind: Literal["trial"]
    trial: Trial
    status: TrialStatus
    epochs: Count
    best_epoch: float | None
    figures: dict[str, float]
    rungs: dict[Rung, float]
    message: str
    seconds: float
    members: Annotated[int, Field(ge=1)]
    folds: NotRequired[dict[str, dict[str, float]]]
    out_of_time: NotRequired[bool]


JournalLine = Annotated[
    SweepLine | TotalLine | ValuesLine | TimedLine | DataLine | TrialLine, Field(discriminator="kind")
]
