"""Training for an estimator, in memory: a first fit, and more steps of a fitted network on other rows."""

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from nettrain.catalogue.calibrations.no_calibration import NoCalibration
from nettrain.data.labelled import Rows, read_labelled
from nettrain.data.prepare import Prepared, prepare
from nettrain.data.preprocessing import Preprocessing
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings
from nettrain.data.targets.kind import find_target
from nettrain.data.training_fit import weigh_classes
from nettrain.errors import NettrainError, SpecError
from nettrain.experiment.named_backend import named_backend
from nettrain.experiment.replicas import replicas
from nettrain.experiment.resolution import data_settings_of, resolve, resolve_with_data
from nettrain.experiment.settings import Experiment
from nettrain.sklearn.interrupt import interruptible
from nettrain.sklearn.parameters import named_parameter
from nettrain.sklearn.settings import Values
from nettrain.sklearn.table import FitTable, memory_of
from nettrain.sklearn.threads import within_limit
from nettrain.store.summary import RunSummary
from nettrain.store.trained_run import TrainedRun
from nettrain.training.build import build
from nettrain.training.events import REASONS, EpochDone, Event
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import TrainingState, host_copy, restore
from nettrain.workflow.find_rate import with_rate_found
from nettrain.workflow.in_memory import MemoryRecorder, MemoryRun
from nettrain.workflow.preparation import PreparedTraining
from nettrain.workflow.source import load_experiment
from nettrain.workflow.training import TrainingJob

Current = Callable[[], MemoryRun]  # the networks as they are now
OnEpoch = Callable[[EpochDone, Current], bool]  # whether to stop


@contextmanager
def as_value_error(decided: Collection[str] = ()) -> Iterator[None]:
    """Errors of nettrain as ValueError, which scikit-learn expects of a fit.

    They name those parameters that have `decided` settings of the experiment.
    """
    try:
        yield
    except NettrainError as error:
        lines = [named_parameter(line, decided) for line in str(error).split("\n")]
        raise ValueError("\n".join(lines)) from error


@dataclass
class EpochObserver:
    """Passes epochs of a training to `on_epoch`, and remembers whether it has asked to stop."""

    prepared: PreparedTraining
    on_epoch: OnEpoch
    asked: bool = field(default=False)

    def __call__(self, event: Event) -> None:
        """Pass on the end of an epoch, but not that of a part of one."""
        if isinstance(event, EpochDone) and event.epoch and event.epoch == int(event.epoch):
            self.asked = self.on_epoch(event, self.current) or self.asked

    def current(self) -> MemoryRun:
        """The networks as they are now, which predict and no more."""
        run, data = self.prepared.training.run, self.prepared.data
        parameters = host_copy(run.backend, run.population["parameters"])
        statistics = host_copy(run.backend, run.population["statistics"])
        experiment, preprocessing = self.prepared.experiment, data.preprocessing
        trained = TrainedRun(experiment, run.architecture, parameters, statistics, preprocessing, run.backend)
        undescribed = cast(RunSummary, {})
        return MemoryRun(trained, undescribed, [], None, has_members=False)

    def stops(self) -> bool:
        """Whether training is to stop."""
        return self.asked


@dataclass(frozen=True, eq=False)
class FitRequest:
    """An experiment as the content of a file, and the tables that it is trained on.

    `classes` are all classes that may occur, where the rows need not have all of them. `converges` says
    whether epochs that run out deserve a warning.
    """

    values: Values
    memory: MemoryTables
    classes: Sequence[object] | None = None
    converges: bool = False

    @property
    def epochs(self) -> int | None:
        """The most epochs that are trained, if the values say so."""
        epochs: int | None = self.values.get("training", {}).get("epochs")
        return epochs


def fit_in_memory(request: FitRequest, on_epoch: OnEpoch) -> MemoryRun:
    """Train the network of an experiment on its tables, of which the run keeps none."""
    loaded = load_experiment(request.values, (), request.memory)
    with loaded.locating_errors():
        experiment = resolve(loaded.experiment)
        data = prepare_request(request, experiment)
        return _trained(_prepared(resolve_request(experiment, data), data), on_epoch)


def prepare_request(request: FitRequest, experiment: Experiment) -> Prepared:
    """The data of a request, by the settings of its experiment."""
    settings = data_settings_of(experiment)
    dtype = experiment.backend.dtype
    if request.classes is None:
        return prepare(settings, seed=settings.seed or 0, dtype=dtype, memory=request.memory)
    unweighed = settings.model_copy(update={"class_weights": None})  # not all classes need be there
    data = prepare(unweighed, seed=settings.seed or 0, dtype=dtype, memory=request.memory)
    return with_classes(data, request.classes, settings)


def resolve_request(experiment: Experiment, data: Prepared) -> Experiment:
    """The experiment, resolved with its data, with a learning rate, and threads that it may use."""
    return with_rate_found(within_limit(resolve_with_data(experiment, data)), data)[0]


