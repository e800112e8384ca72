"""What the page HPARAMS shows: an experiment, and the sessions in which its settings were tried.

Numbers of fields are those of plugin_data.proto and api.proto of TensorBoard's plugin hparams.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nettrain.export.tensorboard.messages import Summary, plugin_data
from nettrain.export.tensorboard.protobuf import bytes_field, double_field, text_field, whole_field

PLUGIN = "hparams"
STRING, BOOL, NUMBER = 1, 2, 3  # types of settings
STATUSES = {"unknown": 0, "success": 1, "failure": 2, "running": 3}
DIFFERS = whole_field(7, True)  # so that a setting is shown beside the names of runs

SettingValue = str | bool | float
SessionStatus = Literal["unknown", "success", "failure", "running"]


@dataclass(frozen=True)
class HyperparameterColumn:
    """A setting that sessions differ in: its `choices`, or the `range` of a number, if it has one."""

    name: str
    choices: Sequence[SettingValue] = ()
    range: tuple[float, float] | None = None


@dataclass(frozen=True)
class MetricColumn:
    """A figure of sessions: the scalar whose last value is shown, and what the column is called."""

    tag: str
    title: str


def experiment(
    hyperparameters: Sequence[HyperparameterColumn], metrics: Sequence[MetricColumn], created: float
) -> Summary:
    """What sessions have in common, and which columns their table has; `created` in seconds since 1970."""
    content = double_field(3, created)
    content += b"".join(bytes_field(4, _hyperparameter(one)) for one in hyperparameters)
    content += b"".join(bytes_field(5, _metric(one)) for one in metrics)
    return _plugin_data("experiment", 2, content)


def session_start(settings: Mapping[str, SettingValue], group: str, started: float) -> Summary:
    """A session begins; sessions of one `group` are a row of the table, with the means of their figures."""
    content = b"".join(
        bytes_field(1, text_field(1, name) + bytes_field(2, _struct_value(value)))
        for name, value in settings.items()
    )
    return _plugin_data("session_start_info", 3, content + text_field(4, group) + double_field(5, started))


def session_end(status: SessionStatus, ended: float) -> Summary:
    """A session has ended; without this TensorBoard takes it for one that is running."""
    return _plugin_data("session_end_info", 4, whole_field(1, STATUSES[status]) + double_field(2, ended))


def _plugin_data(name: str, number: int, content: bytes) -> Summary:
    return plugin_data(f"_hparams_/{name}", PLUGIN, bytes_field(number, content))


def _hyperparameter(column: HyperparameterColumn) -> bytes:
    content = text_field(1, column.name)
    if column.range is not None:
        low, high = column.range
        limits = double_field(1, low) + double_field(2, high)
        return content + whole_field(4, NUMBER) + bytes_field(6, limits) + DIFFERS
    if not column.choices:
        return content + whole_field(4, NUMBER) + DIFFERS
    choices = b"".join(bytes_field(1, _struct_value(choice)) for choice in column.choices)
    differs = DIFFERS if len(column.choices) > 1 else b""
    return content + whole_field(4, _type_of(column.choices[0])) + bytes_field(5, choices) + differs


def _metric(column: MetricColumn) -> bytes:
    return bytes_field(1, text_field(2, column.tag)) + text_field(3, column.title)


def _type_of(value: SettingValue) -> int:
    return STRING if isinstance(value, str) else BOOL if isinstance(value, bool) else NUMBER


def _struct_value(value: SettingValue) -> bytes:
    """A value as google.protobuf.Value has it."""
    if isinstance(value, str):
        return text_field(3, value)
    return whole_field(4, value) if isinstance(value, bool) else double_field(2, value)
