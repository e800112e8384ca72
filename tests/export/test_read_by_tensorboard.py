"""Events as TensorBoard itself reads them: its accumulator of events, and its plugins for text and hparams."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import nettrain
from tests.cli.command import inside
from tests.export.event_checks import TAGS, columns, summary
from tests.export.test_tensorboard_export import KEYS, SWEEP, rows
from tests.export.test_tensorboard_training import SPEC, Stop

pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of TensorBoard


def accumulated(folder: Path, **options: object):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), **options).Reload()


def read_scalars(folder: Path) -> dict[str, dict[int, float]]:
    read = accumulated(folder, size_guidance={"scalars": 0})
    tags = read.Tags()["scalars"]
    found = {tag: [(one.step, one.value) for one in read.Scalars(tag)] for tag in tags}
    assert all(len(points) == len({step for step, _ in points}) for points in found.values()), "no step twice"
    return {tag: dict(points) for tag, points in found.items()}


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> Path:
    """Live events of a run that was resumed, and of a sweep."""
    folder = tmp_path_factory.mktemp("read")
    (folder / "iris.yaml").write_text(SPEC)
    (folder / "sw.yaml").write_text(SPEC.replace("iris\n", "sw\n", 1) + SWEEP)
    run, logs = folder / "runs" / "iris", folder / "logs"
    steps = "training.history=step"
    nettrain.train(folder / "iris.yaml", steps, out=folder / "runs", tensorboard=logs, stop=Stop(10))
    shutil.copytree(run, folder / "copy")
    nettrain.resume(run, tensorboard=logs, stop=Stop(6))  # and is killed: its last state is lost
    shutil.rmtree(run)
    (folder / "copy").rename(run)
    nettrain.resume(run, tensorboard=logs)
    done = inside(folder, "sweep", "sw.yaml", "--quiet", "--jobs", "1", "--tensorboard", "logs")
    assert (0, "") == (done.code, done.err)
    return logs


def test_scalars_of_a_run_that_was_resumed(logs):
    history, scalars = columns(logs.parent / "runs" / "iris" / "history.csv"), read_scalars(logs / "iris")
    assert {tag: history[name] for name, tag in TAGS.items()} == {tag: scalars[tag] for tag in TAGS.values()}
    steps = columns(logs.parent / "runs" / "iris" / "steps.csv", "step")
    assert steps["batch_loss"] == read_scalars(logs / "iris" / "steps")["batch/loss"]
    metrics = summary(logs.parent / "runs" / "iris")["metrics"]
    assert {6: np.float32(metrics["test"]["accuracy"])} == scalars["final/test_accuracy"]


def test_the_config_is_text_and_weights_are_histograms(logs):
    read = accumulated(logs / "iris")
    plugin = read.SummaryMetadata("config").plugin_data
    assert "text" == plugin.plugin_name
    text = read.Tensors("config")[-1].tensor_proto.string_val[0].decode()
    config = (logs.parent / "runs" / "iris" / "config.yaml").read_text()
    assert config == "".join(f"{line[4:]}\n" for line in text.splitlines())
    (histogram,) = read.Histograms("weights/hidden 1/weight")
    assert (6, 32.0) == (histogram.step, histogram.histogram_value.num)
    trained = nettrain.open_run(logs.parent / "runs" / "iris").trained
    smallest, largest = histogram.histogram_value.min, histogram.histogram_value.max
    assert trained.parameters.min() <= smallest < largest <= trained.parameters.max()


def test_the_table_of_a_sweep_as_the_plugin_computes_it(logs):
    plugin = Plugin(logs)
    experiment = plugin.experiment()
    assert {*KEYS, "status"} == {info.name for info in experiment.hparam_infos}
    assert ["final/val_loss", "final/val_accuracy", "final/epochs"] == [
        info.name.tag for info in experiment.metric_infos
    ]
    groups = {group.name: group for group in plugin.session_groups()}
    sweep = logs.parent / "sweeps" / "sw"
    assert {f"trial {row['trial']}" for row in rows(sweep)} == set(groups) - {"iris"}
    for row in rows(sweep):
        group = groups[f"trial {row['trial']}"]
        values = {name: value.string_value or value.number_value for name, value in group.hparams.items()}
        assert {**{key: row[key] for key in ("model.hidden", "optimizer.name", "status")}} == {
            name: value for name, value in values.items() if isinstance(value, str)
        }
        assert float(row["optimizer.learning_rate"]) == values["optimizer.learning_rate"]
        figures = {one.name.tag: one.value for one in group.metric_values}
        assert {"final/val_loss", "final/val_accuracy", "final/epochs"} == set(figures)
        assert float(np.float32(row["val_loss"])) == figures["final/val_loss"]
        (session,) = group.sessions
        assert (f"sw/trial-{row['trial']}", 1) == (session.name, session.status)
        assert session.start_time_secs <= session.end_time_secs


def test_a_plain_run_is_a_session_too(logs):
    (group,) = [group for group in Plugin(logs).session_groups() if group.name == "iris"]
    assert (32.0, "adam") == (
        group.hparams["training.batch_size"].number_value,
        group.hparams["optimizer"].string_value,
    )
    assert [1] == [session.status for session in group.sessions], "although it was interrupted before"


class Plugin:
    """The hparams plugin on a log folder."""

    def __init__(self, logs: Path) -> None:
        from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
        from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
        from tensorboard.plugins.base_plugin import TBContext
        from tensorboard.plugins.hparams.backend_context import Context

        multiplexer = EventMultiplexer()
        multiplexer.AddRunsFromDirectory(str(logs))
        multiplexer.Reload()
        provider = MultiplexerDataProvider(multiplexer, str(logs))
        self.context = Context(TBContext(logdir=str(logs), multiplexer=multiplexer, data_provider=provider))

    def experiment(self):
        from tensorboard.context import RequestContext
        from tensorboard.plugins.hparams import api_pb2, get_experiment

        request = api_pb2.GetExperimentRequest()
        return get_experiment.Handler(RequestContext(), self.context, "", request).run()

    def session_groups(self):
        from tensorboard.context import RequestContext
        from tensorboard.plugins.hparams import api_pb2, list_session_groups

        request = api_pb2.ListSessionGroupsRequest(
            start_index=0, slice_size=100, allowed_statuses=[0, 1, 2, 3]
        )
        handler = list_session_groups.Handler(RequestContext(), self.context, "", request)
        return handler.run().session_groups


def test_events_that_were_exported(logs, tmp_path):
    for run in ("runs/iris", "sweeps/sw"):
        done = inside(logs.parent, "export", run, "--tensorboard", tmp_path, "--json")
        assert 0 == done.code, done.err
        assert json.loads(done.out)["parts"] in (1, 9)
    live, exported = read_scalars(logs / "iris"), read_scalars(tmp_path / "iris")
    assert set(live) == set(exported)
    assert live["loss/validation"] == exported["loss/validation"]
    assert {*KEYS, "status"} == {info.name for info in Plugin(tmp_path).experiment().hparam_infos}
    assert 10 == len(Plugin(tmp_path).session_groups())