def continue_in_memory(fitted: MemoryRun, rows: FitTable, epochs: int, on_epoch: OnEpoch) -> MemoryRun:
    """Train a fitted network for more epochs on these rows, with the preprocessing that it has.

    Its calibration and thresholds stay as they are: there are no validation rows to fit them anew.
    Raises SpecError when the state of its training is not there.
    """
    trained, checkpoint = fitted.trained, fitted.checkpoint
    if checkpoint is None:
        raise SpecError(f"{trained.name}: has no checkpoint, without which training cannot go on")
    before = trained.experiment
    data = _prepared_rows(rows, trained.preprocessing, before)
    prepared = _prepared(_continued(before, len(data.train.x), fitted.summary["epochs_run"] + epochs), data)
    training = prepared.training
    restore(training, in_whole_epochs(checkpoint.state, training.run.data.batches.steps), reopened=REASONS)
    more = _trained(prepared, on_epoch)
    after = prepared.experiment.model_copy(
        update={"calibration": before.calibration, "threshold": before.threshold}
    )
    kept = replace(more.trained, experiment=after, postprocessing=trained.postprocessing)
    return replace(more, trained=kept, events=[*fitted.events, *more.events])


def in_whole_epochs(state: TrainingState, steps: int) -> TrainingState:
    """The state at the end of an epoch, where each epoch now has so many steps."""
    done = -(-state.numbers["step"] // steps) * steps
    return replace(state, numbers={**state.numbers, "step": done, "position": 0})


def _prepared_rows(rows: FitTable, preprocessing: Preprocessing, experiment: Experiment) -> Prepared:
    """Rows to train on, weighed as those of the first fit, with its preprocessing."""
    weighed = replace(preprocessing, weight=rows.weight)
    read = read_labelled(memory_of(rows.table), weighed, dtype=experiment.backend.dtype)
    unweighed = Rows(read.x, read.y, read.weight)
    train, _ = weigh_classes(unweighed, preprocessing.target, experiment.data)
    return Prepared(train, None, None, preprocessing, experiment.data, read.notes, read.weight)


def _continued(experiment: Experiment, rows: int, epochs: int) -> Experiment:
    """The experiment with more epochs and nothing that ends them early."""
    training = experiment.training
    size = training.batch_size
    full = size != "full" and isinstance(size, int) and size >= rows
    update = {
        "epochs": epochs,
        "batch_size": "full" if full else size,
        "early_stopping": None,
        "convergence": None,
        "target": None,
    }
    rules = {"calibration": NoCalibration(), "threshold": "none"}  # which need validation rows
    continued = training.model_copy(update=update)
    return within_limit(experiment.model_copy(update={"training": continued, **rules}))


def with_classes(data: Prepared, classes: Sequence[object], settings: DataSettings) -> Prepared:
    """The data with a target that has these classes, in the rows or not, and rows with their weights."""
    old = data.preprocessing.target
    table = MemoryTables.of({old.names[0]: list(classes)}).read("train").table
    target, _ = find_target(table, old.names, "classes")
    numbers = np.array([target.find_class(name) for name in old.classes], dtype=np.int32)
    renumbered = replace(data.train, y=numbers[data.train.y])
    train, _ = weigh_classes(renumbered, target, settings)
    preprocessing = replace(data.preprocessing, target=target)
    resolved = data.settings.model_copy(update={"class_weights": settings.class_weights})
    return replace(data, train=train, preprocessing=preprocessing, settings=resolved)


def _prepared(experiment: Experiment, data: Prepared) -> PreparedTraining:
    """The training of a resolved experiment before its first step."""
    members = replicas(experiment)
    run = build(members, data, named_backend(experiment.backend))
    return PreparedTraining(TrainingLoop(run), members, data, data.notes)


def _trained(prepared: PreparedTraining, on_epoch: OnEpoch) -> MemoryRun:
    """The training, to its end or until Ctrl-C; raises KeyboardInterrupt when no epoch has ended by then."""
    recorder, observer = MemoryRecorder(prepared), EpochObserver(prepared, on_epoch)
    job = TrainingJob(prepared, recorder, prepared.notes)
    with interruptible() as pressed:
        result = job.run(observer, interrupted=lambda: observer.stops() or pressed())
    if pressed():
        if not recorder.events or not recorder.events[-1].epoch:
            raise KeyboardInterrupt
        warnings.warn("Training interrupted by user.", stacklevel=2)
    return MemoryRun.of(result, recorder)


def not_diverged(run: MemoryRun) -> MemoryRun:
    """The run. Raises ValueError when it diverged."""
    summary = run.summary
    if summary["status"] == "diverged":
        cause = summary.get("divergence")
        why = f": {cause['text']}" if cause else ""
        raise ValueError(f"training diverged in epoch {summary['epochs_run']}{why}")
    return run
