"""L-BFGS against a closed form and against SciPy called directly, and its threads."""

import threading

import numpy as np
import pytest
from scipy.optimize import minimize

import nettrain
from nettrain.errors import SpecError
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop, train
from nettrain.training.resumption.state import restore, snapshot
from nettrain.training.run import TrainingRun
from nettrain.training.step.training_step import training_step
from tests.trained import IRIS, built, experiment, trained
from tests.training.test_population import check

pytestmark = pytest.mark.usefixtures("step_by_step")

FULL = ("training.batch_size=full", "backend.dtype=float64", "data.validation=0")
LBFGS = ("optimizer=lbfgs", *FULL)
LINEAR = ("data.source=synthetic:sine", "loss=mse", "model.hidden=[]", "training.epochs=50")


def test_it_finds_the_ridge_regression_of_the_normal_equations() -> None:
    l2 = 0.1
    tight = "optimizer={name: lbfgs, tolerance: 0, gradient_tolerance: 1e-12}"
    result = trained([experiment(IRIS, *LINEAR, *FULL, tight, f"regularization.l2={l2}")])
    table = result.run.data.datasets["train"]
    x, y = table.x, table.y.reshape(table.rows, -1)
    both = np.column_stack([x, np.ones(len(x))])
    penalty = np.diag([l2] * x.shape[1] + [0.0])
    # mean (ŷ-y)² + l2/2·w², so 2/N·XᵀX w + l2·w = 2/N·Xᵀy
    expected = np.linalg.solve(2 / len(x) * both.T @ both + penalty, 2 / len(x) * both.T @ y)
    layout = result.run.layout
    got = [result.weights()[layout.start(0, name)] for name in ("weight", "bias")]
    np.testing.assert_allclose(got, expected[:, 0], rtol=1e-8, atol=1e-12)
    assert result.stopped[0].reason == "converged"
    assert result.stopped[0].epoch < 50


def by_hand(run: TrainingRun, iterations: int, l2: float) -> list[np.ndarray]:
    """SciPy's iterates on the run's loss, called from this thread."""
    probe = built([experiment(IRIS, *FULL, "optimizer=sgd")])
    step, layout, iterates = training_step(probe, probe.data.batches.rows), probe.layout, []

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        probe.population["parameters"][0] = x
        probe.population["total"][:] = 0
        step.replay()
        total, gradient = probe.population["total"][0], probe.population["gradient"][0].copy()
        gradient[: layout.weights] += l2 * x[: layout.weights]
        return total[0] / total[1] + l2 / 2 * (x[: layout.weights] ** 2).sum(), gradient

    start = run.population["parameters"][0].copy()
    options = {"maxiter": iterations, "maxcor": 10, "ftol": 2.2e-9, "gtol": 1e-5}
    minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=lambda x: iterates.append(x.copy()),
        options=options,
    )
    return iterates


def test_its_epochs_are_scipys_iterations() -> None:
    run = built([experiment(IRIS, *LBFGS, "training.epochs=12", "regularization.l2=0.01")])
    expected, got, objectives = by_hand(run, 12, 0.01), [], []
    for event in train(run):
        if hasattr(event, "figures"):
            got.append(run.population["parameters"][0].copy())
            objectives.append(float(event.figures["objective"][0]))
    assert len(got) == len(expected) == 12
    assert np.abs(np.array(got) - np.array(expected)).max() <= 1e-9 * np.abs(expected).max()
    assert objectives == sorted(objectives, reverse=True)


@pytest.mark.parametrize("evaluations", [1, 3])
def test_a_line_search_that_fails_is_not_convergence(evaluations: int) -> None:
    """The kinks of the absolute error stop it, and so does a search of one evaluation."""
    rule = f"optimizer={{name: lbfgs, evaluations: {evaluations}, tolerance: 0, gradient_tolerance: 0}}"
    sine = ("data.source=synthetic:sine", "loss=mae", "training.epochs=400")
    end = trained([experiment(IRIS, *sine, *FULL, rule)]).stopped[0]
    assert end.reason == "line_search"
    assert end.epoch < 400


def test_members_equal_their_own_runs() -> None:
    specs = [
        experiment(IRIS, *LBFGS, "training.epochs=40", f"seed={r}", f"regularization.l2={0.1 * r}")
        for r in range(5)
    ]
    ends = check(specs).stopped.values()
    assert len({end.epoch for end in ends}) >= 3
    assert {end.reason for end in ends} >= {"converged"}


