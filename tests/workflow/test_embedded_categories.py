"""Columns of many categories from the file to the report: trained, resumed, predicted, searched, checked."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import nettrain
from nettrain.data.tables.table import Table
from nettrain.inference.predict import raw_outputs

CITIES = [f"city {k}" for k in range(12)]


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    """A price that every city has of its own, with gaps in both columns."""
    rng = np.random.default_rng(3)
    height = rng.normal(size=12)
    city = rng.integers(12, size=400)
    size = rng.normal(size=400)
    price = height[city] + 0.7 * size + rng.normal(0, 0.05, 400)
    return pl.DataFrame(
        {
            "city": [None if k % 50 == 0 else CITIES[c] for k, c in enumerate(city)],
            "garden": ["yes" if one > 0 else "no" for one in rng.normal(size=400)],
            "size": [None if k % 40 == 0 else one for k, one in enumerate(size.tolist())],
            "price": price,
        }
    )


@pytest.fixture(scope="module")
def spec() -> dict:
    return {
        "data": {
            "target": "price",
            "test": 0.2,
            "one_hot_up_to": 9,
            "binary_categories": "sign",
            "scaling": "quantile",
        },
        "model": {"hidden": [16]},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "training": {"epochs": 30, "batch_size": 32},
        "backend": {"threads": 1},
    }


@pytest.fixture(scope="module")
def run(spec: dict, table: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> nettrain.Run:
    return nettrain.train(spec, data=table, folder=tmp_path_factory.mktemp("runs") / "run")


def test_a_network_learns_what_a_city_costs(run: nettrain.Run) -> None:
    assert run.summary["metrics"]["test"]["r2"] > 0.9
    first, *_ = run.trained.architecture.chain
    assert ("category_embedding", 3, 10) == (first.layer.name, first.inputs, first.outputs)


def test_missing_and_unseen_cities_are_one_category(run: nettrain.Run) -> None:
    cities = ["city 3", None, "Atlantis", "city 4"]
    rows = {"city": cities, "garden": ["no"] * 4, "size": [0.1] * 4}
    with pytest.warns(
        nettrain.DataWarning, match='column "city": 1 row with values not in the training data'
    ):
        prices = nettrain.predict(run, rows)["price"].to_list()
    assert prices[1] == prices[2]
    assert len(set(prices)) == 3


def test_importance_is_of_columns(run: nettrain.Run, table: pl.DataFrame) -> None:
    found = nettrain.evaluate(run, split="test", importance=True).importance
    assert found is not None
    means = {one.column: one.mean for one in found.columns}
    assert {"city", "garden", "size"} == means.keys()
    assert means["city"] > means["size"] > means["garden"]


def test_a_stopped_run_goes_on_to_the_bit(spec: dict, table: pl.DataFrame, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole", tmp_path / "half"
    nettrain.train(spec, "training.epochs=6", data=table, folder=whole)
    nettrain.train(spec, "training.epochs=3", data=table, folder=half)
    nettrain.resume(half, "training.epochs=6", data=table)
    for name in ("model.safetensors", "preprocessing.json", "history.csv"):
        assert (whole / name).read_bytes() == (half / name).read_bytes()


def test_a_file_gives_what_a_frame_gives(spec: dict, table: pl.DataFrame, tmp_path: Path) -> None:
    table.write_csv(tmp_path / "homes.csv")
    from_frame = nettrain.train(spec, "training.epochs=2", data=table)
    from_file = nettrain.train(spec, "training.epochs=2", f"data.source={tmp_path / 'homes.csv'}")
    assert from_frame.summary["metrics"] == from_file.summary["metrics"]


def test_folds_have_tables_of_their_own(spec: dict, table: pl.DataFrame) -> None:
    run = nettrain.train(spec, "data.test=0", "data.folds=3", "training.epochs=20", data=table)
    assert run.summary["metrics"]["val"]["r2"] > 0.8


def test_a_search_may_ask_from_where_on_to_embed(spec: dict, table: pl.DataFrame, tmp_path: Path) -> None:
    values = {"data.one_hot_up_to": {"values": [3, 20]}}
    search = {"method": "grid", "metric": {"name": "val_loss"}, "parameters": values}
    found = nettrain.sweep(
        {**spec, "sweep": search}, "training.epochs=3", data=table, folder=tmp_path / "s", jobs=1
    )
    assert {3, 20} == set(found.trials["data.one_hot_up_to"])


def test_checks_take_codes_as_they_are(spec: dict, table: pl.DataFrame) -> None:
    report = nettrain.check(spec, data=table, skip=["gradient"])
    findings = len(report.plain["findings"])
    assert f"<SanityReport {report.experiment}: {report.verdict}, {findings} findings>" == repr(report)
    wrong = {
        name: one for name, findings in report.findings.items() for one in findings if one.verdict != "ok"
    }
    assert not wrong


def test_codes_of_a_damaged_model_stay_in_the_table(run: nettrain.Run, table: pl.DataFrame) -> None:
    """A preprocessing that knows more categories than the network."""
    preprocessing = run.trained.preprocessing
    city = preprocessing.encoders[0]
    more = replace(city, values=(*city.values, *(f"more {k}" for k in range(5000))))
    changed = replace(preprocessing, encoders=(more, *preprocessing.encoders[1:]))
    x = changed.encode(Table.of({"city": ["more 4999", None], "garden": ["no", "no"], "size": [0.0, 0.0]}))
    assert x[0, 0] > 5000
    prices = raw_outputs(run.trained.networks.network(), x)
    assert prices[0, 0] == prices[0, 1]
