"""What Polars raises at a file that it cannot read, as errors of one line."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from nettrain.errors import DataError


@contextmanager
def polars_errors(refusal: str, *others: type[Exception]) -> Iterator[None]:
    """Turn errors and panics of Polars, and `others`, into a DataError of the `refusal` and the reason."""
    import polars as pl

    expected: tuple[type[Exception], ...] = (pl.exceptions.PolarsError, *others)
    try:
        with panics_unprinted():
            yield
    except expected as error:
        raise DataError(f"{refusal} ({first_line(error)})") from error
    except OSError as error:
        if error.strerror:
            raise
        raise DataError(f"{refusal} ({first_line(error)})") from error  # by Polars, of the file's content
    except BaseException as error:
        if is_panic(error):
            raise DataError(refusal) from None
        raise


def is_panic(error: BaseException) -> bool:
    """Whether an error is a panic of a library in Rust, each of which has a class of its own."""
    return type(error).__name__ == "PanicException"


def first_line(error: Exception) -> str:
    """The message of an error, without the hints on further lines."""
    return str(error).partition("\n")[0]


@contextmanager
def panics_unprinted() -> Iterator[None]:
    """Hold back standard error, and drop it at a panic, which Rust prints before it is raised."""
    try:
        screen = os.dup(2)
    except OSError:  # there is none
        yield
        return
    held = nameless_file()
    os.dup2(held, 2)
    try:
        yield
    except BaseException as error:
        if is_panic(error):
            os.ftruncate(held, 0)
        raise
    finally:
        os.dup2(screen, 2)
        os.close(screen)
        if size := os.lseek(held, 0, os.SEEK_END):
            os.write(2, os.pread(held, size, 0))
        os.close(held)


def nameless_file() -> int:
    """The descriptor of a new file, which is in memory where that is possible: a disk may be full."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("standard error")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
