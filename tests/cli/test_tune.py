"""`nettrain tune` as a person meets it: from a table to tuned networks, by the clock."""

import json
import signal
import subprocess
from time import monotonic, sleep
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from nettrain.errors import SpecError, StoredFileError
from nettrain.experiment.document import parse
from nettrain.experiment.load import from_document
from nettrain.experiment.recipes import recipes
from nettrain.store.trained_folds import open_predictor
from nettrain.store.tune_summary import read_tune_summary
from nettrain.sweep.messages import TrialResult
from nettrain.workflow.run import open_run
from nettrain.workflow.tune import tune
from nettrain.workflow.tuning.found import seed_figures
from nettrain.workflow.tuning.subject import TuningOptions, experiment_text, own_values, subject_of
from tests.cli.command import COMMAND, ENVIRONMENT, inside

pytestmark = pytest.mark.usefixtures("without_drawing")

SECONDS = 6
FEW = ("training.epochs=10", "--folds", "3")


def write_table(folder, rows=120):
    """A table of numbers with a target that follows from them."""
    lines = [f"{k % 7},{k % 5},{(k % 7) * 2 + (k % 5) + (k % 3) / 10}" for k in range(rows)]
    path = folder / "prices.csv"
    path.write_text("\n".join(["rooms,floor,price", *lines]))
    return path


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A tuning of a small table that gets Ctrl-C when a network has ended: its folder, exit code and errors."""
    folder = tmp_path_factory.mktemp("tuned")
    write_table(folder)
    command = [*COMMAND, "tune", "prices.csv", "--target", "price", "--minutes", "5", "--quiet", *FEW]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    journal, until = folder / "tunes" / "prices" / "journal.jsonl", monotonic() + 60
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, text=True, **pipes) as process:
        while not (journal.exists() and b'"status": "finished"' in journal.read_bytes()):
            assert process.poll() is None, process.communicate()
            assert monotonic() < until
            sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    summary = json.loads((folder / "tunes" / "prices" / "tune.json").read_text())
    return folder, process.returncode, err, summary


@pytest.fixture(scope="module")
def tuned(interrupted):
    """The same tuning after some seconds more: its folder, how the command ended, its minutes, and seconds."""
    folder, *_, summary = interrupted
    minutes = (summary["seconds"] + SECONDS) / 60
    began = monotonic()
    done = inside(folder, "tune", "prices.csv", "--target", "price", "--minutes", minutes, "--jobs", 1, *FEW)
    return folder, done, minutes, monotonic() - began


def test_ctrl_c_ends_with_the_best_so_far_and_the_same_command_goes_on(interrupted, tuned):
    _, code, err, summary = interrupted
    assert code == 130
    assert err.endswith("--quiet training.epochs=10 --folds 3\n")
    assert "interrupted; go on with: nettrain tune prices.csv" in err
    assert summary["status"] == "interrupted"
    assert summary["found"]["ensemble"]["networks"]
    after = json.loads((tuned[0] / "tunes" / "prices" / "tune.json").read_text())
    assert after["trials"]["total"] >= summary["trials"]["total"]


def test_a_summary_that_was_changed_is_not_built_on(tuned, tmp_path):
    written = (tuned[0] / "tunes" / "prices" / "tune.json").read_text()
    content = json.loads(written)
    (tmp_path / "tune.json").write_text(written)
    assert content == {**read_tune_summary(tmp_path / "tune.json"), "digest": content["digest"]}
    phases = dict.fromkeys(content["phases"], 0.0)  # as if no time had been taken
    (tmp_path / "tune.json").write_text(json.dumps({**content, "phases": phases}))
    with pytest.raises(
        StoredFileError, match=r"tune\.json: was changed since it was written; restore it, or"
    ):
        read_tune_summary(tmp_path / "tune.json")


def test_it_ends_in_time_and_says_what_it_has_found(tuned):
    _, done, _, seconds = tuned
    assert done.code == 0, done.err
    assert seconds < SECONDS + 15  # on a busy machine
    for told in (
        "3 folds choose",
        "val rmse",
        "best with other seeds",
        "learning_rate",
        "tunes/prices",
        "corrected for selection",
        "95 % interval",
        "There are no test rows",
        "nettrain predict tunes/prices/ensemble DATA",
    ):
        assert told in done.out


def test_its_folder_has_the_search_and_the_best(tuned):
    folder, _, minutes, _ = tuned
    tune = folder / "tunes" / "prices"
    summary = json.loads((tune / "tune.json").read_text())
    assert summary["status"] == "finished"
    assert summary["seconds"] < 60 * minutes + 6  # on a machine that does much else
    assert summary["rows"] == {"rows": 120, "choosing": 120, "test": 0, "folds": 3}
    assert summary["metric"] == "val_rmse"
    trials = pl.read_csv(tune / "trials.csv")
    assert summary["trials"]["total"] == trials.height
    assert trials["seed"][0] == 0
    entries = map(json.loads, (tune / "journal.jsonl").read_text().splitlines())
    late = [one["trial"] for one in entries if one.get("out_of_time")]  # which no run could repeat
    ended = trials.filter(pl.col("status") == "finished", ~pl.col("trial").is_in(late))
    assert summary["best"]["metrics"]["val_rmse"] == min(ended["val_rmse"])


def test_the_best_repeats_its_figure(tuned):
    folder, *_ = tuned
    summary = json.loads((folder / "tunes" / "prices" / "tune.json").read_text())
    again = json.loads(inside(folder, "train", "tunes/prices/best.yaml", "--quiet", "--json").out)
    assert again["mean"]["val"]["rmse"] == pytest.approx(summary["best"]["metrics"]["val_rmse"], rel=1e-12)


def test_the_experiments_own_settings_are_the_first_trial(tuned):
    folder, *_ = tuned
    written = parse((folder / "tunes" / "prices" / "experiment.yaml").read_text(), "experiment").block
    first = pl.read_csv(folder / "tunes" / "prices" / "trials.csv").filter(pl.col("trial") == 1)
    assert [written["optimizer"]["learning_rate"]] == first["optimizer.learning_rate"].to_list()


def test_the_same_command_again_says_that_the_time_is_over(tuned):
    folder, _, minutes, _ = tuned
    before = (folder / "tunes" / "prices" / "trials.csv").read_bytes()
    again = inside(folder, "tune", "prices.csv", "--target", "price", "--minutes", minutes / 2, *FEW)
    assert again.code == 0
    assert "minutes are over; --minutes N gives more" in again.out
    assert before == (folder / "tunes" / "prices" / "trials.csv").read_bytes()


def test_another_search_in_the_same_folder_is_refused(tuned):
    folder, *_ = tuned
    other = inside(folder, "tune", "prices.csv", "--target", "rooms", "--minutes", 5, *FEW)
    assert other.code == 2
    assert 'tunes/prices: was begun with data.target "price", now data.target "rooms"' in other.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prices.csv", "--minutes", "0"), "minutes: 0 is not a time to tune in"),
        (("prices.csv", "--metric", "rmes"), '--metric: unknown "rmes", did you mean "rmse"?'),
        (("none.csv",), "none.csv: no such file"),
        (("prices.csv", "--target", "prise"), 'did you mean "price"?'),
    ],
)
def test_mistakes_are_explained_in_one_line(tmp_path, arguments, message):
    write_table(tmp_path)
    done = inside(tmp_path, "tune", *arguments)
    assert done.code in (2, 3)
    assert message in done.err
    assert not (tmp_path / "tunes").exists()


def test_a_time_in_which_no_network_ends(tmp_path):
    write_table(tmp_path)
    done = inside(tmp_path, "tune", "prices.csv", "--target", "price", "--minutes", "0.0001", "--quiet", *FEW)
    said = "no network of tunes/prices came to its end; --minutes gives it longer\n"
    assert (1, "", said) == (done.code, done.out, done.err)


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    """The tuning of classes on one split with test rows, from Python, and its result."""
    folder = tmp_path_factory.mktemp("classes")
    draws = np.random.default_rng(0)
    x = draws.normal(size=(600, 3)).round(3)
    kind = np.where(x[:, 0] + x[:, 1] ** 2 + draws.normal(size=600) > 0.5, "yes", "no")
    lines = [",".join([*map(str, row), name]) for row, name in zip(x.tolist(), kind, strict=True)]
    (folder / "kinds.csv").write_text("\n".join(["a,b,c,kind", *lines]))
    overrides = ("data.validation=0.25", "training.epochs=10")
    enough = Enough(5)
    result = tune(
        folder / "kinds.csv",
        *overrides,
        target="kind",
        out=folder / "tunes",
        jobs=1,
        on_event=enough.on_event,
        stop=enough.stop,
    )
    return folder, result


class Enough:
    """Stops a tuning when so many trials have come to their end, however fast the machine is."""

    def __init__(self, trials):
        self._trials, self._ended = trials, 0

    def on_event(self, progress):
        results = progress.search.new_results if progress.search else ()
        self._ended += sum(one.status == "finished" for one in results)

    def stop(self):
        return self._ended >= self._trials


def test_an_ensemble_predicts_the_weighted_mean_of_its_networks(classes):
    folder, result = classes
    path = folder / "tunes" / "kinds" / "ensemble"
    content = json.loads((path / "ensemble.json").read_text())
    counts = [one["count"] for one in content["networks"]]
    each = [open_run(path / "networks" / str(one["network"])) for one in content["networks"]]
    new = {"a": [0.1, -0.5, 2.0], "b": [1.0, 0.0, -1.0], "c": [0.0, 0.5, 0.3]}
    mean = np.average([one.predict_proba(new) for one in each], axis=0, weights=counts)
    np.testing.assert_allclose(result.ensemble.predict_proba(new), mean, rtol=1e-12)


def test_its_figures_are_those_that_evaluate_measures(classes):
    folder, result = classes
    assert "interrupted" == result.status
    found = result.summary["found"]
    for split, part in (("val", "validation"), ("test", "test")):
        again = json.loads(inside(folder, "evaluate", "tunes/kinds/ensemble", "--part", part, "--json").out)
        value = found["ensemble"][split]["value"]
        assert again["metrics"]["log_loss"] == pytest.approx(value, rel=1e-9)
        assert result.ensemble.metrics[split]["log_loss"] == pytest.approx(value, rel=1e-9)
        assert found["ensemble"][split]["low"] < value < found["ensemble"][split]["high"]
        assert again["baseline"]["metrics"]["log_loss"] == pytest.approx(found["constant"][split])


def test_a_chosen_figure_is_corrected_and_a_test_figure_is_not(classes):
    _, result = classes
    found = result.summary["found"]
    assert found["ensemble"]["val"]["value"] <= found["single"]["val"]["value"]
    assert found["single"]["val"]["corrected"] >= found["single"]["val"]["value"]
    assert found["ensemble"]["val"]["resamples"] >= 4
    assert found["single"]["test"]["corrected"] is None
    assert (found["single"]["test"]["rows"], found["single"]["val"]["rows"]) == (120, 120)
    assert found["test_measured"] == 1


def test_the_single_network_is_that_of_best_yaml(classes):
    folder, result = classes
    again = json.loads(inside(folder, "train", "tunes/kinds/best.yaml", "--quiet", "--json").out)
    single = result.summary["found"]["single"]
    assert again["metrics"]["val"]["log_loss"] == pytest.approx(single["val"]["value"], rel=1e-9)
    assert again["metrics"]["test"]["log_loss"] == pytest.approx(single["test"]["value"], rel=1e-9)
    assert result.summary["best"]["trial"] == single["trial"]


def test_other_commands_read_the_ensemble_like_any_run(classes):
    folder, result = classes
    ensemble = "tunes/kinds/ensemble"
    assert inside(folder, "predict", ensemble, "kinds.csv", "--out", "p.csv").code == 0
    assert pl.read_csv(folder / "p.csv").height == 600
    page = inside(folder, "report", ensemble)
    assert page.code == 0, page.err
    text = (folder / ensemble / "report.html").read_text()
    assert "weighed by rows" in text
    assert inside(folder, "report", "tunes/kinds").code == 0
    searched = (folder / "tunes" / "kinds" / "report.html").read_text()
    assert "What to trust" in searched
    assert "120 rows on which nothing was chosen" in searched
    listed = inside(folder, "runs", ensemble)
    assert "kinds" in listed.out
    assert result.ensemble.history["network"].n_unique() == len(result.ensemble.summary["networks"])
    member = inside(folder, "predict", ensemble, "kinds.csv", "--member", 0)
    assert "has networks, not members; each network is a run: name one of" in member.err
    assert "nothing is left to train" in inside(folder, "resume", ensemble).err
    networks = f"{ensemble}/networks/1"
    with pytest.raises(
        SpecError, match="has networks that predict together; each network is a run: name one"
    ):
        open_predictor(folder / ensemble).alone()
    expected = f"{ensemble}: has several networks; each is a run: name one of {networks}"
    assert inside(folder, "graph", ensemble).err.startswith(expected)
    assert (
        "the folder of a tuning, whose run is tunes/kinds/ensemble"
        in inside(folder, "predict", "tunes/kinds", "kinds.csv").err
    )


def test_a_report_on_an_ensemble_of_folds_takes_the_held_out_rows(tuned):
    folder, *_ = tuned
    assert inside(folder, "report", "tunes/prices/ensemble").code == 0
    text = (folder / "tunes" / "prices" / "ensemble" / "report.html").read_text()
    assert "On 120 validation rows" in text
    found = json.loads((folder / "tunes" / "prices" / "tune.json").read_text())["found"]
    again = json.loads(
        inside(folder, "evaluate", "tunes/prices/ensemble", "--part", "validation", "--json").out
    )
    assert again["rows"] == 120
    network = found["ensemble"]["networks"][0]["network"]
    path = f"tunes/prices/ensemble/networks/{network}"
    alone = json.loads(inside(folder, "evaluate", path, "--part", "validation", "--json").out)
    assert alone["metrics"]["rmse"] >= again["metrics"]["rmse"] - 1e-12
    assert inside(folder, "report", path).code == 0
    assert again["metrics"]["rmse"] == pytest.approx(found["ensemble"]["val"]["value"], rel=1e-9)


def test_going_on_extends_it_and_says_that_test_rows_were_seen(classes):
    folder, before = classes
    enough = Enough(2)
    after = tune(folder / "tunes" / "kinds", jobs=1, on_event=enough.on_event, stop=enough.stop)
    assert after.trials.height > before.trials.height
    assert after.trials.head(before.trials.height)["trial"].to_list() == before.trials["trial"].to_list()
    assert after.summary["found"]["test_measured"] == 2


def test_a_recipe_is_searched_over_the_space_of_its_authors(tmp_path):
    """What follows from the data is left to them: only the other own values are the first trial's."""
    write_table(tmp_path)
    (tmp_path / "recipe.yaml").write_text(
        "experiment: recipe\nrecipe: realmlp\ndata: {source: prices.csv, target: price}\n"
        "model: {hidden: [8]}\ntraining: {epochs: 2}\n"
    )
    subject = subject_of(tmp_path / "recipe.yaml")
    assert "searched: the space of the recipe realmlp" in subject.notes
    searched = subject.experiment.sweep.parameters
    assert {"seed", *recipes["realmlp"].space} == set(searched)
    own = own_values(subject)
    assert "optimizer.learning_rate" not in own  # 0.04 for classes, 0.2 for numbers
    assert own["model.hidden"] == [8]
    written = from_document(parse(experiment_text(subject), "written"))
    assert written.experiment.model_dump() == subject.experiment.model_dump()


