"""What a blend will train: each of its networks, on folds or alone, with the data of each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import BackendError, DataError, SpecError
from nettrain.experiment.blending import BLEND, blend_entry, networks_of
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.resolution import rate_is_auto
from nettrain.experiment.settings import Experiment
from nettrain.experiment.task import gives_probabilities, loss_of
from nettrain.workflow.description import TrainingDescription, describe
from nettrain.workflow.folds.plan import PlannedCrossValidation, plan_cross_validation
from nettrain.workflow.preparation import PreparedTraining, prepare_training
from nettrain.workflow.training import notes_on

PlannedNetwork: TypeAlias = PlannedCrossValidation | PreparedTraining


@dataclass(frozen=True, eq=False)
class PlannedBlend:
    """The networks of a blend before training, the file's own first; they are numbered from 1.

    `experiment` is that of the file's own network, with what the others have otherwise: training from it
    repeats the run.
    """

    experiment: Experiment
    networks: tuple[PlannedNetwork, ...]
    notes: tuple[str, ...]
    memory: MemoryTables | None = field(default=None, repr=False)

    @property
    def descriptions(self) -> list[TrainingDescription]:
        """What each network is trained on what."""
        return [
            one.description if isinstance(one, PlannedCrossValidation) else describe(one)
            for one in self.networks
        ]


def finds_rates(loaded: LoadedExperiment) -> bool:
    """Whether learning rates are left at auto, so that planning tries some, which takes a while."""
    return any(rate_is_auto(one.experiment) for one in networks_of(loaded))


def plan_blend(loaded: LoadedExperiment, memory: MemoryTables | None = None) -> PlannedBlend:
    """Resolve the experiment of each network with its data.

    `memory` has the tables of an experiment whose data are in memory. Raises what `prepare_training` raises,
    with the place of the network in the blend where it is not the file's own.
    """
    each = networks_of(loaded)
    with loaded.locating_errors():
        _refuse_without_validation(each)
    networks = []
    for position, one in enumerate(each):
        with _naming_network(position):
            networks.append(_planned(one, memory))
            _refuse_other_predictions(networks[0], networks[-1])
    own, *others = (one.experiment for one in networks)
    experiment = own.model_copy(update={BLEND: [blend_entry(own, other) for other in others]})
    return PlannedBlend(experiment, tuple(networks), _joint_notes(networks), memory)


def _planned(loaded: LoadedExperiment, memory: MemoryTables | None) -> PlannedNetwork:
    if loaded.experiment.data.trains_folds:
        return plan_cross_validation(loaded, memory)
    return prepare_training(loaded, memory)


def _refuse_without_validation(each: Sequence[LoadedExperiment]) -> None:
    if not each[0].experiment.data.holds_out_validation:
        raise SpecError("data.validation: 0 leaves no rows that weigh the networks of the blend")


@contextmanager
def _naming_network(position: int) -> Iterator[None]:
    """Put the place of a network in the blend in front of errors about it; the first is the file's own."""
    try:
        yield
    except (SpecError, DataError, BackendError) as error:
        if not position:
            raise
        place = f"{BLEND}.{position - 1}"
        lines = [line if place in line else f"{place}: {line}" for line in str(error).splitlines()]
        raise type(error)("\n".join(lines)) from error


def _refuse_other_predictions(first: PlannedNetwork, other: PlannedNetwork) -> None:
    """Raise SpecError where the predictions of two networks are not of one kind and have no mean."""
    before, after = (_predicts(one.experiment) for one in (first, other))
    if before != after:
        raise SpecError(f"loss: predicts {after}, where the file's own network predicts {before}")


def _predicts(experiment: Experiment) -> str:
    """What a network predicts, in words: probabilities, scores, numbers, or their distributions."""
    loss = loss_of(experiment)
    if isinstance(loss, DistributionalLoss):
        levels = "" if loss.levels is None else f" at {', '.join(f'{level:g}' for level in loss.levels)}"
        return f"distributions by {loss.name}{levels}"
    if experiment.data.target_kind == "numbers":
        return "numbers"
    return "probabilities" if gives_probabilities(experiment) else "scores"


def _notes(network: PlannedNetwork) -> list[str]:
    if isinstance(network, PlannedCrossValidation):
        return [*network.notes]
    return [*network.notes, *notes_on(network)]


def _joint_notes(networks: Sequence[PlannedNetwork]) -> tuple[str, ...]:
    """The notes on all networks, and those on some of them with their numbers."""
    numbers: dict[str, list[int]] = {}
    for number, one in enumerate(networks, 1):
        for note in dict.fromkeys(_notes(one)):
            numbers.setdefault(note, []).append(number)
    return tuple(
        note if len(of) == len(networks) else f"network {', '.join(map(str, of))}: {note}"
        for note, of in numbers.items()
    )
