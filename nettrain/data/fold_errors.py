"""Errors about the data of one fold, which say which fold it is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from nettrain.data.splitting.folds import KEY
from nettrain.errors import DataError, SpecError

KEYS = re.compile(r"[a-z_]+(\.[a-z_]+)*")  # of an experiment file


@contextmanager
def naming_fold(number: int) -> Iterator[None]:
    """Put the number of the fold into errors about its data, behind the key with which they may begin."""
    try:
        yield
    except (SpecError, DataError) as error:
        lines = [_of_fold(line, number) for line in str(error).splitlines()]
        raise type(error)("\n".join(lines)) from error


def _of_fold(problem: str, number: int) -> str:
    key, _, rest = problem.partition(": ")
    if key == KEY:  # which is of all folds
        return problem
    known = KEYS.fullmatch(key) and rest
    return f"{key}: fold {number}: {rest}" if known else f"fold {number}: {problem}"
