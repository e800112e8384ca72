"""The messages of event files: events, and the summaries in them.

Numbers of fields are those of event.proto, summary.proto and tensor.proto of TensorBoard 2. Scalars and
histograms have the forms that it has read from the beginning, and other readers too: `simple_value`, `histo`.
"""

from collections.abc import Mapping
from functools import lru_cache

from nettrain.export.tensorboard.histograms import Histogram
from nettrain.export.tensorboard.protobuf import (
    bytes_field,
    double_field,
    doubles_field,
    float_bits,
    float_field,
    text_field,
    whole_field,
)

FILE_VERSION = "brain.Event:2"
START = 1  # a status of SessionLog
FLOAT, STRING = 1, 7  # types of tensors
TENSOR = 2  # the data class of summaries that are neither scalars nor pictures

Summary = bytes  # values of a Summary, which may be concatenated


def first_event(wall_time: float, writer: str) -> bytes:
    """The event that every file begins with; `writer` says who wrote it."""
    return double_field(1, wall_time) + text_field(3, FILE_VERSION) + bytes_field(10, text_field(1, writer))


def restart_event(wall_time: float, step: int) -> bytes:
    """A training begins or goes on with this step: what readers have of it and of later ones is dropped."""
    return _event(wall_time, step) + bytes_field(7, whole_field(1, START))


def summary_event(wall_time: float, step: int, summary: Summary) -> bytes:
    """An event with values of a step; `wall_time` in seconds since 1970."""
    return _event(wall_time, step) + bytes_field(5, summary)


def _event(wall_time: float, step: int) -> bytes:
    return double_field(1, wall_time) + whole_field(2, step)


def scalars(values: Mapping[str, float]) -> Summary:
    """Numbers by their tags, such as loss/train."""
    return b"".join([_before_value(tag) + float_bits(value) for tag, value in values.items()])


@lru_cache(maxsize=4096)  # every epoch has the same ones
def _before_value(tag: str) -> bytes:
    """The message with a float up to its bits, which all take four bytes."""
    whole = bytes_field(1, text_field(1, tag) + float_field(2, 0.0))
    return whole[: -len(float_bits(0.0))]


def text(tag: str, content: str) -> Summary:
    """Markdown for the page TEXT."""
    tensor = whole_field(1, STRING) + bytes_field(2, b"") + text_field(8, content)
    return _value(tag, "text", b"", tensor)


def histogram(tag: str, counted: Histogram) -> Summary:
    """A histogram for the pages HISTOGRAMS and DISTRIBUTIONS."""
    numbers = (counted.smallest, counted.largest, counted.count, counted.total, counted.squares)
    content = b"".join(double_field(number, value) for number, value in enumerate(numbers, start=1))
    content += doubles_field(6, counted.limits) + doubles_field(7, counted.counts)
    return bytes_field(1, text_field(1, tag) + bytes_field(5, content))


def plugin_data(tag: str, plugin: str, content: bytes) -> Summary:
    """Content for a plugin that reads it from the metadata; the value itself is a tensor without elements."""
    empty = whole_field(1, FLOAT) + bytes_field(2, bytes_field(2, whole_field(1, 0)))
    return _value(tag, plugin, content, empty)


def _value(tag: str, plugin: str, content: bytes, tensor: bytes) -> Summary:
    plugin_part = bytes_field(1, text_field(1, plugin) + bytes_field(2, content))
    metadata = plugin_part + whole_field(4, TENSOR)
    return bytes_field(1, text_field(1, tag) + bytes_field(9, metadata) + bytes_field(8, tensor))
