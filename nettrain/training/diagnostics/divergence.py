"""How a member diverged: the step, and the layer where a number first stopped being one.

A run says only that a figure became NaN or infinite, since looking at every step would cost every step. What
happened is found afterwards: the same member trains once more, alone, from the start or from a state in
between, and is looked at after each step. It ends bit-equal to what it was, so it diverges in the same step.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Backend, HostArray
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.model.architecture import INPUT, OUTPUT, Block
from nettrain.model.tape import Tape
from nettrain.training.build import TrainingRun, build
from nettrain.training.loop import Training
from nettrain.training.resumption.state import TrainingState, beside, host_copy, restore
from nettrain.training.step.coefficients import coefficient_table
from nettrain.training.step.training_step import append_loss
from nettrain.training.step.update import point

Where = Literal["signal", "loss", "gradient", "weights"]


class DivergenceReport(TypedDict):
    """Where a run's numbers stopped being finite, in numbers and words, and overrides to try."""

    epoch: int
    step: int
    where: Where
    layer: int | None
    layer_name: str | None
    gradient_norm: float | None
    learning_rate: float
    text: str
    advice: list[str]


@dataclass(frozen=True)
class Divergence:
    """Where a run's numbers stopped being numbers; epochs and steps count from 1."""

    epoch: int
    step: int
    where: Where
    layer: int | None  # which of the layers, from 0; None when it is the loss or only the weights
    layer_name: str | None  # as people are told it
    gradient_norm: float | None  # of the step before, over all parameters; None when there was none
    learning_rate: float
    parameters: HostArray  # (P,) the last good weights: those with which that epoch began
    statistics: HostArray  # (Q,) that go with them

    def told(self, experiment: Experiment) -> DivergenceReport:
        """All but the weights, and in words what happened and what to try."""
        return {
            "epoch": self.epoch,
            "step": self.step,
            "where": self.where,
            "layer": self.layer,
            "layer_name": self.layer_name,
            "gradient_norm": self.gradient_norm,
            "learning_rate": self.learning_rate,
            "text": self._text(),
            "advice": advice(experiment, self.learning_rate),
        }

    def _text(self) -> str:
        before = "" if self.gradient_norm is None else f" after a gradient of norm {self.gradient_norm:.3g}"
        return (
            f"{self._place()} became NaN or infinite first, in step {self.step} (epoch {self.epoch}),"
            f" at learning rate {self.learning_rate:.3g}{before}"
        )

    def _place(self) -> str:
        if self.where == "loss":
            return "the loss"
        if self.where == "weights":
            return "weights"
        what = "the output" if self.where == "signal" else "the gradient"
        return f"{what} of {self.layer_name}"


def diagnose(
    experiment: Experiment, data: Prepared, backend: Backend, state: TrainingState | None = None
) -> Divergence | None:
    """Train a resolved experiment until it diverges; None when it does not.

    `state` is that of the same experiment alone, before it diverged. What is found does not depend on it: a
    state from within an epoch does not know with which weights that began, and the one right before the step
    does not know the last gradient.
    """
    run = build([experiment], data, backend)
    look = _Look(run)
    training = Training(run, look, clock=lambda: 0.0)
    if state is not None and state.numbers["position"] == 0:
        restore(training, state)
    began = training.step
    look.begin(began)
    for _ in training.events():
        pass
    if not look.diverged:
        return None
    found = look.found(training)
    at_once = look.step == began > 0
    return (diagnose(experiment, data, backend) or found) if at_once else found


def advice(experiment: Experiment, rate: float) -> list[str]:
    """Overrides that may help, the likeliest first."""
    tries = [f"optimizer.learning_rate={rate / 10:.3g}"]
    if experiment.training.clip_norm is None:
        tries.append("training.clip_norm=1")
    if experiment.data.scaling.name == "none":
        tries.append("data.scaling=standard")
    if experiment.data.target_kind == "numbers" and experiment.data.target_scaling == "none":
        tries.append("data.target_scaling=standard")
    return tries


def _name(block: Block) -> str:
    """A block in a sentence."""
    if block.name == INPUT:
        return "the noisy inputs"
    return "the output layer" if block.name == OUTPUT else f"hidden layer {block.number + 1}"


class _Look:
    """Asked after every step whether to stop: yes when something is no number any more."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.diverged = run, False
        self.norm: float | None = None

    def begin(self, step: int) -> None:
        """Remember where the run stands after so many steps."""
        self.step = step
        self._keep()
        self.good = self.before

    def _keep(self) -> None:
        """Remember all from which the next step starts, and what an epoch begins with."""
        self.before = {name: self._host(name) for name in self.run.population.persistent()}
        if self.step % self.run.batches.steps == 0:
            self.good = self.before

    def __call__(self) -> bool:
        gradient = self._host("gradient")
        finite = all(np.isfinite(a).all() for a in (gradient, self._host("parameters"), self._host("total")))
        if not finite:
            self.diverged = True
            self.broken = gradient
            return True
        self.norm = float(np.sqrt(np.square(gradient.astype(np.float64)).sum()))
        self.step += 1
        self._keep()
        return False

    def found(self, training: Training) -> Divergence:
        """What the step was that has just been done."""
        run, step = self.run, training.step - 1
        epoch, position = divmod(step, run.batches.steps)
        _, rate = coefficient_table(run, step, 1)
        where, block = self._first(training, position)
        return Divergence(
            epoch + 1,
            step + 1,
            where,
            None if block is None else block.number,
            None if block is None else _name(block),
            self.norm,
            float(rate[0, 0]),
            self.good["parameters"][0],
            self.good["statistics"][0],
        )

    def _first(self, training: Training, position: int) -> tuple[Where, Block | None]:
        """The first that is no number, in the order of the step: signals, loss, gradient, weights."""
        for name, array in self.before.items():
            self.run.population[name][...] = beside(self.run.population[name], self.run.backend, array)
        start, stop = list(self.run.batches.bounds())[position]
        self.run.population["total"][:] = 0
        tape = Tape()
        batch = append_loss(tape, self.run, training.steps[stop - start].index, point(self.run))
        with np.errstate(over="ignore", invalid="ignore"):
            for call in tape.bound(self.run.backend):
                call()
        for node in self.run.architecture.nodes:
            if not self._finite(batch.signals.contexts[node.number].output):
                return "signal", node.block
        if not self._finite(self.run.population["total"]):
            return "loss", None
        return self._broken_gradient()

    def _broken_gradient(self) -> tuple[Where, Block | None]:
        """Gradients are computed from the last layer to the first."""
        broken = {
            slot.layer
            for slot in self.run.layout.slots
            if not np.isfinite(self.broken[0, slot.start : slot.start + slot.size]).all()
        }
        if not broken:
            return "weights", None
        return "gradient", self.run.architecture.nodes[max(broken)].block

    def _finite(self, array: Any) -> bool:
        return bool(self.run.backend.xp.isfinite(array).all())

    def _host(self, name: str) -> HostArray:
        return host_copy(self.run.backend, self.run.population[name])
