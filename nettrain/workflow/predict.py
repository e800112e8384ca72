"""Predict rows with a trained run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nettrain.errors import SpecError
from nettrain.workflow.argument_names import arguments_named
from nettrain.workflow.intervals import refuse_intervals
from nettrain.workflow.prediction import predict_rows, read_rows, refuse_imperfect
from nettrain.workflow.run import Run, as_run
from nettrain.workflow.run_data import SplitName
from nettrain.workflow.source import FilePath, row_source
from nettrain.workflow.strictness import warn_of_lines

if TYPE_CHECKING:
    import polars as pl


def predict(
    run: Run | FilePath,
    data: object = None,
    *,
    split: SplitName | None = None,
    member: int | None = None,
    samples: int | None = None,
    interval: float | Sequence[float] = (),
    keep: str | Sequence[str | int] = (),
    strict: bool = False,
    backend: str | None = None,
    device: int | None = None,
) -> "pl.DataFrame":
    """Predict rows: the class and the probabilities, the labels, or the numbers.

    `Run.predict` returns only the classes or numbers, and refuses rows that cannot be predicted.

    Parameters
    ----------
    run : Run, str or path
        A trained run, or its folder.
    data : array, frame, mapping or source, optional
        Rows as for `Run.predict`; default: the run's own test rows.
    split : {"train", "validation", "test"}, optional
        Which split of the run's own data; for a source that brings test rows too, train or test.
    member : int, optional
        Predict with this member alone.
    samples : int, optional
        Predict the mean and standard deviation of this many passes with dropout, at least 2.
    interval : float or sequence of float
        The probability of a prediction interval, such as 0.9, or of several; losses pinball and gaussian_nll.
    keep : str, or sequence of str or int
        Columns of the data, by name or position, to put before the predictions, with their cells as they are.
        A target among them is called `true_` and its name.
    strict : bool
        Whether rows that cannot be predicted or differ from the training data are an error.
    backend, device : optional
        For a folder, see `open_run`.

    Returns
    -------
    polars.DataFrame
        One row per row of the data, null where it cannot be predicted, with the columns that the command
        writes.

    Raises
    ------
    DataError
        When the rows cannot be read or lack a column, or when none of them can be predicted.
    DataWarning
        Not raised, but given for rows that differ from the training data; see `Run.predict`.
    SpecError
        When there is no such run or member, `samples` is given and the network has no dropout, or the run
        cannot give such an interval.

    Examples
    --------
    >>> frame = nettrain.predict("runs/iris", "builtin:iris")  # doctest: +SKIP
    >>> frame["species"][0]  # doctest: +SKIP
    'Iris-setosa'
    """
    if samples is not None and samples < 2:
        raise SpecError(f"samples: {samples} is below 2, which have no standard deviation")
    source = None if data is None else row_source(data)
    opened = as_run(run, backend, device)
    intervals = [interval] if isinstance(interval, int | float) else list(interval)
    with arguments_named("interval", "member", "keep", part="split", mc_samples="samples"):
        trained = opened.predictor.select_members(member)
        refuse_intervals(trained, intervals)
        rows = read_rows(trained, source, split, opened.memory, keep)
        if strict:
            refuse_imperfect(rows)
        warn_of_lines(rows.comparison.lines(rows.label), stacklevel=2)
        return predict_rows(trained, rows, samples, intervals)