@pytest.mark.parametrize(
    ("rows", "overrides", "folds", "test"),
    [
        (499, (), 5, 0),
        (500, (), 5, 100),
        (4999, (), 5, 1000),
        (5000, (), 0, 1000),
        (600, ("data.validation=0.1",), 0, 120),
        (600, ("data.test=0.5",), 5, 300),
        (600, ("data.folds=3", "data.validation=0"), 3, 120),
    ],
)
def test_how_rows_are_held_out_depends_on_how_many_there_are(tmp_path, rows, overrides, folds, test):
    subject = subject_of(write_table(tmp_path, rows), overrides, TuningOptions("price"))
    assert (subject.folds, subject.test_rows, subject.rows) == (folds, test, rows - test)
    settings = subject.experiment.data
    assert (settings.folds.total if settings.folds else 0) == folds
    if not folds:
        assert settings.validation == (0.1 if overrides else 0.2)


def test_an_experiment_file_keeps_its_test_rows_and_says_when_folds_replace_a_split(tmp_path):
    write_table(tmp_path, 600)
    file = tmp_path / "own.yaml"
    file.write_text("data: {source: prices.csv, target: price, test: 60, validation: 0.15}\n")
    subject = subject_of(file)
    assert (subject.folds, subject.test_rows) == (5, 60)
    assert any("5 folds hold them out in turn" in note for note in subject.notes)


