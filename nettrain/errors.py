"""The errors that a user can meet: each class has an exit code, each message one line per problem."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

LONGEST_NAME = 1000  # characters that are compared with other names, which takes their square
MOST_NAMES = 100  # in a message
LONGEST_VALUE = 60  # characters of a value in a message
LONGEST_LINE, LINE_END = 1500, 300  # characters of a line, and of its end where the middle is left out


# Names and cells of a file may hold what a terminal would obey: C0 but for tabs and ends of lines, DEL, C1
CONTROL = {code: f"\\x{code:02x}" for code in (*range(9), 11, 12, *range(14, 32), *range(127, 160))}


def printable(text: str) -> str:
    """The text with control characters written as escapes: `\\x1b` moves no cursor."""
    return text.translate(CONTROL)


def shortened(text: str, most: int = LONGEST_VALUE) -> str:
    """The text as a message shows it: at most so many characters."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def readable(message: str) -> str:
    """The message without control characters, and without the middle of lines that nobody would read.

    Most values in messages are shortened where they are put in; this is for names of any length, and many of
    them.
    """
    return printable("\n".join(map(_without_middle, message.split("\n"))))


def _without_middle(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    return f"{line[: LONGEST_LINE - LINE_END]} ... {line[-LINE_END:]}"


def quoted(cell: object) -> str:
    """A cell of a file or a name in quotation marks, shortened."""
    return f'"{shortened(str(cell))}"'


class NettrainError(Exception):
    """Base class of all expected errors; `code` is the exit code of the command."""

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


class StoredFileError(NettrainError):
    """A file of a run, a sweep or a model is damaged, was changed, or does not belong to the others."""

    code = 3


class StoredContentError(ValueError):
    """What is wrong with one key of a stored file; whoever reads the file makes a StoredFileError of it."""

    def __init__(self, key: str, text: str) -> None:
        self.key, self.text = key, text
        super().__init__(f"{key}: {text}" if key else text)


class DataWarning(UserWarning):
    """Rows differ from those that a run was trained on, but can be predicted."""


class BackendError(NettrainError):
    """The requested backend is not available, or failed."""

    code = 4


class NoCupyError(BackendError):
    """CuPy is not installed, or cannot be imported."""


class SeveralCupysError(BackendError):
    """Two installed packages provide CuPy, and overwrite each other's files."""


class NoDriverError(BackendError):
    """CuPy is installed, but no GPU driver responds."""


class OtherCudaError(BackendError):
    """CuPy is built for a newer CUDA than the driver supports."""


class NoDeviceError(BackendError):
    """The driver has no device, or not the requested one."""


class CudaLibraryError(BackendError):
    """A CUDA library that CuPy needs is missing."""


class DeviceMemoryError(BackendError):
    """The device, or the machine itself, does not have enough memory."""


def nearest(name: object, allowed: Iterable[object]) -> str:
    """A hint for an unknown name: `, did you mean "gelu"?` or, if none is similar, all allowed names."""
    names = [str(other) for other in allowed]
    hint = did_you_mean(name, names)
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return hint or (f" (allowed: {', '.join(map(shortened, names[:MOST_NAMES]))}{more})" if names else "")


def did_you_mean(name: object, others: Iterable[str]) -> str:
    """`, did you mean "gelu"?` if one of the others is similar to the name, otherwise nothing."""
    text = str(name).lower()
    matches = get_close_matches(text, others, n=1, cutoff=0.6) if len(text) <= LONGEST_NAME else []
    return f", did you mean {quoted(matches[0])}?" if matches else ""


def did_you_mean_file(path: Path, pattern: str) -> str:
    """`, did you mean "iris.yaml"?` if a file in the same folder has a similar name, suffixes aside."""
    others = {other.stem: other.name for other in path.parent.glob(pattern)}
    matches = get_close_matches(path.stem, others, n=1, cutoff=0.6)
    return f', did you mean "{others[matches[0]]}"?' if matches else ""
