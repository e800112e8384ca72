"""Dropout rates and weight decay that change over time, against formulas and masks drawn for each step."""

import math

import numpy as np
import pytest

from nettrain.backend.philox import keep_mask, key_words, mask_words
from nettrain.backend.pool import Pool
from nettrain.catalogue.schedules.factors import factor_schedules
from nettrain.checks.backpropagation import step_gradient
from nettrain.checks.problem import gradient_problem
from nettrain.checks.short_training import for_epochs
from nettrain.errors import SpecError
from nettrain.experiment.scheduled_numbers import SCHEDULED_NUMBERS, scheduled_numbers
from nettrain.training.loop import TrainingLoop, train
from nettrain.training.run import TrainingRun
from nettrain.training.step.coefficients import coefficient_table
from tests.trained import IRIS, built, experiment, prepared, resolved_with_data, trained

pytestmark = pytest.mark.usefixtures("step_by_step")

STEPS = 6 * 7  # of IRIS: six epochs of 102 rows in batches of 16
FLAT_COS = "model.dropout_schedule=flat_cos"
HEAVY = "training.weight_decay=0.3"


def flat_cos(step: int, steps: int = STEPS) -> float:
    """As published: 1 in the first half of the run, then ½(1 + cos(π(2t - 1)))."""
    t = step / steps
    return 1.0 if t < 0.5 else 0.5 * (1 + math.cos(math.pi * (2 * t - 1)))


class MaskReader:
    """Called after every step: keeps the masks (R, B, H) of each dropout layer, by layer and step."""

    def __init__(self, run: TrainingRun) -> None:
        self.loop = TrainingLoop(run, self)
        self.masks: dict[tuple[int, int], np.ndarray] = {}

    def __call__(self) -> bool:
        done, steps = self.loop.progress.step, self.loop.run.data.batches.steps
        contexts = self.loop.steps.at((done - 1) % steps).batch.signals.contexts
        for number, context in contexts.items():
            if "mask" in context.buffers:
                self.masks[number, done - 1] = context.buffers["mask"].copy()
        return False


def drawn(run: TrainingRun, step: int, layer: int, mask: np.ndarray, rates: list[float]) -> np.ndarray:
    """The mask of one step at these rates of the members, as it is drawn where rates stay the same."""
    keys = np.array([key_words(r) for r in range(len(mask))], dtype=np.uint64)
    words = mask_words(Pool(run.backend).take, "words", mask.shape)
    dropped = np.minimum(np.round(np.array(rates) * 65536), 65535)
    scale = (65536 / (65536 - dropped)).astype(mask.dtype)
    out = np.empty_like(mask)
    arrays = keys, np.array([step], np.uint64), layer, 0, dropped.astype(np.uint64), scale
    keep_mask(out, *words, *arrays)
    return out


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_step_has_the_mask_of_its_rate(dtype: str) -> None:
    rates = [0.5, 0.2, 0.0]
    some = [
        experiment(
            IRIS, FLAT_COS, f"model.dropout={rate}", f"seed={r}", "data.seed=0", f"backend.dtype={dtype}"
        )
        for r, rate in enumerate(rates)
    ]
    run = built(some)
    reader = MaskReader(run)
    for _ in reader.loop.events():
        pass
    assert len(reader.masks) == 2 * STEPS
    for (number, step), mask in reader.masks.items():
        layer = run.architecture.nodes[number].stream_number
        expected = drawn(run, step, layer, mask, [rate * flat_cos(step) for rate in rates])
        assert mask.tobytes() == expected.tobytes(), (number, step)
    first, last = (np.mean([(reader.masks[n, s][0] == 0).mean() for n in (2, 5)]) for s in (0, STEPS - 1))
    assert first > 0.25
    assert last < 0.02


