"""Contestants that are ensembles or searches, and the points of their pictures."""

import re
from dataclasses import replace

import numpy as np
import pytest

from nettrain import train
from nettrain.lessons import LESSONS
from nettrain.lessons.observation import observe
from nettrain.lessons.panel import Line, Panel
from nettrain.output.figures.canvas import svg
from nettrain.output.figures.lesson import COLORS, lesson_picture
from nettrain.workflow import lesson

SMALL = """data: {source: "builtin:iris", validation: 0.3}
model: {hidden: [4]}
training: {epochs: 2, batch_size: 35, ensemble: 1}
"""
SEARCH = """sweep:
  trials: 3
  parameters: {optimizer.learning_rate: {distribution: log_uniform_values, min: 0.001, max: 1}}
"""


@pytest.fixture
def contestants(tmp_path, monkeypatch):
    files = [tmp_path / name for name in ("1_two_networks.yaml", "2_search.yaml", "3_one_network.yaml")]
    for file, text in zip(
        files, (SMALL.replace("ensemble: 1", "ensemble: 2"), SMALL + SEARCH, SMALL), strict=True
    ):
        file.write_text(text)
    monkeypatch.setattr(lesson, "experiment_files", lambda _: files)
    any_lesson = replace(LESSONS["ensemble"], measure=lambda _: iter([observe("", np.array([True]))]))
    return lesson.run_lesson(any_lesson, seeds=range(3, 5)).contestants


def test_members_of_an_ensemble_are_its_networks(contestants):
    ensemble = contestants[0]
    alone = [
        [train(ensemble.file, "training.ensemble=1", "data.seed=3", f"seed={s}") for s in pair]
        for pair in ((3, 4), (5, 6))
    ]
    expected = [[run.metrics["val"]["log_loss"] for run in pair] for pair in alone]
    assert expected == ensemble.member_metric("val", "log_loss").tolist()
    together = train(ensemble.file, "data.seed=3", "seed=5").metrics["val"]["log_loss"]
    assert together == ensemble.metric("val", "log_loss")[1]


def test_a_search_has_its_trials_for_each_seed(contestants):
    search = contestants[1]
    rates, losses = search.trials("optimizer.learning_rate"), search.trials("val_loss")
    assert (2, 3) == rates.shape == losses.shape
    assert 6 == len(np.unique(rates))
    changes = (f"optimizer.learning_rate={rates[1, 2]}", "sweep=null", "seed=4", "backend.threads=1")
    assert train(search.file, *changes).metrics["val"]["loss"] == losses[1, 2]


def test_points_are_drawn_at_their_places_on_a_logarithmic_axis():
    x, y = np.array([[1e-3, 1e-1, 10.0], [1e-2, 1.0, 100.0]]), np.array([[1.0, 2, np.nan], [3, 4, 5]])
    panel = Panel("rate", "loss", [Line("trials", x, y, points=True)], log_x=True)
    page = lesson_picture([panel], render=svg).decode()
    found = re.findall(rf'<use [^>]*x="([\d.]+)" y="([\d.]+)"[^>]*fill: {COLORS[0]}', page)
    places = [(float(across), float(down)) for across, down in found]
    pale, full = np.array(places[:3]), np.array(places[3:5])  # the seeds behind the first one, and it
    decade = (pale[1, 0] - pale[0, 0]) / 2
    assert [2.0, 2.0] == pytest.approx(np.diff(pale[:, 0]) / decade)
    assert [-1.0, 1.0] == pytest.approx((full[:, 0] - pale[0, 0]) / decade)
