"""Options of the command line under the names that Python's functions give them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from nettrain.errors import SpecError


@contextmanager
def arguments_named(*names: str, **others: str) -> Iterator[None]:
    """Let errors speak of these arguments of a function, not of the options of the command like it.

    `others` are options that are called otherwise, as in `part="split"`: `--part` is the argument `split`.
    """
    arguments = dict(zip(names, names, strict=True)) | others

    def named(match: re.Match[str]) -> str:
        return arguments.get(match[1].replace("-", "_"), match[0])

    try:
        yield
    except SpecError as error:
        text = re.sub(r"(?<![\w-])--([a-z][a-z-]*)", named, str(error))
        if text == str(error):
            raise
        raise SpecError(text) from None
