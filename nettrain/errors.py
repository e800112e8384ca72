"""The errors a person meets: each is one class with an exit code, each message one line per problem."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class NettrainError(Exception):
    """Base of all expected errors; `code` is the exit code of the command that meets one."""

    code = 1


class SpecError(NettrainError):
    """The experiment file or the command line is wrong; `problems` holds one line each."""

    code = 2

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class DataError(NettrainError):
    """The data cannot be read, or does not fit the experiment."""

    code = 3


class BackendError(NettrainError):
    """The backend that was asked for is not there, or failed."""

    code = 4


class NoCupyError(BackendError):
    """CuPy is not installed, or cannot be imported."""


class SeveralCupysError(BackendError):
    """Two packages bring CuPy, and each overwrites files of the other."""


class NoDriverError(BackendError):
    """CuPy is there, but no driver of a GPU answers."""


class OtherCudaError(BackendError):
    """CuPy is built for a newer CUDA than the driver offers."""


class NoDeviceError(BackendError):
    """The driver knows no device, or not the one that was asked for."""


class CudaLibraryError(BackendError):
    """A library of CUDA that CuPy stands on is missing."""


class DeviceMemoryError(BackendError):
    """The device has not enough memory."""


def nearest(name: object, allowed: Iterable[object]) -> str:
    """Text that names what was probably meant: `, did you mean "gelu"?`, or all that is allowed."""
    names = [str(other) for other in allowed]
    hint = close(name, names)
    return hint or (f" (allowed: {', '.join(names)})" if names else "")


def close(name: object, others: Iterable[str]) -> str:
    """`, did you mean "gelu"?` when one of the others is like it, else nothing."""
    found = get_close_matches(str(name).lower(), others, n=1, cutoff=0.6)
    return f', did you mean "{found[0]}"?' if found else ""


def close_file(path: Path, pattern: str) -> str:
    """`, did you mean "iris.yaml"?` when a file beside it is like it; a common suffix is no likeness."""
    others = {other.stem: other.name for other in path.parent.glob(pattern)}
    found = get_close_matches(path.stem, others, n=1, cutoff=0.6)
    return f', did you mean "{others[found[0]]}"?' if found else ""
