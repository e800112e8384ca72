"""The page on a run: what is on it, that it is whole, safe, deterministic, and needs nothing else."""

import base64
import hashlib
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import nettrain
from nettrain.output.report_page.html import element, markup
from nettrain.output.report_page.words import percent
from nettrain.output.report_page.write import page_file
from tests.output.page_of import EVIL, Parsed, people, train

SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def run(folder):
    return train(folder, people(folder), "data.positive=churn")


@pytest.fixture(scope="module")
def page(run, folder):
    assert folder / "run" / "report.html" == nettrain.report(folder / "run")
    return Parsed.of(run.folder / "report.html")


def sections(page):
    return [one["id"] for one in page.all("section")]


def test_sections_follow_the_run(page):
    expected = [
        "results",
        "training",
        "mistakes",
        "thresholds",
        "calibration",
        "importance",
        "data",
        "network",
        "repeat",
    ]
    assert expected == sections(page)
    assert [f"#{key}" for key in expected] == [one["href"] for one in page.all("a")][1:]


def test_figures_are_those_of_evaluate(run, page):
    report = run.evaluate(worst=20, importance=True)
    assert f"Of 60 test rows it predicts {100 * report.metrics['accuracy']:.1f} % right" in page.words
    assert f"{report.metrics['roc_auc']:.4g}" in page.words
    for row in report.worst:
        assert f"people.csv:{row.place.rpartition(':')[2]} " in page.words
    assert f"{report.importance.columns[0].mean:#.4g} ±" in page.words
    for pair in report.confused:
        assert f" {pair.rows:.0f} " in page.words


def test_worst_rows_have_their_cells(run, page, folder):
    worst = run.evaluate(worst=1).worst[0]
    line = int(worst.place.rpartition(":")[2])
    cells = (folder / "people.csv").read_text().splitlines()[line - 1].split(",")
    place = page.words.index(f"people.csv:{line} ")
    assert all(cell in page.words[place : place + 120] for cell in cells)


@pytest.mark.usefixtures("page")
def test_pictures_are_whole_and_have_a_title_and_a_description(run):
    text = (run.folder / "report.html").read_text(encoding="utf-8")
    pictures = SVG.findall(text)
    assert 3 == len(pictures)
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        names = {child.tag.rpartition("}")[2] for child in root}
        assert {"title", "desc"} <= names
        assert "img" == root.get("role")
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len(set(names))
    used = {*re.findall(r"url\(#([^)]*)\)", text), *re.findall(r'href="#([^"]*)"', text)}
    assert set() == used - set(names)


def test_nothing_is_loaded_and_no_other_script_runs(run, page):
    text = (run.folder / "report.html").read_text(encoding="utf-8")
    policy = next(one["content"] for one in page.all("meta") if one.get("http-equiv"))
    script = text[text.index("<script>") + 8 : text.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
        == policy
    )
    assert [] == [one for tag in ("link", "img", "iframe", "object", "base", "form") for one in page.all(tag)]
    assert [{}] == page.all("script")
    links = {
        value
        for tag, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "xlink:href")
    }
    assert all(link.startswith(("#", "data:")) for link in links)


def test_the_same_run_gives_the_same_bytes_wherever_it_is_asked(run, folder, tmp_path, monkeypatch):
    first = run.report(tmp_path / "first.html").read_bytes()
    monkeypatch.chdir(folder / "run")
    assert first == nettrain.report(".", tmp_path / "again.html").read_bytes()
    assert len(first) < 250_000


