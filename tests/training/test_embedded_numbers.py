"""Training with embeddings of numbers: populations, compacted ones, folds with other edges, a pause."""

from pathlib import Path

import numpy as np
import pytest

from nettrain.catalogue.members import grouping_key
from nettrain.model.layers import embeddings
from nettrain.model.parameters import views
from nettrain.training.diagnostics.layer_meter import measured_rows, sample
from nettrain.training.events import EpochDone
from nettrain.training.loop import TrainingLoop, train
from nettrain.training.resumption.state import restore, snapshot
from tests.trained import IRIS, built, experiment, outputs_of, prepared, trained
from tests.training.test_folds import built as built_of_folds
from tests.training.test_folds import fold_experiments, with_data
from tests.training.test_population import check, members
from tests.variants import overrides, variants, varying

pytestmark = pytest.mark.usefixtures("step_by_step")

FORMS = variants(embeddings)


def chosen(label: str) -> list[str]:
    """The overrides of a form of an embedding."""
    return overrides("model.embeddings", *FORMS[label])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", FORMS)
def test_members_equal_their_own_runs(label: str, dtype: str) -> None:
    fields = varying(embeddings[FORMS[label][0]])
    limits = [lambda r, field=field: f"model.embeddings.{field}={0.1 * 3**r}" for field in fields]
    specs = members(3, *chosen(label), f"backend.dtype={dtype}", "training.epochs=3", limits=limits)
    assert 1 == len({grouping_key(spec) for spec in specs})
    check(specs)


@pytest.mark.parametrize("label", FORMS)
def test_members_that_stay_equal_their_own_runs_when_others_have_left(label: str) -> None:
    stopping = ["training.epochs=30", "training.early_stopping={patience: 1, min_delta: 0.05}"]
    together = check(members(9, *chosen(label), *stopping), every=4)
    assert together.run.population.size < 9


def test_sigma_is_the_members_own() -> None:
    run = built(
        [experiment(IRIS, "model.embeddings=periodic", f"model.embeddings.sigma={s}") for s in (1, 10)]
    )
    first, second = views(run.population["parameters"], run.layout)[0]["frequencies"]
    np.testing.assert_allclose(second, 10 * first, rtol=1e-6)  # drawn alike


def test_each_fold_has_the_edges_of_its_own_training_rows(tmp_path: Path) -> None:
    embedding = "model.embeddings={name: piecewise_linear, bins: 5, dimension: 3}"
    pairs = with_data(fold_experiments(tmp_path, [embedding], 2))
    run = built_of_folds(pairs)
    edges = views(run.population["statistics"], run.model.statistics_layout)[0]["edges"]
    for member, (_, data) in enumerate(pairs):
        quantiles = np.quantile(data.train.x.astype(float), np.linspace(0, 1, 6), axis=0).T
        np.testing.assert_allclose(edges[member], quantiles, rtol=1e-6)
    assert not (edges[0] == edges[2]).all()


@pytest.mark.parametrize("label", FORMS)
def test_a_run_continues_to_the_bit(label: str) -> None:
    specs = members(2, *chosen(label), "training.epochs=4")
    whole, steps = trained(specs).run, iter(range(100))
    first = TrainingLoop(built(specs), lambda: next(steps) == 9)
    second = TrainingLoop(built(specs))
    for _ in first.events():
        pass
    restore(second, snapshot(first))
    for _ in second.events():
        pass
    assert second.run.final.parameters.tobytes() == whole.final.parameters.tobytes()
    assert second.run.final.statistics.tobytes() == whole.final.statistics.tobytes()


def test_decay_leaves_frequencies_lines_and_biases_alone() -> None:
    """A step with a rate of 1e-30 is all decay, which is that of the weights."""
    still = ["optimizer={name: adamw, learning_rate: 1e-30, weight_decay: 1e29}", "training.epochs=1"]
    for name, decayed in {
        "linear_relu": set(),
        "periodic": {"projection"},
        "piecewise_linear": {"projection"},
        "pbld": set(),
    }.items():
        spec = experiment(IRIS, f"model.embeddings={name}", *still)
        start, end = built([spec]), trained([spec]).run
        before = views(start.population["parameters"], start.layout)[0]
        after = views(end.final.parameters, end.layout)[0]
        before["projection"] = before.get("projection", np.zeros(1)) + (name == "piecewise_linear")
        moved = {key for key in after if not np.array_equal(before[key], after[key])}
        assert decayed == moved


def test_columns_of_categories_are_not_embedded(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = [f"{k},{'abc'[k % 3]},{k * k % 7},{k % 2 == 0}" for k in range(60)]
    path.write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    spec = experiment(
        IRIS, f"data.source={path}", "data.target=y", "data.target_kind=classes", "model.embeddings=pbld"
    )
    data, architecture = prepared(spec), built([spec]).architecture
    (layer,) = architecture.blocks[0].layers
    names = data.preprocessing.feature_names
    assert ["a", "c"] == [names[position] for position in layer.positions]
    assert len(names) + 2 * 3 == architecture.chain[0].outputs


def test_diagnostics_know_the_edges() -> None:
    """Outputs are measured in a pass of their own, which has to find the bins as the network does."""
    still = ["training.diagnostics=true", "training.epochs=1", "optimizer.learning_rate=1e-30"]
    embedding = "model.embeddings={name: piecewise_linear, bins: 4}"
    spec = experiment(IRIS, embedding, "model.hidden=[]", "data.validation=0", *still)
    result = built([spec], recorded=True)
    moved = views(result.population["parameters"], result.layout)[0]["projection"]
    moved[...] = np.random.default_rng(0).normal(size=moved.shape)
    parameters, statistics = (result.population[name].copy() for name in ("parameters", "statistics"))
    (event,) = [event for event in train(result) if isinstance(event, EpochDone) and event.epoch == 1]
    rows = sample(result, measured_rows(result)).x[0]
    outputs = outputs_of(result, parameters, statistics, rows)
    assert event.diagnostics is not None
    mean = event.diagnostics.values["activation_mean"][0, -1]
    np.testing.assert_allclose(mean, outputs.mean(), rtol=1e-5)