@pytest.mark.parametrize("rule", ["adamw", "momentum", "nesterov"])
def test_decay_is_multiplied_at_each_step(rule: str) -> None:
    decay = "optimizer.weight_decay" if rule == "adamw" else "training.weight_decay"
    changes = f"optimizer={rule}", f"{decay}=0.3", "schedule=cosine", "optimizer.learning_rate=0.01"
    groups = "optimizer.groups={bias: {weight_decay: 0.5, learning_rate: 2}}"
    run = built([experiment(IRIS, *changes, groups, "training.weight_decay_schedule=flat_cos")])
    table, rates = coefficient_table(run, 0, STEPS)
    alone = built([experiment(IRIS, *changes, groups)])
    for step in range(STEPS):
        rate = 0.005 * (1 + math.cos(math.pi * step / STEPS))
        expected = [rate * 0.3 * flat_cos(step), 2 * rate * 0.15 * flat_cos(step)]
        np.testing.assert_allclose(table[step, 0, :, 0], expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(rates[0, step], rate, rtol=1e-12)
    same = coefficient_table(alone, 0, STEPS)[0]
    assert table[:, :, :, 1:].tobytes() == same[:, :, :, 1:].tobytes()  # the rule knows nothing of it
    assert table[: STEPS // 2].tobytes() == same[: STEPS // 2].tobytes()


@pytest.mark.parametrize("rule", ["adam", "nesterov"])
def test_a_factor_that_stays_1_changes_no_bit(rule: str) -> None:
    common = "model.dropout=0.3", HEAVY, f"optimizer={rule}"
    plain = trained([experiment(IRIS, *common)])
    constant = "model.dropout_schedule=constant", "training.weight_decay_schedule=constant"
    same = trained([experiment(IRIS, *common, *constant)])
    assert plain.weights().tobytes() == same.weights().tobytes()
    assert repr(plain.history()) == repr(same.history())
    changed = trained([experiment(IRIS, *common, FLAT_COS)])
    assert changed.weights().tobytes() != plain.weights().tobytes()


def test_without_a_schedule_there_is_nothing_to_load() -> None:
    run = built([experiment(IRIS, "model.dropout=0.3", HEAVY)])
    assert not [name for name in run.population.persistent() if "factor" in name]
    assert "dropout_factor" not in run.population
    assert "dropout_factor" in built([experiment(IRIS, FLAT_COS)]).population


def test_a_rate_that_would_be_all_of_them_is_the_largest_that_can_be_drawn() -> None:
    """Warmup and other clocks can reach factors between those at which a file is checked."""
    run = built([experiment(IRIS, "model.dropout=0.5", "model.dropout_schedule=constant")])
    reader = MaskReader(run)
    table = reader.loop.steps._schedule
    tables = table._factor_tables["dropout_factor"]
    set_numbers = table.set_numbers
    table.set_numbers = lambda numbers: (set_numbers(numbers), tables.fill(3.0))
    next(reader.loop.events())
    mask = reader.masks[2, 0]
    expected = drawn(run, 0, run.architecture.nodes[2].stream_number, mask, [1.5])
    assert mask.tobytes() == expected.tobytes()


def test_diagnostics_and_evaluations_change_no_bit() -> None:
    common = "model.dropout=0.4", FLAT_COS, "data.validation=0.2"
    plain = trained([experiment(IRIS, *common)])
    measured = trained([experiment(IRIS, *common, "training.diagnostics=true")], recorded=True)
    assert plain.weights().tobytes() == measured.weights().tobytes()
    assert plain.epochs[-1].figures["val_loss"] == measured.epochs[-1].figures["val_loss"]


def test_the_gradient_is_checked_at_the_rates_themselves() -> None:
    warm = "model.dropout_schedule={name: cosine, warmup: 3}"
    both = ([warm], [])
    specs = resolved_with_data([experiment(IRIS, "model.dropout=0.4", HEAVY, *one) for one in both])
    scheduled, plain = (step_gradient(gradient_problem(spec, prepared(spec))) for spec in specs)
    assert scheduled.gradient.tobytes() == plain.gradient.tobytes()
    assert scheduled.random_buffers[2]["mask"].max() == 1 / (1 - round(0.4 * 65536) / 65536)


def test_short_trainings_leave_schedules_out() -> None:
    spec = experiment(IRIS, "model.dropout=0.4", FLAT_COS, "training.weight_decay_schedule=cosine")
    assert scheduled_numbers(for_epochs(spec, 3)) == []
    assert [number.dotted_key for number in scheduled_numbers(spec)] == [
        "model.dropout_schedule",
        "training.weight_decay_schedule",
    ]


@pytest.mark.parametrize("number", SCHEDULED_NUMBERS, ids=lambda number: number.name)
def test_a_schedule_that_follows_a_figure_is_refused(number: object) -> None:
    for name in ("plateau", "adaptive"):
        with pytest.raises(SpecError) as caught:
            experiment(IRIS, f"{number.dotted_key}={name}")
        reason = f"{name} follows a figure, which only the schedule of the learning rate can"
        assert str(caught.value).endswith(f"{number.dotted_key}: {reason}")
    with pytest.raises(SpecError, match='unknown "cosin", did you mean "cosine"'):
        experiment(IRIS, f"{number.dotted_key}=cosin")


@pytest.mark.parametrize("name", factor_schedules)
def test_members_with_numbers_of_their_own_equal_single_runs(name: str) -> None:
    some = [
        experiment(
            IRIS,
            *(f"model.dropout_schedule={name}", f"training.weight_decay_schedule={name}"),
            *(f"model.dropout={0.2 * r}", f"training.weight_decay={0.1 * r}", f"seed={r}", "data.seed=0"),
        )
        for r in range(3)
    ]
    together = trained(some)
    for r, spec in enumerate(some):
        assert together.weights(r).tobytes() == trained([spec]).weights().tobytes()


def test_members_may_differ_in_the_numbers_of_a_schedule() -> None:
    stopping = "training.early_stopping={patience: 1, min_delta: 0.05}", "training.epochs=30"
    some = [
        experiment(
            *(IRIS, *stopping, f"model.dropout_schedule={{name: flat_cos, flat: {0.2 * r}}}", f"seed={r}"),
            *("model.dropout=0.3", HEAVY, f"training.weight_decay_schedule={{name: linear, end: {0.1 * r}}}"),
        )
        for r in range(4)
    ]
    together = trained(some)
    assert len({stop.epoch for stop in together.stopped.values()}) > 1  # the population was compacted
    for r, spec in enumerate(some):
        alone = trained([spec])
        assert together.weights(r).tobytes() == alone.weights().tobytes()
        assert repr(together.history(r)) == repr(alone.history())


def test_more_steps_than_a_table_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = experiment(IRIS, "model.dropout=0.4", FLAT_COS)
    whole = trained([spec]).weights().tobytes()
    for module in ("coefficients", "epoch_steps"):
        monkeypatch.setattr(f"nettrain.training.step.{module}.TABLE_STEPS", 3)
    run = built(resolved_with_data([spec]))
    for _ in train(run):
        pass
    assert run.final.parameters[0].tobytes() == whole
