"""Evaluate a trained run on labelled rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nettrain.workflow.run import Run, as_run
from nettrain.workflow.source import FilePath

if TYPE_CHECKING:
    from nettrain.store.evaluation import EvaluationReport
    from nettrain.workflow.run_data import SplitName


def evaluate(
    run: Run | FilePath,
    data: object = None,
    *,
    split: "SplitName | None" = None,
    member: int | None = None,
    worst: int = 5,
    importance: bool = False,
    metric: str | None = None,
    shuffles: int = 5,
    seed: int = 0,
    interval: float | Sequence[float] = (),
    keep: str | Sequence[str | int] = (),
    strict: bool = False,
    backend: str | None = None,
    device: int | None = None,
) -> "EvaluationReport":
    """Evaluate a trained run on labelled rows, by default on its own test rows.

    Parameters
    ----------
    run : Run, str or path
        A trained run, or its folder.
    data, split, member, worst, importance, metric, shuffles, seed, interval, keep, strict
        See `Run.evaluate`.
    backend, device : optional
        For a folder, see `open_run`.

    Returns
    -------
    EvaluationReport
        See `Run.evaluate`. Unlike the command this writes no file.

    Raises
    ------
    SpecError
        When there is no such run, or when it has no such rows, member or metric.
    DataError
        When the rows cannot be read, or do not fit the run.

    Examples
    --------
    >>> nettrain.evaluate("runs/iris").metrics["accuracy"]  # doctest: +SKIP
    0.9667
    """
    return as_run(run, backend, device).evaluate(
        data,
        split=split,
        member=member,
        worst=worst,
        importance=importance,
        metric=metric,
        shuffles=shuffles,
        seed=seed,
        interval=interval,
        keep=keep,
        strict=strict,
    )
