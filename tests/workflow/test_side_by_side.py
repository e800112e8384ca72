"""Any runs train in as few populations as can hold them, and each is what it would be alone."""

from collections.abc import Sequence

import numpy as np
import pytest

from nettrain.experiment.resolution import resolve_with_data
from nettrain.workflow.side_by_side import PopulationEpoch, Trainee, populations, train_side_by_side
from tests.trained import experiment, prepared

pytestmark = pytest.mark.usefixtures("step_by_step")

TEXT = """
data: {source: 'builtin:iris', seed: 0, test: 0.2}
model: {hidden: [5]}
training: {epochs: 3, batch_size: 16}
backend: {threads: 1}
"""


def trainees(*overrides: Sequence[str]) -> list[Trainee]:
    """A run for each list of overrides, all on data of their own."""
    specs = [experiment(TEXT, *one) for one in overrides]
    pairs = [(spec, prepared(spec)) for spec in specs]
    return [Trainee(resolve_with_data(spec, data), data) for spec, data in pairs]


def test_runs_on_other_rows_end_as_alone_with_all_their_figures() -> None:
    runs = trainees(["data.seed=0"], ["data.seed=1", "training.ensemble=2"], ["data.seed=2", "seed=5"])
    assert populations(runs) == [[0, 1, 2]]
    epochs: list[PopulationEpoch] = []
    together = train_side_by_side(runs, epochs.append)
    assert [one.trainees.tolist() for one in epochs] == [[0, 1, 1, 2]] * 4
    for run, found in zip(runs, together, strict=True):
        (alone,) = train_side_by_side([run])
        assert found is not None
        assert alone is not None
        assert found.trained.parameters.tobytes() == alone.trained.parameters.tobytes()
        assert found.history.equals(alone.history, null_equal=True)
        assert found.summary["metrics"] == alone.summary["metrics"]
        assert found.summary["baseline"] == alone.summary["baseline"]


def test_runs_of_another_form_train_by_themselves() -> None:
    runs = trainees(
        ["seed=1"], ["model.hidden=[6]"], ["seed=2"], ["training.snapshots=2", "training.epochs=4"]
    )
    assert populations(runs) == [[0, 2], [1], [3]]


def test_an_interruption_leaves_runs_that_have_not_begun() -> None:
    calls = iter([False, *[True] * 9])
    runs = trainees(["seed=1"], ["model.hidden=[6]"])
    first, second = train_side_by_side(runs, stop=lambda: next(calls))
    assert first is not None
    assert first.summary["status"] == "interrupted"
    assert second is None
    assert np.isfinite(first.trained.parameters).all()
