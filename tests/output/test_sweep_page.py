"""The page on a sweep: from its folder alone, with the figures of its summary, also for very many trials."""

import json
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest

from nettrain.errors import NettrainError, SpecError
from nettrain.experiment.document import parse
from nettrain.experiment.load import from_document
from nettrain.output.figures import canvas
from nettrain.output.figures.parallel import MAX_LINES, chosen, parallel_picture
from nettrain.output.figures.parameters import ParameterAxis, TrialPoint
from nettrain.output.numbers import figure
from nettrain.output.report_page.write import report, write_report
from nettrain.store.run_folder import write_json
from nettrain.store.sweep_folder import SweepFolder
from nettrain.sweep.messages import TrialResult
from nettrain.sweep.opening import _goal
from nettrain.sweep.ranking import Criteria
from nettrain.sweep.search_space import SearchSpace
from nettrain.sweep.summary import summarise, trials_table, write_results
from nettrain.sweep.sweep import Sweep
from nettrain.sweep.sweep_journal import SweepJournal
from nettrain.workflow.report.sweep import _value, report_on_sweep
from tests.output.page_of import Parsed

SEARCH = """
experiment: search
data: {source: 'builtin:iris'}
sweep:
  trials: %d
  parameters:
    optimizer.learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
    model.hidden: {values: [[4], [8, 8]]}
    model.activation: {values: [relu, tanh]}
"""


def result(trial, draw):
    """A made-up ending: every ninth trial diverged, every seventh was pruned."""
    if trial.number % 9 == 0:
        return TrialResult(trial.number, "diverged", 3, seconds=0.1)
    loss = abs(np.log10(trial.values["optimizer.learning_rate"]) + 2) + 0.1 + draw.uniform(0, 0.2)
    status = "pruned" if trial.number % 7 == 0 else "finished"
    return TrialResult(
        trial.number, status, 20, 11.5, {"val_loss": loss, "val_accuracy": 1 / (1 + loss)}, seconds=0.1
    )


def sweep_folder(parent, trials):
    """The folder of a sweep whose trials were not trained, but have results."""
    space = SearchSpace(from_document(parse(SEARCH % trials, "search")))
    drawn = space.trials()
    files = SweepFolder.open(parent / f"search-{trials}")
    journal = SweepJournal(files.journal, space)
    journal.extend(trials)
    draw = np.random.default_rng(0)
    journal.add([result(trial, draw) for trial in drawn])
    sweep = Sweep(space, drawn, Criteria((_goal(space.settings.metric),)), files, journal, 2, [], [], ())
    write_results(sweep, 12.0)
    return files.path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return sweep_folder(tmp_path_factory.mktemp("sweeps"), 60)


def test_the_report_has_the_figures_of_the_summary(folder):
    summary = json.loads((folder / "summary.json").read_text())
    one = report_on_sweep(folder)
    assert summary["influence"] == {each.key: each.strength for each in one.influences}
    assert summary["best"]["trial"] == one.best.number == one.trials[0].number
    assert summary["best"]["parameters"] == one.best.values
    assert 60 == len(one.trials)
    finite = [one.figure(trial) for trial in one.trials if np.isfinite(one.figure(trial))]
    assert sorted(finite) == finite


def test_the_page(folder):
    written = write_report(folder)
    page = Parsed.of(written.file)
    assert ["best", "overview", "parameters", "trials", "repeat"] == [
        one["id"] for one in page.all("section")
    ]
    assert (
        "A random search over 3 parameters in 60 trials, compared by val loss (smaller is better)."
        in page.words
    )
    rows = [one["data-key"] for one in page.all("tr") if "data-key" in one]
    assert {f"trial-{k}" for k in range(1, 61)} == set(rows)
    assert f"trial-{written.facts.best}" == rows[0]
    pale = [one["data-key"] for one in page.all("tr") if one.get("class") == "faint"]
    assert {f"trial-{k}" for k in range(7, 61, 7) if k % 9} == set(pale)
    assert "have the figures of the epoch in which they were stopped" in page.words
    assert ["none"] * 8 == [one["aria-sort"] for one in page.all("th") if "aria-sort" in one][-8:]
    assert written.file.read_bytes() == report(folder, folder / "again.html").read_bytes()


def test_figures_over_folds_have_their_deviations(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "folds")
    table = tmp_path / "folds" / "trials.csv"
    header, *rows = table.read_text().splitlines()
    table.write_text("\n".join([f"{header},val_loss_sd", *(f"{row},0.0123" for row in rows)]))
    one = report_on_sweep(tmp_path / "folds")
    assert {"val_loss": 0.0123} == one.best.sd
    assert {"val_loss", "val_accuracy"} == set(one.best.figures)
    words = Parsed.of(write_report(tmp_path / "folds").file).words
    assert f"{figure(one.best.figures['val_loss'])} ±0.0123" in words
    assert "means ± standard deviations over the folds of a cross-validation" in words


