"""Run folders at a glance: whole ones, half ones and what is no run at all."""

import json
import os
from dataclasses import replace
from datetime import datetime

import pytest

from nettrain.errors import SpecError
from nettrain.store.run_overview import differing_settings, find_runs, read_overview, sort_runs

NOON = datetime(2026, 3, 4, 12, 0).timestamp()


def run(folder, name, *, accuracy=0.9, rate=0.1, status="finished", hour=0):
    path = folder / name
    path.mkdir(parents=True)
    (path / "config.yaml").write_text(
        f"experiment: {name}\noptimizer: {{name: adam, learning_rate: {rate}}}\n"
    )
    metrics = {"val": {"loss": 1 - accuracy, "accuracy": accuracy}, "test": {"loss": None}}
    summary = {"experiment": name, "status": status, "epochs_run": 7, "best_epoch": 5, "metrics": metrics}
    (path / "summary.json").write_text(json.dumps(summary))
    os.utime(path / "summary.json", (NOON + 3600 * hour, NOON + 3600 * hour))
    return path


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs"
    run(folder, "a", accuracy=0.8, hour=2)
    run(folder, "b", accuracy=0.95, rate=0.01, hour=1)
    run(folder, "c", accuracy=0.9, status="diverged", hour=3)
    return folder


def names(overviews):
    return [one.path.name for one in overviews]


def test_a_whole_run(runs):
    overview = read_overview(runs / "a")
    assert (datetime(2026, 3, 4, 14), "a", "finished", 7, 5) == (
        overview.when,
        overview.experiment,
        overview.status,
        overview.epochs,
        overview.best_epoch,
    )
    assert {"val_loss": 1 - 0.8, "val_accuracy": 0.8} == overview.figures
    assert {"experiment": "a", "optimizer.name": "adam", "optimizer.learning_rate": 0.1} == overview.settings


@pytest.mark.parametrize(
    ("file", "text", "status"),
    [
        ("config.yaml", "experiment: x", "unfinished"),
        ("config.yaml", "{[", "unfinished"),
        ("config.yaml", "- 1", "unfinished"),
        ("summary.json", '{"status": "fin', "unreadable"),
        ("summary.json", "[]", "unreadable"),
        ("summary.json", "{}", "unreadable"),
        ("summary.json", '{"status": "finished", "metrics": [1], "epochs_run": "x"}', "finished"),
        ("summary.json", '{"status": "finished", "metrics": {"val": 3}}', "finished"),
    ],
)
def test_half_written_and_odd_files_do_no_harm(file, text, status, tmp_path):
    (tmp_path / file).write_text(text)
    overview = read_overview(tmp_path)
    assert (status, {}, None) == (overview.status, overview.figures, overview.epochs)


def test_bytes_that_are_no_text_do_no_harm(tmp_path):
    for name in ("config.yaml", "summary.json"):
        (tmp_path / name).write_bytes(b"\xff\xfe\x00")
    assert "unreadable" == read_overview(tmp_path).status


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("member,epoch\n0,7\n1,7\n0,8\n", 8),
        ("epoch\n", None),
        ("", None),
        ("step\n1\n", None),
        ("epoch\nx\n", None),
    ],
)
def test_a_run_that_was_killed_says_how_far_it_came(text, epochs, tmp_path):
    (tmp_path / "config.yaml").write_text("experiment: x")
    (tmp_path / "history.csv").write_text(text)
    overview = read_overview(tmp_path)
    assert ("unfinished", epochs) == (overview.status, overview.epochs)


def test_folders_patterns_and_runs_are_found_once(runs):
    (runs / "foreign").mkdir()
    (runs / "file").write_text("")
    assert ["a", "b", "c"] == names(find_runs(["runs"]))
    assert ["a", "b", "c"] == names(find_runs(["runs/*"]))
    assert ["b", "a", "c"] == names(
        find_runs(["runs/b", "runs/foreign", "runs/file", str(runs)[:-4] + "runs/[ac]"])
    )


@pytest.mark.parametrize("pattern", ["rums", "runs/x*", "runs/foreign"])
def test_nothing_found_is_an_error(runs, pattern):
    (runs / "foreign").mkdir()
    with pytest.raises(SpecError, match="no runs there"):
        find_runs([pattern])


@pytest.mark.parametrize("blank", ["", " "])
def test_a_blank_path_is_shown(runs, blank):
    with pytest.raises(SpecError, match=f'^"{blank}": no runs there'):
        find_runs([blank])


def test_keys_that_differ(runs):
    assert ["optimizer.learning_rate"] == differing_settings(find_runs(["runs"]))
    assert [] == differing_settings(find_runs(["runs/a", "runs/c"]))


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("when", "bac"),
        ("-when", "cab"),
        ("status", "cab"),
        ("val_accuracy", "bca"),
        ("-val_accuracy", "acb"),
        ("val_loss", "bca"),
        ("optimizer.learning_rate", "bac"),
        ("run", "abc"),
    ],
)
def test_order(runs, by, expected):
    assert expected == "".join(names(sort_runs(find_runs(["runs"]), by)))


def test_figures_that_are_no_metrics_of_ours_are_sorted_from_the_smallest(runs):
    found = [
        replace(run, figures={"val_strange": size})
        for run, size in zip(find_runs(["runs"]), (2, 3, 1), strict=True)
    ]
    assert [1, 2, 3] == [run.figures["val_strange"] for run in sort_runs(found, "val_strange")]


def test_what_lacks_a_figure_comes_last(runs):
    (runs / "0").mkdir()
    (runs / "0" / "config.yaml").write_text("experiment: x")
    assert "bca0" == "".join(names(sort_runs(find_runs(["runs"]), "val_accuracy")))


def test_an_unknown_column_is_refused(runs):
    with pytest.raises(SpecError, match='no run has "val_acuracy", did you mean "val_accuracy"'):
        sort_runs(find_runs(["runs"]), "val_acuracy")
