"""`nettrain report`: on runs that ended well or badly, without their data, and what it does not overwrite."""

import json
import shutil
import webbrowser

import pytest

from tests.cli.command import inside
from tests.output.page_of import Parsed, people

pytestmark = pytest.mark.usefixtures("without_drawing")

EXPERIMENT = """experiment: people
seed: 1
data: {source: people.csv, test: 0.25}
model: {hidden: [6]}
training: {epochs: 8, batch_size: 16}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("report")
    people(path)
    (path / "people.yaml").write_text(EXPERIMENT)
    assert 0 == inside(path, "train", "people.yaml", "--no-figures", "--quiet").code
    diverging = "optimizer={name: sgd, learning_rate: 1.0e+30}"
    calls = (
        "train",
        "people.yaml",
        "--no-figures",
        "--quiet",
        "experiment=diverged",
        "training.repeat=2",
        diverging,
    )
    assert 1 == inside(path, *calls).code
    return path


def words(path):
    return Parsed.of(path).words


def test_the_command_prints_where_the_page_is(folder):
    done = inside(folder, "report", "runs/people")
    assert (0, "runs/people/report.html\n", "") == (done.code, done.out, done.err)
    assert "people" in words(folder / "runs/people/report.html")


def test_the_page_is_opened_in_the_browser(folder, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    assert 0 == inside(folder, "report", "runs/people", "--open").code
    assert [(folder / "runs/people/report.html").as_uri()] == opened


def test_json_has_the_figures_of_evaluate(folder):
    facts = json.loads(inside(folder, "report", "runs/people", "--json").out)
    report = json.loads(
        inside(folder, "evaluate", "runs/people", "--importance", "--worst", "20", "--json").out
    )
    evaluation = facts["evaluation"]
    assert report["metrics"] == evaluation["metrics"]
    assert report["baseline"] == evaluation["baseline"]
    assert report["importance"] == evaluation["importance"]
    assert report["confused"] == evaluation["confused"]
    places = [(one["place"], one["loss"], one["probability"]) for one in report["worst"]]
    assert places == [(one["place"], one["loss"], one["probability"]) for one in evaluation["worst"]]
    assert "Calibration" in facts["sections"]


def test_a_diverged_run_shows_what_there_is(folder):
    done = inside(folder, "report", "runs/diverged")
    assert 0 == done.code, done.err
    text = words(folder / "runs/diverged/report.html")
    assert "This run has diverged" in text
    assert "try optimizer.learning_rate" in text or "smaller" in text


def test_a_run_without_its_data_says_so(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    (folder / "people.csv").rename(folder / "away.csv")
    try:
        done = inside(folder, "report", "runs/people", "--json")
    finally:
        (folder / "away.csv").rename(folder / "people.csv")
    facts = json.loads(done.out)
    assert (0, None, 1) == (done.code, facts["evaluation"], len(facts["absent"]))
    assert "no such file" in facts["absent"][0]
    assert ["Results", "Training", "Data", "Network", "Repeat it"] == facts["sections"]


def test_data_that_have_changed_are_left_out(folder):
    before = (folder / "people.csv").read_text()
    (folder / "people.csv").write_text(before.replace(",Kyiv,", ",Oslo,", 9))
    try:
        facts = json.loads(inside(folder, "report", "runs/people", "--json").out)
    finally:
        (folder / "people.csv").write_text(before)
    assert facts["evaluation"] is None
    assert "has changed since" in facts["absent"][0]


def test_a_run_that_was_killed_has_its_curves(folder):
    shutil.copytree(folder / "runs/people", folder / "runs/killed")
    for name in ("summary.json", "model.safetensors", "preprocessing.json"):
        (folder / "runs/killed" / name).unlink()
    facts = json.loads(inside(folder, "report", "runs/killed", "--json").out)
    assert ("unfinished", 8, None) == (facts["status"], facts["epochs"], facts["evaluation"])
    text = words(folder / "runs/killed/report.html")
    assert "nettrain resume runs/killed" in text
    assert "Loss and metrics by epoch" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("runs",), "runs: holds "),
        (("nowhere",), "nowhere: no such run folder"),
        (("people.csv",), "people.csv: is a table, not a run folder"),
        (("people.yaml",), "people.yaml: is an experiment file, not a run folder"),
        (
            ("runs/people", "--out", "people.csv"),
            "--out: people.csv: is not a name for a page, which ends with .html",
        ),
        (
            ("runs/people", "--out", "foreign.html"),
            "--out: foreign.html: is no report of nettrain, and is not overwritten",
        ),
        (
            ("runs/people", "--out", "nowhere/x.html"),
            "nowhere/x.html: cannot be written: there is no folder nowhere",
        ),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_what_is_refused(folder, arguments, message):
    (folder / "foreign.html").write_text("<p>mine</p>")
    done = inside(folder, "report", *arguments)
    assert done.code in (1, 2)
    assert done.err.startswith(message)
    assert 1 == done.err.count("\n")
    assert "<p>mine</p>" == (folder / "foreign.html").read_text()


def test_our_own_page_is_replaced(folder):
    first = inside(folder, "report", "runs/people", "--out", "page.html")
    page = (folder / "page.html").read_bytes()
    again = inside(folder, "report", "runs/people", "--out", "page.html")
    assert (0, 0) == (first.code, again.code)
    assert page == (folder / "page.html").read_bytes()


def test_an_interrupted_run_says_how_to_go_on(folder):
    shutil.copytree(folder / "runs/people", folder / "runs/interrupted")
    path = folder / "runs/interrupted/summary.json"
    summary = json.loads(path.read_text())
    path.write_text(json.dumps({**summary, "status": "interrupted", "stop_reason": "interrupted"}))
    facts = json.loads(inside(folder, "report", "runs/interrupted", "--json").out)
    assert "interrupted" == facts["status"]
    text = words(folder / "runs/interrupted/report.html")
    assert "This run was interrupted before its end." in text
    assert "go on nettrain resume runs/interrupted" in text
