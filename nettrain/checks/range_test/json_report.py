"""The result of a range test as `nettrain lr-find --json` prints it; its schema needs nothing else."""

from typing import Literal

from typing_extensions import TypedDict

Method = Literal["population", "ramp"]
RateVerdict = Literal["too low", "good", "too high", "rises", "diverged"]


class TriedValue(TypedDict):
    """One value of `nettrain lr-find --json`; a loss is null where training diverged."""

    value: float
    loss: float | None
    val_loss: float | None
    verdict: RateVerdict


class RangeTestJson(TypedDict):
    """What `nettrain lr-find --json` prints; `override` is null when no value lowers the loss."""

    experiment: str
    parameter: str
    method: Method
    judged_by: str
    steps: int
    networks: int
    loss_before: float | None
    suggestion: float | None
    override: str | None
    values: list[TriedValue]
    notes: list[str]
    seconds: float
