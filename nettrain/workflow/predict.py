"""Predict rows with a trained run, as a table."""

import os
from typing import TYPE_CHECKING

from nettrain.errors import SpecError
from nettrain.workflow.prediction import SourceSplit, predict_rows, read_rows
from nettrain.workflow.run import Run, as_run, row_source

if TYPE_CHECKING:
    import polars as pl


def predict(
    run: Run | str | os.PathLike[str],
    data: object,
    *,
    split: SourceSplit | None = None,
    member: int | None = None,
    samples: int | None = None,
    backend: str | None = None,
    device: int | None = None,
) -> "pl.DataFrame":
    """Predict rows: the class and the probabilities, the labels, or the numbers.

    `Run.predict` returns the classes or numbers alone, and refuses rows that cannot be predicted.

    Parameters
    ----------
    run : Run, str or path
        A trained run, or its folder.
    data : array, frame, mapping or source
        Rows as for `Run.predict`.
    split : {"train", "test"}, optional
        The rows of a source that brings test rows of its own; default: test.
    member : int, optional
        The only member that predicts.
    samples : int, optional
        At least 2: predict the mean of so many passes with dropout, and their standard deviations.
    backend, device : optional
        For a folder, see `open_run`.

    Returns
    -------
    polars.DataFrame
        A row for each row of the data, in its order, with null where it cannot be predicted; the columns that
        the command writes.

    Raises
    ------
    DataError
        When the rows cannot be read or lack a column, or when none of them can be predicted.
    SpecError
        When there is no such run or member, or when there is no dropout for `samples`.

    Examples
    --------
    >>> frame = nettrain.predict("runs/iris", "builtin:iris")  # doctest: +SKIP
    >>> frame["species"][0]  # doctest: +SKIP
    'Iris-setosa'
    """
    if samples is not None and samples < 2:
        raise SpecError(f"samples: {samples} is below 2, which have no standard deviation")
    source = row_source(data)
    trained = as_run(run, backend, device).trained.select_members(member)
    return predict_rows(trained, read_rows(trained, source, split), source, samples)
