"""Events that are written while a sweep trains."""

from pathlib import Path
from time import time

from nettrain.experiment.load import to_yaml
from nettrain.export.tensorboard.log_folder import LogFolder
from nettrain.sweep.loop import SweepProgress
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.sweep import Sweep
from nettrain.workflow.report.sweep import ReportedTrial, searched_parameter
from nettrain.workflow.tensorboard.joint import config_summary
from nettrain.workflow.tensorboard.live import events_note
from nettrain.workflow.tensorboard.sessions import SessionTable, TrialTimes, write_trial
from nettrain.workflow.tensorboard.trial_curves import TrialCurves, trial_folder


class SweepEvents:
    """Writes events of a sweep into a folder in `logs`: its table and, in folders below it, its trials.

    The workers write the curves, and results that are known already are written at once.
    """

    def __init__(self, sweep: Sweep, logs: Path) -> None:
        self._sweep = sweep
        self.place = LogFolder.of(logs, sweep.folder.path.resolve().name, sweep.folder.path)
        if not sweep.results:
            self.place.clear()
        parameters = [
            searched_parameter(one.key, one.distribution.model_dump()) for one in sweep.space.parameters
        ]
        self._table, self._root, self._has_columns = SessionTable(parameters), self.place.file(), False
        self._root.add(time(), 0, config_summary(to_yaml(sweep.space.loaded.experiment)))
        self._root.flush()
        for result in sweep.results.values():
            if not trial_folder(self.place, result.trial).has_ended:
                self._write(result)
        sweep.watcher = TrialCurves(self.place)
        sweep.notes = (*sweep.notes, events_note(self.place))

    def on_progress(self, progress: SweepProgress) -> None:
        """Write the results of trials that have ended."""
        for result in progress.new_results:
            self._write(result)

    def _write(self, result: TrialResult) -> None:
        now = time()
        if result.epochs and result.figures and not self._has_columns:
            figures = (*result.figures, *(f"{name}_sd" for name in result.sd))
            self._root.add(now, 0, self._table.summary(figures, self._sweep.goal.metric, now))
            self._root.flush()
            self._has_columns = True
        values = self._sweep.trials[result.trial - 1].values
        trial = ReportedTrial(result.trial, result.status, values, result.figures, result.epochs, result.sd)
        write_trial(self.place, self._table, trial, TrialTimes(now - result.seconds, now))