def test_markup_in_names_and_cells_is_text(folder):
    source = people(folder, name="evil", evil=True)
    run = train(folder, source, name="evil", experiment=EVIL)
    text = run.report().read_text(encoding="utf-8")
    page = Parsed.of(text)
    assert 1 == len(page.all("script"))
    assert 1 == text.count("<script")
    assert [] == [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert page.words.count(EVIL) > 10
    for picture in SVG.findall(text):
        ElementTree.fromstring(picture)


def test_text_is_escaped_once_and_attributes_too():
    assert "&lt;b&gt; <i>a &amp; b</i>3" == markup(["<b> ", element("i", "a & b"), 3, None])
    assert '<a title="&quot;&gt;" data-x="1">' == element("a", title='">', data_x=1, hidden=False)[:-4]
    assert "<p>a\ufffdb</p>" == element("p", "a\x00b")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.974, "97.4 %"), (1.0, "100.0 %"), (0.9999, "over 99.9 %"), (0.0001, "under 0.1 %"), (0, "0.0 %")],
)
def test_a_percentage_never_rounds_to_all_or_nothing(share, text):
    assert text == percent(share).replace("\u00a0", " ")


def test_numbers_have_residuals_and_no_calibration(folder):
    run = train(folder, "synthetic:sine", name="sine")
    page = Parsed.of(run.report())
    assert [
        "results",
        "training",
        "learned",
        "mistakes",
        "importance",
        "data",
        "network",
        "repeat",
    ] == sections(page)
    rows = run.evaluate(split="test")
    true = np.abs(run.predict() - _targets(run))
    assert f"±{np.quantile(true, 0.9):#.4g}" in page.words
    assert f"its mean absolute error is {rows.metrics['mae']:#.4g}" in page.words


def _targets(run):
    from nettrain.workflow.run_data import read_split

    split = read_split(run.trained, "test", None, "")
    return run.trained.preprocessing.unscale(split.rows.y)[:, 0]


def test_many_classes_do_not_explode(folder):
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(4000, 4)), np.arange(4000) % 1000
    run = nettrain.train(
        {"experiment": "many", "training": {"epochs": 1}, "data": {"test": 0.5, "validation": None}},
        data=(x, np.array([f"class {k}" for k in y])),
        folder=folder / "many",
    )
    path = run.report()
    assert path.stat().st_size < 400_000
    page = Parsed.of(path)
    assert "Most confused" in page.words
    assert "The 60 with the lowest F1 of" in page.words
    assert "The 40 most frequent of 1,000 classes." in page.words


@pytest.mark.parametrize("several", ["repeat", "ensemble", "snapshots"])
def test_networks_are_listed_one_by_one(folder, several):
    run = train(folder, "builtin:iris", f"training.{several}=3", name=several)
    page = Parsed.of(run.report())
    assert "3 networks" in page.words
    deviation = run.summary["sd"]["test"]["accuracy"]
    assert f" {deviation:.4f}"[:6] in page.words or f"±{deviation:.4f}"[:6] in page.words
    assert ("their mean prediction" in page.words) == (several != "repeat")
    listed = run.summary.get("members") or run.summary["snapshots"]
    assert all(f"{one['metrics']['test']['loss']:#.4g}" in page.words for one in listed)


def test_the_best_epoch_of_a_network_may_lie_within_one(folder):
    wild = (
        "training.repeat=3",
        "training.epochs=4",
        "training.evaluate_every=0.25",
        "optimizer.learning_rate=1",
    )
    run = train(folder, "builtin:iris", *wild, name="parts")
    best = [one["best_epoch"] for one in run.summary["members"]]
    assert any(epoch % 1 for epoch in best)
    page = Parsed.of(run.report())
    assert all(f" 4 {epoch} epochs " in page.words for epoch in best)


def test_labels_have_a_matrix_each(folder):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 3))
    frame = {
        "a": x[:, 0],
        "b": x[:, 1],
        "c": x[:, 2],
        "up": (x[:, 0] > 0) * 1.0,
        "left": (x[:, 1] > x[:, 2]) * 1.0,
    }
    run = nettrain.train(
        {"experiment": "labels", "training": {"epochs": 5}, "data": {"target": ["up", "left"], "test": 0.3}},
        data=frame,
        folder=folder / "labels",
    )
    page = Parsed.of(nettrain.report(run))
    assert {"mistakes", "calibration"} <= set(sections(page))
    assert "Confusion of each label" in page.words
    assert "apart, over all labels together." in page.words
    assert "thresholds" not in sections(page)