def test_a_recipe_takes_the_place_of_the_network_that_is_drafted_for_a_table(tmp_path):
    subject = subject_of(write_table(tmp_path), ["recipe=mlp"], TuningOptions("price"))
    recipe = recipes["mlp"]
    assert subject.experiment.model.hidden == recipe.settings["model"]["hidden"]
    assert subject.experiment.data.scaling.name == recipe.settings["data"]["scaling"]["name"]
    assert subject.experiment.data.target == "price"
    assert {"seed", *recipe.space} == set(subject.experiment.sweep.parameters)


def test_data_with_a_name_are_drafted_as_a_file_is():
    subject = subject_of("builtin:iris")
    assert ("builtin:iris", "species") == (subject.experiment.data.source, subject.experiment.data.target)
    assert ("val_log_loss", 5) == (subject.experiment.sweep.metrics[0].name, subject.folds)


IRIS = {"data": {"source": "builtin:iris"}, "model": {"hidden": [4, 6]}}


def test_a_rate_at_auto_is_searched_around_that_of_the_optimizer():
    subject = subject_of({**IRIS, "optimizer": {"name": "adam", "learning_rate": "auto"}})
    assert "optimizer.learning_rate: auto is searched around 0.001" in subject.notes
    assert 0.001 == subject.experiment.optimizer.learning_rate


