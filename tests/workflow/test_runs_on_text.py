"""A run on a column of text: trained, continued, asked about, and read from files of other formats."""

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.workflow.report.columns import column_facts

RNG = np.random.default_rng(3)
MOODS = ["Good", "bad", "BAD", "good", None]
DRAWN = [MOODS[k] for k in RNG.integers(5, size=300)]
TABLE = pl.DataFrame(
    {
        "remark": [None if mood is None else f"no. {k}: {mood}, really" for k, mood in enumerate(DRAWN)],
        "noise": RNG.normal(size=300),
        "mark": [1.0 if mood in ("Good", "good") else 0.5 if mood is None else 0.0 for mood in DRAWN],
    }
)
SPEC = {
    "data": {"target": "mark", "target_kind": "numbers", "columns": {"words": ["remark"]}, "test": 0.2},
    "model": {"hidden": [4]},
    "optimizer": {"name": "adam", "learning_rate": 0.02},
    "training": {"epochs": 40, "batch_size": 16},
    "backend": {"threads": 1},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return nettrain.train(SPEC, data=TABLE, folder=tmp_path_factory.mktemp("runs") / "run")


def test_a_network_learns_what_words_mean(run):
    assert run.summary["metrics"]["test"]["r2"] > 0.98
    rows = {"remark": ["Really GOOD (no. 1000)", "no-really-bad", None], "noise": [0.0] * 3}
    predicted = nettrain.predict(run, rows)["mark"].to_numpy()
    np.testing.assert_allclose(predicted, [1, 0, 0.5], atol=0.1)


def test_columns_are_asked_about_as_a_whole(run):
    found = nettrain.evaluate(run, split="test", importance=True).importance
    means = {one.column: one.mean for one in found.columns}
    assert means["remark"] > 10 * abs(means["noise"])


def test_a_report_says_what_became_of_the_text(run):
    fact, _ = column_facts(run.trained.preprocessing)
    assert ("text", ("bad", "good", "no", "really"), True, True) == (
        fact.kind,
        fact.values,
        fact.gaps,
        fact.marked,
    )


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.arrow", "t.xlsx", "t.jsonl"])
def test_any_file_has_the_same_words(run, name, tmp_path):
    path = tmp_path / name
    rows = TABLE.select("remark", "noise")
    write = {"csv": rows.write_csv, "parquet": rows.write_parquet, "arrow": rows.write_ipc}
    write |= {"xlsx": rows.write_excel, "jsonl": rows.write_ndjson}
    write[path.suffix[1:]](path)
    expected = nettrain.predict(run, rows)["mark"].to_numpy()
    np.testing.assert_allclose(nettrain.predict(run, str(path))["mark"].to_numpy(), expected, rtol=1e-6)
