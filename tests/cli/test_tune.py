"""`nettrain tune` as a person meets it: from a table to tuned networks, by the clock."""

import json
from time import monotonic

import polars as pl
import pytest

from nettrain.experiment.document import parse
from tests.cli.command import inside, nettrain

MINUTES = 0.25
FEW = ("training.epochs=30",)


def write_table(folder, rows=120):
    """A table of numbers with a target that follows from them."""
    lines = [f"{k % 7},{k % 5},{(k % 7) * 2 + (k % 5) + (k % 3) / 10}" for k in range(rows)]
    path = folder / "prices.csv"
    path.write_text("\n".join(["rooms,floor,price", *lines]))
    return path


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """The tuning of a small table, and how long it took."""
    folder = tmp_path_factory.mktemp("tuned")
    write_table(folder)
    began = monotonic()
    done = nettrain(folder, "tune", "prices.csv", "--target", "price", "--minutes", MINUTES, *FEW)
    return folder, done, monotonic() - began


def test_it_ends_in_time_and_says_what_it_has_found(tuned):
    _, done, seconds = tuned
    assert done.code == 0, done.err
    assert seconds < 60 * MINUTES + 2  # for Python to start and end
    for told in ("5 folds choose", "val rmse", "best with other seeds", "learning_rate", "tunes/prices"):
        assert told in done.out


def test_its_folder_has_the_search_and_the_best(tuned):
    folder, *_ = tuned
    tune = folder / "tunes" / "prices"
    summary = json.loads((tune / "tune.json").read_text())
    assert summary["status"] == "finished"
    assert summary["rows"] == {"rows": 120, "choosing": 120, "test": 0, "folds": 5}
    assert summary["metric"] == "val_rmse"
    trials = pl.read_csv(tune / "trials.csv")
    assert summary["trials"]["total"] == trials.height
    assert trials["seed"][0] == 0
    assert summary["best"]["metrics"]["val_rmse"] == min(
        trials.filter(pl.col("status") == "finished")["val_rmse"]
    )


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
    folder, *_ = tuned
    before = (folder / "tunes" / "prices" / "trials.csv").read_bytes()
    again = inside(folder, "tune", "prices.csv", "--target", "price", "--minutes", MINUTES / 2, *FEW)
    assert again.code == 0
    assert "minutes are over; --minutes N gives more" in again.out
    assert before == (folder / "tunes" / "prices" / "trials.csv").read_bytes()


def test_another_search_in_the_same_folder_is_refused(tuned):
    folder, *_ = tuned
    other = inside(folder, "tune", "prices.csv", "--target", "rooms", "--minutes", MINUTES, *FEW)
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
