"""Steps replayed as graphs, on a fake CuPy that allows in a capture what CUDA allows."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from nettrain.backend.choose import open_backend
from tests.fake_cupy import on_host
from tests.fake_cupy.module import in_place_of_cupy
from tests.fake_cupy.queue import CaptureError, queue
from tests.trained import IRIS, Trained, experiment, trained

pytestmark = pytest.mark.skipif(on_host.COMPILER is None, reason="no g++")
MIXTURE = [
    *(
        "model.norm=layer",
        "model.residual=true",
        "model.dropout=0.3",
        "model.dropout_schedule=cosine",
        "model.input_noise=0.1",
        "model.activation=tanh",
    ),
    *("training.clip_norm=0.5", "regularization={l1: 0.01, l2: 0.01, max_norm: 1}", "optimizer=nesterov"),
]


@pytest.fixture
def captured() -> Iterator[Any]:
    with in_place_of_cupy(graphs=True):
        yield partial(open_backend, "cupy")


def run(new_backend: Any, *choice: str, members: int = 2, epochs: int = 3) -> Trained:
    specs = [experiment(IRIS, f"training.epochs={epochs}", *choice, f"seed={r}") for r in range(members)]
    return trained(specs, new_backend)


def call_by_call(*choice: str) -> Trained:
    """The same run on a CuPy that cannot capture."""
    with in_place_of_cupy():
        alone = run(partial(open_backend, "cupy"), *choice)
        assert queue.made == 0
        assert "nvmath" in alone.run.backend.notes[0]
        return alone


@pytest.mark.parametrize("choice", [[], MIXTURE], ids=["plain", "mixture"])
def test_a_graph_gives_the_results_of_its_calls(captured: Any, choice: list[str]) -> None:
    graphs = run(captured, *choice)
    steps, sizes = graphs.epochs[-1].step, graphs.run.data.batches.sizes
    assert graphs.run.backend.notes == []
    # of each batch size the first step runs call by call, and all others as that size's graph
    assert queue.launched >= steps - len(sizes)
    assert queue.made >= len(sizes)
    assert max(queue.counted) > 10
    assert graphs.run.final.parameters.tobytes() == call_by_call(*choice).run.final.parameters.tobytes()


def test_steps_that_cannot_be_captured_run_call_by_call_with_one_note(
    captured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(what: str) -> None:
        raise CaptureError("cudaErrorStreamCaptureUnsupported: a driver that does not want to")

    def failing(self: Any) -> Any:
        queue.captured = None
        refuses("")

    from cupy.cuda import Stream

    monkeypatch.setattr(Stream, "end_capture", failing)
    graphs = run(captured)
    assert queue.launched == 0
    (note,) = graphs.run.backend.notes
    assert "call by call" in note
    assert "a driver that does not want to" in note
    assert graphs.run.final.parameters.tobytes() == call_by_call().run.final.parameters.tobytes()


def test_graphs_are_made_anew_when_members_have_stopped(captured: Any) -> None:
    limits = ["training.target={running_loss: 0.9}"]
    graphs = run(captured, *limits, members=8, epochs=8)
    assert len({stop.epoch for stop in graphs.stopped.values()}) > 1, "all left at once"
    with in_place_of_cupy():
        alone = run(partial(open_backend, "cupy"), *limits, members=8, epochs=8)
    assert graphs.run.final.parameters.tobytes() == alone.run.final.parameters.tobytes()