@pytest.mark.parametrize("metric", ["accuracy", "val_accuracy"])
def test_the_metric_is_as_asked(metric):
    assert (
        "val_accuracy"
        == subject_of(IRIS, options=TuningOptions(metric=metric)).experiment.sweep.metrics[0].name
    )


def test_rows_in_a_file_of_their_own_choose(tmp_path):
    write_table(tmp_path, 600)
    (tmp_path / "held.csv").write_text("".join((tmp_path / "prices.csv").read_text().splitlines(True)[:91]))
    file = tmp_path / "own.yaml"
    file.write_text("data: {source: prices.csv, target: price, test: 60, validation: held.csv}\n")
    subject = subject_of(file)
    assert (0, 90, 60) == (subject.folds, subject.choosing, subject.test_rows)


def test_a_tuning_has_no_constraints():
    search = {
        "constraints": {"parameters": {"at_most": 50}},
        "parameters": {"model.hidden.0": {"values": [4]}},
    }
    with pytest.raises(
        SpecError, match=r"sweep\.constraints: do not go with a tuning, whose ensemble is larger"
    ):
        subject_of({**IRIS, "sweep": search})


def test_positions_in_lists_have_own_values_and_settings_of_other_variants_none():
    searched = {
        "model.hidden.1": {"values": [2, 4]},
        "optimizer": {"values": ["adam", "momentum"]},
        "optimizer.momentum": {"min": 0.5, "max": 0.9},
    }
    own = own_values(subject_of({**IRIS, "optimizer": "adam", "sweep": {"parameters": searched}}))
    assert (6, {"model.hidden.1", "optimizer", "seed"}) == (own["model.hidden.1"], {*own})