def threads() -> int:
    return threading.active_count()


@pytest.mark.parametrize("members", [5, 12], ids=["moved together", "left where they are"])
def test_minimizers_of_members_that_have_ended_are_closed(members: int) -> None:
    specs = [
        experiment(IRIS, *LBFGS, "training.epochs=25", f"seed={r}", f"regularization.l2={0.1 * r}")
        for r in range(members)
    ]
    run, before, running = built(specs), threads(), set()
    for event in train(run):
        if isinstance(event, EpochDone) and event.epoch > 0:
            assert len(event.members) == len(run.minimizers) >= threads() - before
            running.add(len(event.members))
    assert len(running) > 1


def test_its_threads_end_with_the_run_and_when_its_iterator_is_closed() -> None:
    before = threads()
    specs = [experiment(IRIS, *LBFGS, "training.epochs=20", f"seed={r}") for r in range(3)]
    trained(specs)
    assert threads() == before
    events = train(built(specs))
    next(events)
    assert threads() == before + 3
    events.close()
    assert threads() == before
    asked = iter([False, False, True])
    stopped = [e for e in train(built(specs), lambda: next(asked, True)) if hasattr(e, "reason")]
    assert {(e.reason, e.epoch) for e in stopped} == {("interrupted", 3)}
    assert threads() == before


def test_an_error_in_its_thread_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threads()
    monkeypatch.setattr("scipy.optimize.minimize", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(train(built([experiment(IRIS, *LBFGS)])))
    assert threads() == before


def test_a_resumed_run_decreases_the_objective_further_with_an_empty_memory() -> None:
    spec = experiment(IRIS, *LBFGS, "training.epochs=12")
    asked = iter([False, False, True])
    first = TrainingLoop(built([spec]), lambda: next(asked, True))
    events = [e for e in first.events() if hasattr(e, "figures")]
    second = TrainingLoop(built([spec]))
    restore(second, snapshot(first))
    later = [e for e in second.events() if hasattr(e, "figures")]
    assert [e.epoch for e in (*events, *later)] == list(range(1, 13))
    objectives = [float(e.figures["objective"][0]) for e in (*events, *later)]
    assert objectives == sorted(objectives, reverse=True)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("training.batch_size=16", "training.batch_size: 16 does not go with lbfgs, which takes full"),
        ("backend.dtype=float32", "backend.dtype: float32 does not go with lbfgs, which takes float64"),
        ("training.sampling=replacement", "training.sampling: replacement does not go with lbfgs"),
        ("schedule=cosine", "schedule: lbfgs has no learning rate to change"),
        ("model.dropout_schedule=cosine", "model.dropout_schedule: lbfgs has no dropout rates to change"),
        (
            "training.weight_decay_schedule=cosine",
            "training.weight_decay_schedule: lbfgs has no weight decay to change",
        ),
        ("model.dropout=0.1", "model.dropout: does not go with lbfgs"),
        ("model.input_noise=0.1", "model.input_noise: does not go with lbfgs"),
        ("model.batch_norm=true", "model.batch_norm: does not go with lbfgs"),
        ("regularization.l1=0.1", "regularization.l1: does not go with lbfgs"),
        ("training.clip_norm=1", "training.clip_norm: does not go with lbfgs"),
        ("training.weight_decay=0.1", "training.weight_decay: does not go with lbfgs"),
    ],
)
def test_it_refuses_what_it_cannot_do(wrong: str, expected: str) -> None:
    settings = [text for text in LBFGS if text.split("=")[0] != wrong.split("=", maxsplit=1)[0]]
    with pytest.raises(SpecError) as error:
        experiment(IRIS, *settings, wrong)
    assert expected in str(error.value)


def test_folds_that_train_side_by_side_keep_their_own_minimizers() -> None:
    experiment = {
        "data": {"source": "builtin:iris", "folds": 3, "validation": 0},
        "model": {"hidden": [4]},
        "training": {"epochs": 6, "batch_size": "full"},
        "optimizer": "lbfgs",
        "backend": {"dtype": "float64"},
    }
    together = nettrain.train(experiment)
    for number in (1, 3):
        alone = nettrain.train(experiment, f"data.folds.take={number}")
        np.testing.assert_array_equal(alone.trained.parameters, together.fold(number).trained.parameters)