def test_a_sweep_that_has_no_tables_yet(folder, tmp_path):
    (tmp_path / "journal.jsonl").write_bytes((folder / "journal.jsonl").read_bytes())
    with pytest.raises(SpecError, match=r"trials\.csv is missing, which a sweep writes when it ends"):
        report(tmp_path)


def enlarged(folder, new, trials):
    """A copy of a sweep's folder with so many trials, those it has over and over with other figures."""
    shutil.copytree(folder, new)
    header, *rows = (folder / "trials.csv").read_text().splitlines()
    draw = np.random.default_rng(0)
    lines = [header]
    for number in range(1, trials + 1):
        _, rest = rows[number % len(rows)].split(",", 1)
        *others, loss = rest.rsplit(",", 1)
        lines.append(",".join([str(number), *others, str(float(loss) + draw.uniform()) if loss else ""]))
    (new / "trials.csv").write_text("\n".join(lines) + "\n")
    summary = json.loads((folder / "summary.json").read_text())
    summary["trials"]["total"] = trials
    (new / "summary.json").write_text(json.dumps(summary))
    return new


def test_ten_thousand_trials_stay_usable(folder, tmp_path):
    page = report(enlarged(folder, tmp_path / "large", 10_000))
    assert page.stat().st_size < 1_500_000
    parsed = Parsed.of(page)
    assert 1000 == sum("data-key" in one for one in parsed.all("tr"))
    assert "The 9,000 worst are in trials.csv alone." in parsed.words


def points(count):
    draw = np.random.default_rng(0)
    return [
        TrialPoint(
            "finished",
            float(draw.uniform()),
            {"a.rate": 10 ** draw.uniform(-4, 0), "b": ["x", "y"][k % 2]},
            number=k + 1,
        )
        for k in range(count)
    ]


def test_of_many_lines_the_best_are_drawn_and_a_sample_of_the_others():
    some = points(2000)
    drawn = chosen(some, maximize=True)
    ranked = sorted(some, key=lambda one: -one.height)
    assert MAX_LINES == len(drawn)
    assert all(one in drawn for one in ranked[: MAX_LINES // 2])
    assert ranked[-1] in drawn


def test_a_line_for_each_trial_has_its_number():
    axes = [ParameterAxis("a.rate", True), ParameterAxis("b", False)]
    picture = parallel_picture(points(5), axes, "val_loss", render=canvas.svg)
    root = ElementTree.fromstring(picture)
    names = {one.get("id") for one in root.iter("{http://www.w3.org/2000/svg}g")}
    assert {f"trial-{k}" for k in range(1, 6)} <= names
    texts = {"".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"rate", "b", "val loss", "x", "y"} <= texts


def test_a_parameter_that_some_trials_do_not_have_leaves_a_gap():
    some = [*points(3), TrialPoint("finished", 0.5, {"b": "x"}, best=True, number=9)]
    axes = [ParameterAxis("a.rate", True), ParameterAxis("b", False)]
    assert parallel_picture(some, axes, "val_loss").startswith(b"\x89PNG")


def test_nothing_but_diverged_trials_have_no_picture(tmp_path):
    space = SearchSpace(from_document(parse(SEARCH % 4, "search")))
    files = SweepFolder.open(tmp_path / "bad")
    journal = SweepJournal(files.journal, space)
    journal.extend(4)
    journal.add([TrialResult(k, "failed", message="<b>no memory</b>") for k in range(1, 5)])
    sweep = Sweep(
        space, space.trials(), Criteria((_goal(space.settings.metric),)), files, journal, 1, [], [], ()
    )
    (files.trials).write_text(trials_table(sweep))
    write_json(files.summary, summarise(sweep, 1.0))
    page = Parsed.of(report(files.path))
    assert ["trials", "failures", "repeat"] == [one["id"] for one in page.all("section")]
    assert "<b>no memory</b>" in page.words
    assert "No trial was trained to its end." in page.words


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "trials.csv",
            lambda content: content.replace(b",20,", b",twenty,", 1),
            "trials.csv: was changed since it was written: trial 1: 'twenty' is not a number; restore",
        ),
        (
            "best.yaml",
            lambda content: b"\xff\xfe" + content,
            "best.yaml: was changed since it was written: it is no text; restore or remove it",
        ),
        (
            "journal.jsonl",
            lambda content: b"",
            "journal.jsonl: does not say what is searched, nothing can be reported",
        ),
    ],
)
def test_a_file_that_was_changed_is_named(folder, tmp_path, name, change, message):
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).write_bytes(change((copy / name).read_bytes()))
    with pytest.raises(NettrainError) as caught:
        report(copy)
    assert message in str(caught.value)


def test_a_value_that_is_no_yaml_is_text():
    assert ["{a", [4, 8], "relu", 3, 0.5] == [_value(cell) for cell in ("{a", "[4, 8]", "relu", "3", "0.5")]
