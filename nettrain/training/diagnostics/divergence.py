"""How a member diverged: in which step, and in which layer a number first stopped being finite.

Training itself only notices that a figure became NaN or infinite, since checking every step would slow down
all of them. The diagnosis trains the member once more, alone, from the start or from a state in between, and
checks everything after each step. It repeats the training to the bit, so it diverges in the same step.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from typing_extensions import TypedDict

from nettrain.backend.base import Array, Backend, HostArray
from nettrain.data.prepare import Prepared
from nettrain.experiment.settings import Experiment
from nettrain.model.architecture import INPUT, OUTPUT, Block
from nettrain.model.tape import Tape
from nettrain.training.build import build
from nettrain.training.loop import TrainingLoop
from nettrain.training.resumption.state import TrainingState, beside, host_copy, restore
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import coefficient_table
from nettrain.training.step.pace import EVERY_STEP
from nettrain.training.step.training_step import BatchPass, append_loss
from nettrain.training.step.update import gradient_point

Where = Literal["signal", "loss", "gradient", "weights"]
Arrays = Mapping[str, HostArray]  # of a population of one, by name


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


@dataclass(frozen=True, eq=False)
class Divergence:
    """Where a run's numbers stopped being finite; epochs and steps count from 1."""

    epoch: int
    step: int
    where: Where
    layer: int | None  # from 0; None when it is the loss, or only the weights
    layer_name: str | None  # as in messages
    gradient_norm: float | None  # of the step before, over all parameters; None when there was none
    learning_rate: float
    parameters: HostArray  # (P,) the last good weights: those at the start of that epoch
    statistics: HostArray  # (Q,) that go with them

    def report(self, experiment: Experiment) -> DivergenceReport:
        """Everything but the arrays, with a sentence about what happened, and advice."""
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
            f"{self._subject()} became NaN or infinite first, in step {self.step} (epoch {self.epoch}),"
            f" at learning rate {self.learning_rate:.3g}{before}"
        )

    def _subject(self) -> str:
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

    `state` is one of the same experiment alone, before it diverged. The diagnosis does not depend on it: a
    state within an epoch, which does not have the weights at the epoch's start, is not used, and if the very
    next step diverges, the training starts anew, since the state does not have the gradient before.
    """
    run = build([experiment], data, backend)
    check = _FiniteCheck(run)
    training = TrainingLoop(run, check, clock=lambda: 0.0, moment=EVERY_STEP)
    if state is not None and state.numbers["position"] == 0:
        restore(training, state)
    first = training.progress.step
    check.begin(first)
    for _ in training.events():
        pass
    if not check.diverged:
        return None
    divergence = check.divergence(training)
    at_once = check.step == first > 0
    return (diagnose(experiment, data, backend) or divergence) if at_once else divergence


def advice(experiment: Experiment, rate: float) -> list[str]:
    """Overrides that may help, the most promising first."""
    overrides = [f"optimizer.learning_rate={rate / 10:.3g}"]
    if experiment.training.clip_norm is None:
        overrides.append("training.clip_norm=1")
    if experiment.data.scaling.name == "none":
        overrides.append("data.scaling=standard")
    if experiment.data.target_kind == "numbers" and experiment.data.target_scaling == "none":
        overrides.append("data.target_scaling=standard")
    return overrides


def _name(block: Block) -> str:
    """A block in a sentence."""
    if block.name == INPUT:
        return "the noisy inputs" if all(layer.random for layer in block.layers) else "the embedded inputs"
    return "the output layer" if block.name == OUTPUT else f"hidden layer {block.number + 1}"


class _FiniteCheck:
    """Called after every step; interrupts the training when a number is not finite."""

    def __init__(self, run: TrainingRun) -> None:
        self._run, self.diverged = run, False
        self._norm: float | None = None

    def begin(self, step: int) -> None:
        """Save the arrays of the run, which has done so many steps."""
        self.step = step
        self._save()
        self._epoch_start = self._before

    def _save(self) -> None:
        """Save the arrays with which the next step starts, and those with which an epoch does."""
        self._before: Arrays = {name: self._host(name) for name in self._run.population.persistent()}
        if self.step % self._run.data.batches.steps == 0:
            self._epoch_start = self._before

    def __call__(self) -> bool:
        gradient = self._host("gradient")
        finite = all(np.isfinite(a).all() for a in (gradient, self._host("parameters"), self._host("total")))
        if not finite:
            self.diverged, self._gradient = True, gradient
            return True
        self._norm = float(np.sqrt(np.square(gradient.astype(np.float64)).sum()))
        self.step += 1
        self._save()
        return False

    def divergence(self, training: TrainingLoop) -> Divergence:
        """The diagnosis of the last step."""
        step = training.progress.step - 1
        epoch, position = divmod(step, self._run.data.batches.steps)
        _, rate = coefficient_table(self._run, step, 1)
        where, block = self._first_not_finite(training, position)
        return Divergence(
            epoch + 1,
            step + 1,
            where,
            None if block is None else block.number,
            None if block is None else _name(block),
            self._norm,
            float(rate[0, 0]),
            self._epoch_start["parameters"][0],
            self._epoch_start["statistics"][0],
        )

    def _first_not_finite(self, training: TrainingLoop, position: int) -> tuple[Where, Block | None]:
        """What was not finite first, in the order of the step: signals, loss, gradient, weights."""
        batch = self._repeat_forward(training, position)
        for node in self._run.architecture.nodes:
            if not self._finite(batch.signals.contexts[node.number].output):
                return "signal", node.block
        if not self._finite(self._run.population["total"]):
            return "loss", None
        return self._broken_gradient()

    def _repeat_forward(self, training: TrainingLoop, position: int) -> BatchPass:
        """Repeat the forward pass and the loss of the last step."""
        run = self._run
        for name, array in self._before.items():
            run.population[name][...] = beside(run.population[name], run.backend, array)
        run.population["total"][:] = 0
        tape, index = Tape(), training.steps.at(position).index
        batch = append_loss(tape, run, index, run.pool.prefixed("train"), gradient_point(run))
        with np.errstate(over="ignore", invalid="ignore"):
            for call in tape.bound(run.backend):
                call()
        return batch

    def _broken_gradient(self) -> tuple[Where, Block | None]:
        """The last layer with a broken gradient, since gradients are computed from the last to the first."""
        broken = {
            slot.layer
            for slot in self._run.layout.slots
            if not np.isfinite(self._gradient[0, slot.start : slot.start + slot.size]).all()
        }
        if not broken:
            return "weights", None
        return "gradient", self._run.architecture.nodes[max(broken)].block

    def _finite(self, array: Array) -> bool:
        return bool(self._run.backend.xp.isfinite(array).all())

    def _host(self, name: str) -> HostArray:
        return host_copy(self._run.backend, self._run.population[name])
