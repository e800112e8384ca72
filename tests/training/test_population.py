"""Member r of a population ends bit-equal to the same experiment trained alone."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nettrain.backend.native_replay import SHARED_FROM
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.catalogue.members import group, grouping_key, stack
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import momentum_schedules, schedules
from nettrain.training.population import Population
from tests.trained import IRIS, Trained, built, data_of, experiment, population_of, trained
from tests.variants import overrides, variants, varying, varying_numbers

SIZES = [1, 3, 16]
FORMS = variants(optimizers)
LIMITS = [  # different for every member, and some without a penalty
    lambda r: f"regularization.l1={0.002 * (r % 3)}",
    lambda r: f"regularization.max_norm={0.6 + 0.2 * r}",
    lambda r: f"training.clip_value={0.05 + 0.03 * r}",
    lambda r: f"training.clip_norm={0.1 + 0.1 * r}",
    lambda r: f"training.weight_decay={0.3 * (r % 3)}",
]


def members(count: int, *overrides: str, text: str = IRIS, limits: Sequence = ()) -> list:
    """Experiments that differ in every number that may differ."""
    return [
        experiment(
            text,
            *overrides,
            f"seed={r}",
            f"training.order_seed={r // 2}",
            f"optimizer.learning_rate={0.002 * (r + 1)}",
            f"regularization.l2={0.01 * (r % 3)}",
            f"model.dropout={0.15 * (r % 4)}",
            f"model.init.scale={1 + 0.1 * r}",
            *(limit(r) for limit in limits),
        )
        for r in range(count)
    ]


def assert_bit_equal(population: Trained, alone: Trained, member: int) -> None:
    assert population.weights(member).tobytes() == alone.weights().tobytes()
    assert population.run.final.statistics[member].tobytes() == alone.run.final.statistics[0].tobytes()
    assert repr(population.history(member)) == repr(alone.history())
    ours, theirs = population.stopped[member], alone.stopped[0]
    assert (ours.epoch, ours.reason, ours.best_epoch) == (
        theirs.epoch,
        theirs.reason,
        theirs.best_epoch,
    )


def check(specs: list, every: int = 1) -> Trained:
    """Train members together and alone, and compare every bit of every one, or of the first of so many."""
    together = trained(specs)
    for r in range(0, len(specs), every):
        assert_bit_equal(together, trained(specs[r : r + 1]), r)
    return together


def stepping(label: str) -> list[str]:
    """The overrides of a form; a batch is full where the rule needs it so."""
    name, options = FORMS[label]
    whole = ["training.batch_size=full", "backend.dtype=float64"] if optimizers[name].full_batch else []
    return [*overrides("optimizer", name, options), *whole]


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("rule", [name for name, rule in optimizers.items() if not rule.full_batch])
def test_members_equal_single_runs_for_every_rule(rule: str, count: int) -> None:
    together = check(members(count, f"optimizer={rule}"), every=5 if count > 5 else 1)
    assert together.run.data.batches.sizes == (16, 6)  # a short last batch is among them


@pytest.mark.parametrize("label", [label for label in FORMS if not optimizers[FORMS[label][0]].full_batch])
def test_members_equal_single_runs_for_every_form_with_limits_of_their_own(label: str) -> None:
    own_decay = "weight_decay" in optimizers[FORMS[label][0]].model_fields
    limits = LIMITS[:-1] if own_decay else LIMITS
    specs = members(4, *stepping(label), "training.epochs=3", limits=limits)
    check(specs)


@pytest.mark.parametrize("name", momentum_schedules)
@pytest.mark.parametrize("rule", ["momentum", "nesterov", "rmsprop"])
def test_members_equal_single_runs_for_every_momentum_schedule(name: str, rule: str) -> None:
    schedule = f"optimizer={{name: {rule}, momentum_schedule: {name}}}"
    check(members(3, schedule, limits=[lambda r: f"optimizer.momentum={0.5 + 0.1 * r}"]))


def test_members_equal_single_runs_when_their_rates_are_cut_at_different_epochs() -> None:
    plateau = [
        "schedule={name: plateau, monitor: running_loss}",
        *("training.epochs=12", "training.evaluate_every=2"),
        "training.early_stopping={patience: 1, min_delta: 0.05}",
    ]
    limits = [
        lambda r: f"schedule.patience={1 + r % 2}",
        lambda r: f"schedule.factor={0.5 - 0.1 * (r % 3)}",
        lambda r: f"schedule.min_delta={0.02 * r}",
    ]
    together = check(members(8, *plateau, limits=limits))
    rates = [[row[1] for row in together.history(r)] for r in range(8)]
    assert len({len(set(rate)) for rate in rates}) >= 2
    assert together.run.population.size < 8


@pytest.mark.parametrize("name", [name for name, entry in activations.items() if not entry.outputs_only])
def test_members_equal_single_runs_for_every_activation(name: str) -> None:
    check(members(3, f"model.activation={name}"))


@pytest.mark.parametrize("embeddings", ["none", "pbld"])
def test_members_equal_single_runs_with_embedded_categories(embeddings: str) -> None:
    codes = ["data.source=builtin:penguins", "data.one_hot_up_to=2", "model.category_dimension=3"]
    noise = [lambda r: f"model.input_noise={0.1 * r}"]
    together = check(members(3, *codes, f"model.embeddings={embeddings}", limits=noise))
    groups = together.run.layout.groups
    assert "embedding" in groups


@pytest.mark.parametrize("name", schedules)
def test_members_equal_single_runs_for_every_schedule(name: str) -> None:
    check(members(3, f"schedule={name}", "schedule.warmup=1"))


@pytest.mark.parametrize(("loss", "targets"), [(n, k) for n, entry in losses.items() for k in entry.fits])
def test_members_equal_single_runs_for_every_loss(loss: str, targets: str, tmp_path: Path) -> None:
    varied = varying(losses[loss])
    if targets == "numbers" and "label_smoothing" in varied:
        varied.remove("label_smoothing")  # there are no labels to smooth
    common = [*data_of(targets, tmp_path), f"loss={loss}", "training.epochs=2", "training.batch_size=48"]
    for dtype in ("float32", "float64"):
        specs = []
        for r, spec in enumerate(members(3, *common, f"backend.dtype={dtype}")):
            numbers = {field: getattr(spec.loss, field) + 0.2 * r for field in varied}
            specs.append(spec.model_copy(update={"loss": spec.loss.model_copy(update=numbers)}))
        check(specs)


@pytest.mark.parametrize(("name", "field"), varying_numbers(activations))
def test_members_may_differ_in_their_activations_numbers(name: str, field: str) -> None:
    check(
        [
            spec
            for r in range(3)
            for spec in members(1, f"model.activation={{name: {name}, {field}: 0.{r + 1}}}")
        ]
    )


def test_members_that_stop_at_different_epochs_equal_single_runs() -> None:
    stopping = [
        "training.epochs=60",
        "training.early_stopping.monitor=val_loss",
        "training.early_stopping.min_delta=0.002",
    ]
    specs = [
        experiment(
            IRIS,
            *stopping,
            f"training.early_stopping.patience={1 + r % 3}",
            f"optimizer.learning_rate={0.01 * (1 + r)}",
            f"seed={r}",
            "model.dropout=0.2",
        )
        for r in range(16)
    ]
    together = check(specs)
    epochs = {stop.epoch for stop in together.stopped.values()}
    assert len(epochs) >= 4  # so rows were moved several times
    assert together.run.population.size < 16


@pytest.mark.parametrize("batch_size", ["1", "full"])
def test_members_equal_single_runs_online_and_in_full_batches(batch_size: str) -> None:
    check(members(3, f"training.batch_size={batch_size}", "training.epochs=2"))


@pytest.mark.parametrize("threads", [1, 2])
def test_wide_members_equal_single_runs_on_any_number_of_threads(threads: int) -> None:
    wide = ["model.hidden=[512, 300]", "training.epochs=1", f"backend.threads={threads}"]
    rows = "data: {source: 'builtin:optdigits', seed: 0, validation: 0.75}"  # a full batch and a short one
    together = check(members(3, *wide, text=f"{rows}\ntraining: {{batch_size: 512}}\n"))
    assert 2 == together.run.data.batches.steps
    # enough for every kind of kernel to run on several threads
    assert together.run.population["parameters"].size >= SHARED_FROM
    assert 3 * 512 * 300 >= SHARED_FROM


ENDS = {
    "convergence": [f"training.convergence={{tolerance: 0.0{r + 1}, epochs: {1 + r % 3}}}" for r in range(8)],
    "a share": [f"training.convergence={{tolerance: 0.0{r + 1}, relative: true}}" for r in range(8)],
    "weight change": [f"training.convergence={{weight_change: {0.5 + 0.3 * r}}}" for r in range(8)],
    "target": ["training.target={val_accuracy: 0.9, running_loss: 0.3}"] * 8,
}


@pytest.mark.parametrize("rule", ENDS)
def test_members_equal_single_runs_for_every_rule_that_ends_them(rule: str) -> None:
    common = ["training.epochs=60", "model.dropout=0.1", "training.evaluate_every=2"]
    specs = [
        experiment(IRIS, *common, end, f"seed={r}", f"optimizer.learning_rate={0.004 * (r + 1)}")
        for r, end in enumerate(ENDS[rule])
    ]
    ends = check(specs).stopped.values()
    assert {end.reason for end in ends} >= {"target" if rule == "target" else "converged"}
    assert len({end.epoch for end in ends}) >= 4


@pytest.mark.parametrize(
    "order",
    [["training.sampling=replacement"], ["training.shuffle=false"]],
)
@pytest.mark.parametrize("batch_size", ["16", "full"])
def test_members_equal_single_runs_in_every_order(order: list[str], batch_size: str) -> None:
    check(members(3, *order, f"training.batch_size={batch_size}", "training.epochs=3"))


def test_a_full_batch_drawn_with_replacement_is_drawn() -> None:
    full = ["training.batch_size=full", "training.epochs=1", "model.hidden=[]", "optimizer=sgd"]
    once = trained([experiment(IRIS, *full)]).weights()
    drawn = trained([experiment(IRIS, *full, "training.sampling=replacement")]).weights()
    assert once.tobytes() != drawn.tobytes()


def test_members_with_and_without_a_number_are_not_grouped() -> None:
    timed, free = experiment(IRIS, "training.max_seconds=3"), experiment(IRIS)
    assert grouping_key(timed) != grouping_key(free)
    assert grouping_key(timed) == grouping_key(experiment(IRIS, "training.max_seconds=4"))


def test_a_member_that_diverges_does_not_affect_others() -> None:
    wild = experiment(IRIS, "optimizer=sgd", "optimizer.learning_rate=1e30", "model.activation=relu")
    calm = experiment(IRIS, "optimizer=sgd", "optimizer.learning_rate=0.1", "model.activation=relu")
    together, alone = trained([wild, calm, wild]), [trained([spec]) for spec in (wild, calm, wild)]
    assert [together.stopped[r].reason for r in range(3)] == ["diverged", "epochs", "diverged"]
    assert together.stopped[0].epoch < 6
    for r in range(3):
        assert_bit_equal(together, alone[r], r)


def test_divergence_in_the_last_step_is_noticed() -> None:
    wild = ["optimizer=sgd", "optimizer.learning_rate=1e30", "training.batch_size=full"]
    run = trained(
        [experiment(IRIS, *wild, "data.validation=0", "training.epochs=1", "regularization.l2=1e30")]
    )
    assert run.stopped[0].reason == "diverged"
    assert np.isfinite(run.epochs[0].figures["running_loss"]).all()


def test_equal_experiments_give_equal_bits_and_another_seed_others() -> None:
    once, again = trained(members(1)), trained(members(1))
    assert once.weights().tobytes() == again.weights().tobytes()
    other = trained([experiment(IRIS, "seed=1")])
    assert other.weights().tobytes() != once.weights().tobytes()


def test_specs_are_grouped_by_everything_that_may_not_differ() -> None:
    base, rate = experiment(IRIS), experiment(IRIS, "optimizer.learning_rate=0.5", "seed=9")
    wide, sgd = experiment(IRIS, "model.hidden=[9]"), experiment(IRIS, "optimizer=sgd")
    assert grouping_key(base) != grouping_key(wide)
    data_seed = base.model_copy(update={"data": base.data.model_copy(update={"seed": 1})})
    assert group([base, wide, rate, sgd, data_seed]) == [[0, 2], [1], [3], [4]]


def test_stack_keeps_shared_settings_and_stacks_numbers() -> None:
    stacked = stack([experiment(IRIS, f"optimizer.learning_rate=0.{r + 1}") for r in range(3)])
    assert stacked.optimizer.learning_rate.tolist() == [0.1, 0.2, 0.3]
    assert stacked.optimizer.name == "adam"
    assert stacked.training.batch_size == 16


def test_compact_moves_the_rows_to_keep_of_every_registered_array() -> None:
    population = Population(stack([experiment(IRIS, f"seed={r}") for r in range(5)]), 5)
    population.register("a", np.arange(10.0).reshape(5, 2))
    population.register("b", np.arange(5))
    population.compact(np.array([False, True, False, True, True]))
    assert population["a"].tolist() == [[2, 3], [6, 7], [8, 9]]
    assert population["b"].tolist() == population["original"].tolist() == [1, 3, 4]
    assert population.members.seed.tolist() == [1, 3, 4]
    assert population.size == 3


def test_a_population_is_compacted_when_one_in_eight_has_stopped() -> None:
    population = population_of(16)
    population["active"][0] = False
    assert not population.should_compact()
    population["active"][1] = False
    assert population.should_compact()
    population["active"][:] = False
    assert not population.should_compact()  # no member is left to move


def test_members_of_two_rules_are_no_population():
    with pytest.raises(ValueError, match="these experiments do not have one grouping key"):
        built([experiment(IRIS), experiment(IRIS, "optimizer=sgd")])