@pytest.mark.parametrize(("loss", "threshold"), [("mse", "0.50"), ("hinge", "0.00")])
def test_scores_have_the_threshold_that_evaluate_applies(folder, loss, threshold):
    run = train(folder, people(folder), "data.positive=churn", name=loss, loss=loss)
    page = Parsed.of(run.report())
    recall = run.evaluate().metrics["recall"]
    assert f" {threshold} {100 * recall:.1f} % " in page.words


def test_a_run_in_memory_needs_a_file(tmp_path):
    run = nettrain.train({"data": {"source": "builtin:iris"}, "training": {"epochs": 2}})
    with pytest.raises(nettrain.SpecError, match="in memory, name a file"):
        run.report()
    page = Parsed.of(run.report(tmp_path / "iris.html"))
    assert "This run was trained in memory" in page.words


def test_images_are_seen(folder):
    run = train(folder, "builtin:optdigits", "training.epochs=1", "data.test=null", name="digits")
    page = Parsed.of(run.report())
    pictures = [one for one in page.text if one in ("Images of the worst rows", "Importance of pixels")]
    assert ["Images of the worst rows", "Importance of pixels"] == pictures
    assert 1 == len(page.all("img")), "weights of the first layer"
    worst = run.evaluate(worst=1).worst[0]
    (true,), (predicted,) = worst.true.values(), worst.predicted.values()
    assert f"{true} → {predicted}" in page.words


def test_a_plane_is_seen_and_so_are_the_layers(folder):
    run = train(folder, "synthetic:moons", "training.diagnostics=true", name="moons")
    page = Parsed.of(run.report())
    assert {"learned", "layers"} <= set(sections(page))
    assert "Decision regions" in page.words
    last = run.diagnostics.filter(run.diagnostics["epoch"] == 8)
    assert all(f"{value:#.4g}" in page.words for value in last["weight_norm"])


def rare(folder, name, data, target, *overrides, **keys):
    """The page of a run of two epochs on columns of 60 rows."""
    experiment = {
        "experiment": name,
        "seed": 1,
        "data": {"target": target, "test": 0.2},
        "model": {"hidden": [4]},
        "training": {"epochs": 2},
    }
    run = nettrain.train({**experiment, **keys}, *overrides, data=data, folder=folder / name)
    return Parsed.of(run.report()), run


X = np.random.default_rng(0).normal(size=(60, 2))
SIGNS = {"a": X[:, 0], "b": X[:, 1], "y": np.where(X[:, 0] > 0, "up", "down")}


def test_several_numbers_are_told_one_by_one(folder):
    page, run = rare(folder, "two", {"a": X[:, 0], "p": X[:, 1], "q": 2 * X[:, 1]}, ["p", "q"])
    assert "Targets one by one Figures of each target target rmse" in page.words
    worst = run.evaluate(worst=1).worst[0]
    assert f"p {worst.true['p']:#.4g}, q {worst.true['q']:#.4g} " in page.words


def test_layers_of_several_networks_name_them(folder):
    page, _ = rare(folder, "layered", SIGNS, "y", "training.repeat=2", "training.diagnostics=true")
    table = page.words[page.words.index("Diagnostics by layer layer member ") :]
    assert " hidden 1 0 " in table
    assert " hidden 1 1 " in table
    assert " output 1 " in table


def test_figures_of_training_rows_flatter(folder):
    page, _ = rare(folder, "flattered", SIGNS, "y", "data.test=null", "data.validation=null")
    assert "There are no rows that it was not trained on: figures on training rows flatter a network." in (
        page.words
    )


def test_many_classes_have_a_drawn_matrix(folder, monkeypatch):
    monkeypatch.setattr("nettrain.output.report_page.mistakes.MOST_IN_TABLE", 1)
    page, _ = rare(folder, "drawn", SIGNS, "y")
    assert "Confusion matrix A row is a true class" in page.words
    assert "Confusion A row" not in page.words