def test_the_figures_of_other_seeds_are_those_of_the_settings_that_were_tried_most():
    """Trials 1, 3 and 4 differ in the seed alone, as do 2 and 5; the clock stopped trial 6."""
    rates = [0.1, 0.2, 0.1, 0.1, 0.2, 0.1]
    losses = [0.5, 0.25, 0.75, 0.25, 0.5, 9.0]
    results = {
        k: TrialResult(k, "finished", figures={"val_loss": loss}, out_of_time=k == 6)
        for k, loss in enumerate(losses, 1)
    }
    trials = [
        SimpleNamespace(values={"optimizer.learning_rate": rate, "seed": k}) for k, rate in enumerate(rates)
    ]
    goal = SimpleNamespace(metric="val_loss")
    best = sorted(results.values(), key=lambda one: one.figures["val_loss"])
    sweep = SimpleNamespace(best=best, trials=trials, results=results, goal=goal)
    expected = {"trial": 1, "own": 0.5, "others": [0.75, 0.25], "mean": 0.5, "sd": pytest.approx(0.5**1.5)}
    assert expected == seed_figures(sweep)
    alone = SimpleNamespace(**{**vars(sweep), "best": [results[1], results[2], results[6]]})
    assert seed_figures(alone) is None
    two = SimpleNamespace(**{**vars(sweep), "best": [results[2], results[5]]})
    assert {"trial": 2, "own": 0.25, "others": [0.5], "mean": 0.5, "sd": None} == seed_figures(two)
