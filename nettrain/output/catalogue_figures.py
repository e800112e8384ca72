"""Pictures of kinds of variants, for `nettrain list KIND --figure`."""

from collections.abc import Callable, Sequence

from nettrain.catalogue.activations import activations
from nettrain.catalogue.registry import meaning
from nettrain.errors import SpecError, nearest

Names = Sequence[str]


def catalogue_picture(kind: str, names: Names) -> bytes:
    """A PNG of these variants of a kind. Raises SpecError when there is no picture of the kind."""
    refuse_kind(kind)
    return PICTURES[kind](names)


def refuse_kind(kind: str | None) -> None:
    """Raise SpecError when there is no picture of this kind, or no kind at all."""
    if kind is None:
        raise SpecError(f"--figure: name a kind{nearest('', PICTURES)}")
    if kind not in PICTURES:
        raise SpecError(f'--figure: there is no picture of "{kind}"{nearest("", PICTURES)}')


def _activations(names: Names) -> bytes:
    from nettrain.output.figures.activations import activations_picture
    from nettrain.workflow.activation_curves import activation_curves

    curves = activation_curves(names)
    if len(curves) > 1:
        return activations_picture(curves, "Activation functions and their derivatives")
    return activations_picture(curves, curves[0].name, meaning(activations[curves[0].name]))


def _schedules(names: Names) -> bytes:
    from nettrain.output.figures.schedules import schedules_picture
    from nettrain.workflow.schedule_curves import RATE, RUN, schedule_curves

    title = "Schedules of the learning rate"
    note = f"rate by epoch, from {RATE:g}, with default settings, in a run of {RUN.epochs} epochs"
    return schedules_picture(schedule_curves(names), title, note)


def _momentum_schedules(names: Names) -> bytes:
    from nettrain.output.figures.schedules import schedules_picture
    from nettrain.workflow.schedule_curves import MOMENTUM, RUN, momentum_curves

    note = (
        f"momentum by epoch, of a rule with {MOMENTUM:g}, in {RUN.epochs} epochs of"
        f" {RUN.steps_per_epoch} steps"
    )
    return schedules_picture(momentum_curves(names), "Schedules of momentum", note)


PICTURES: dict[str, Callable[[Names], bytes]] = {
    "activation": _activations,
    "schedule": _schedules,
    "momentum schedule": _momentum_schedules,
}