def test_yes_or_no_and_gaps_have_their_words(folder):
    path = folder / "answers.csv"
    cells = [("", "", "up"), ("true", "u", "down"), ("false", "v", "up")] * 20
    path.write_text("known,kind,y\n" + "\n".join(map(",".join, cells)) + "\n")
    run = train(folder, path, "training.epochs=1", "data.columns={numeric: [known]}", name="answers")
    words = Parsed.of(run.report()).words
    assert "known yes or no false, true filled with " in words
    assert "kind categories u, v a category of their own 3" in words


@pytest.mark.parametrize("target", ["y", "b"])
def test_predictions_that_overflow_are_said_to_be_no_numbers(folder, target):
    """Test rows are so far from training rows that sums in the network are infinite."""
    paths = folder / f"near {target}.csv", folder / f"far {target}.csv"
    for path, a in zip(paths, (SIGNS["a"].tolist(), [3e38] * 60), strict=True):
        path.write_text("a,y\n" + "".join(f"{x},{y}\n" for x, y in zip(a, SIGNS[target], strict=True)))
    data = {"source": str(paths[0]), "test": str(paths[1]), "target": "y", "scaling": "none"}
    experiment = {
        "experiment": "far",
        "seed": 1,
        "data": data,
        "model": {"hidden": [64]},
        "training": {"epochs": 1},
    }
    run = nettrain.train(experiment, folder=folder / f"overflow {target}")
    assert np.isnan(run.metrics["test"]["loss"])
    assert "Predictions for 60 test rows. Its predictions are not finite." in Parsed.of(run.report()).words


def test_a_page_may_go_into_a_pipe():
    assert Path(os.devnull) == page_file(Path("nowhere"), Path(os.devnull))


def test_importance_that_would_take_long_is_left_out(folder, monkeypatch):
    monkeypatch.setattr("nettrain.workflow.report.own_rows.affordable_rows", lambda trained: 0)
    page, _ = rare(folder, "costly", SIGNS, "y")
    assert "Left out, since it would take long here: nettrain evaluate RUN --importance measures it." in (
        page.words
    )


def test_a_test_row_alone_has_no_thresholds(folder):
    """The last one, whose class is "up"."""
    one = {"a": X[:, 0], "when": np.arange(60.0), "y": np.array(["down", "up"] * 30)}
    page, run = rare(folder, "one class", one, "y", "data.order={by: when}", "data.test=1")
    assert np.isnan(run.metrics["test"]["roc_auc"])
    assert "thresholds" not in sections(page)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("history.csv", "There is no epoch in the history yet."),
        ("model.safetensors", "Left out: {run}: not a finished run, model.safetensors is missing"),
        ("summary.json", "This run has not ended"),
    ],
)
def test_a_page_of_a_run_without_one_of_its_files(folder, run, name, told):
    copy = Path(shutil.copytree(run.folder, folder / f"without {name}"))
    (copy / name).unlink()
    assert told.format(run=copy) in Parsed.of(nettrain.report(copy)).words


def test_a_page_of_folds_whose_rows_are_gone(folder):
    path = people(folder, 60, "gone")
    run = train(folder, path, "training.epochs=1", "data.folds=2", name="folds of gone rows")
    path.unlink()
    page = Parsed.of(run.report())
    assert f"Left out: data.source: {path}: no such file" in page.words
    assert "mistakes" not in sections(page)


def test_folds_that_all_diverged_have_a_page_without_their_networks(tmp_path):
    spec = {"experiment": "wild", "data": {"source": "builtin:iris", "folds": 3}, "training": {"epochs": 2}}
    run = nettrain.train(spec, "optimizer={name: sgd, learning_rate: 1e30}")
    page = Parsed.of(run.report(tmp_path / "wild.html"))
    assert "3 networks, one for each fold, were to be trained on builtin:iris." in page.words
    assert "Left out: wild: the run diverged, its weights are not finite" in page.words
    assert "mistakes" not in sections(page)
