"""What watches a run: which metric, and the monitors that stop it or change its rates."""

from nettrain.backend.base import Backend
from nettrain.catalogue.schedules import Reactive
from nettrain.data.prepare import Prepared
from nettrain.experiment.monitors import goal
from nettrain.experiment.settings import Experiment
from nettrain.inference.model import Model
from nettrain.training.control.convergence import ConvergenceMonitor
from nettrain.training.control.early_stopping import EarlyStoppingMonitor
from nettrain.training.control.monitors import Monitors
from nettrain.training.control.plateau import PlateauMonitor
from nettrain.training.control.snapshots import Snapshots
from nettrain.training.population import Population
from nettrain.training.run import TrainingData


def build_monitors(model: Model, population: Population, backend: Backend, metric: str) -> Monitors:
    """The monitors of a run whose early stopping and snapshots look at this metric."""
    settings = model.experiment.training
    convergence = population.members.training.convergence
    widths = model.layout.size, model.statistics_layout.size
    return Monitors(
        metric,
        EarlyStoppingMonitor(population, maximize=goal(metric) == "maximize"),
        ConvergenceMonitor(population, backend, convergence, model.layout.size),
        snapshots=Snapshots(population, backend, settings, *widths),
        plateau=_plateau(population, model.experiment, metric),
    )


def monitored_metric(experiment: Experiment, data: Prepared, rows: TrainingData) -> str:
    """The metric that decides which epoch is the best: validation rows before training rows."""
    stopping = experiment.training.early_stopping
    if stopping is not None:
        return stopping.monitor
    if data.validation is not None:
        return "val_loss"
    first = rows.folds[0].data if rows.folds else rows
    return "running_loss" if first.evaluated is None else "train_loss"


def _plateau(population: Population, experiment: Experiment, default: str) -> PlateauMonitor | None:
    if not isinstance(experiment.schedule, Reactive):
        return None
    # evaluating other rows must not change the rates: without validation rows the running loss decides
    unset = default if default.startswith("val_") or experiment.training.early_stopping else "running_loss"
    metric = experiment.schedule.monitor or unset
    return PlateauMonitor(population, metric, maximize=goal(metric) == "maximize")
