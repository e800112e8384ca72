"""Files of named arrays (safetensors), read back: whatever is wrong with one is an error of one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from nettrain.backend.base import HostArray
from nettrain.errors import StoredFileError
from nettrain.files import check_readable
from nettrain.store.stored_file import parse_json

UNREADABLE = (OSError, TypeError, ValueError, KeyError, AttributeError, OverflowError)


@dataclass(frozen=True)
class ArrayFile:
    """An open file that should be `what`, such as a model of nettrain."""

    path: Path
    what: str
    content: Any  # of safetensors, which has no types

    def json(self, key: str) -> object:
        """The plain data that the metadata hold under a key. Raises StoredFileError."""
        metadata = self.content.metadata()
        text = metadata.get(key) if metadata else None
        if text is None:
            raise StoredFileError(f'{self.path}: is not {self.what}: its metadata has no "{key}"')
        return parse_json(text, str(self.path))

    def arrays(self) -> dict[str, HostArray]:
        """All arrays by name. Raises StoredFileError."""
        with _errors(self.path, self.what):
            return {name: self.content.get_tensor(name) for name in self.content.keys()}  # noqa: SIM118

    def types(self) -> dict[str, str]:
        """The type of each array by name, as safetensors calls it."""
        with _errors(self.path, self.what):
            slices = {name: self.content.get_slice(name) for name in self.content.keys()}  # noqa: SIM118
            return {name: str(one.get_dtype()) for name, one in slices.items()}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each array by name."""
        with _errors(self.path, self.what):
            slices = {name: self.content.get_slice(name) for name in self.content.keys()}  # noqa: SIM118
            return {name: tuple(one.get_shape()) for name, one in slices.items()}


@contextmanager
def open_arrays(path: Path, what: str) -> Iterator[ArrayFile]:
    """A file of arrays, open while the context lasts. Raises StoredFileError when it cannot be read."""
    check_readable(path)
    with _errors(path, what):
        content = safe_open(path, framework="numpy")
    with content:
        yield ArrayFile(path, what, content)


@contextmanager
def _errors(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except SafetensorError as error:  # whose words differ from version to version
        raise StoredFileError(
            f"{path}: is not {what}: it is damaged, cut short or of another kind"
        ) from error
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise StoredFileError(f"{path}: is not {what}: {reason}") from error
