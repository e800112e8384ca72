"""Trials of a search as the sessions of TensorBoard's page HPARAMS: a table with a row for each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nettrain.export.tensorboard.hparams import (
    HyperparameterColumn,
    MetricColumn,
    SessionStatus,
    SettingValue,
    experiment,
    session_end,
    session_start,
)
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.export.tensorboard.messages import Summary, scalars
from nettrain.sweep.values import as_text, is_number
from nettrain.workflow.report.sweep import ReportedTrial, SearchedParameter
from nettrain.workflow.tensorboard.settings import setting_value
from nettrain.workflow.tensorboard.tags import final_figures, final_tag, history_figures
from nettrain.workflow.tensorboard.trial_curves import trial_folder

STATUS, EPOCHS = "status", "epochs"  # columns beside those of values and figures
STATUSES: Mapping[str, SessionStatus] = {
    "finished": "success",
    "pruned": "success",
    "diverged": "failure",
    "failed": "failure",
    "infeasible": "failure",
}


@dataclass(frozen=True)
class SessionTable:
    """The columns of a search: the searched settings, whether trials finished, and their figures by name."""

    parameters: Sequence[SearchedParameter]

    def summary(self, figures: Iterable[str], metric: str, created: float) -> Summary:
        """The columns; the first of figures is the `metric` that decides. `created` in seconds since 1970."""
        columns = [_column(one) for one in self.parameters]
        columns.append(HyperparameterColumn(STATUS, tuple(STATUSES)))
        names = dict.fromkeys((metric, *sorted(figures), EPOCHS))
        return experiment(columns, [MetricColumn(final_tag(name), name) for name in names], created)

    def settings(self, trial: ReportedTrial) -> Mapping[str, SettingValue]:
        """What a trial has in the columns."""
        columns = {one.key: _column(one) for one in self.parameters}
        values = {key: _cell(value, columns.get(key)) for key, value in trial.values.items()}
        return {**values, STATUS: trial.status}


@dataclass(frozen=True)
class TrialTimes:
    """When (seconds since 1970) a trial began and ended."""

    began: float
    ended: float


def write_trial(sweep: LogFolder, table: SessionTable, trial: ReportedTrial, times: TrialTimes) -> None:
    """Write how a trial ended into its folder, beside its curves if there are some."""
    file = trial_folder(sweep, trial.number).last_file()
    file.add(times.began, 0, session_start(table.settings(trial), f"trial {trial.number}", times.began))
    deviations = {f"{name}_sd": value for name, value in trial.sd.items()}
    figures = {**trial.figures, **deviations, EPOCHS: trial.epochs}
    file.add(times.ended, trial.epochs, scalars(final_figures(figures)))
    file.add(times.ended, trial.epochs, session_end(STATUSES[trial.status], times.ended))
    file.flush()


def write_rungs(
    sweep: LogFolder, trial: int, metric: str, rungs: Mapping[int, float], times: TrialTimes
) -> None:
    """Write the metric of a trial at the epochs at which it was compared, in place of its curves."""
    if not rungs:
        return
    file = trial_folder(sweep, trial).file()
    for epoch, figure in rungs.items():
        file.add(times.ended, epoch, scalars(history_figures({metric: figure})))
    file.flush()


def _column(parameter: SearchedParameter) -> HyperparameterColumn:
    settings = parameter.settings
    choices = settings.get("values", [settings["value"]] if "value" in settings else None)
    if isinstance(choices, list | tuple):
        return HyperparameterColumn(parameter.key, _alike(choices))
    low, high = settings.get("min"), settings.get("max")
    limits = (float(low), float(high)) if is_number(low) and is_number(high) else None
    return HyperparameterColumn(parameter.key, range=limits)


def _alike(choices: Sequence[object]) -> tuple[SettingValue, ...]:
    """Choices of one type, which are text unless all are numbers or all are flags."""
    numbers = all(is_number(one) for one in choices)
    if numbers or all(isinstance(one, bool) for one in choices):
        return tuple(setting_value(one) for one in choices)
    return tuple(as_text(one) for one in choices)


def _cell(value: object, column: HyperparameterColumn | None) -> SettingValue:
    """A value of the type that its column has."""
    if column is not None and column.choices and isinstance(column.choices[0], str):
        return as_text(value)
    return setting_value(value)
