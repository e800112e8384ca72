"""Networks with preprocessings of their own, in the folders of folds, predict and are evaluated together."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import nettrain

FEW = ("training.epochs=4", "backend.threads=1", "model.hidden=[5]", "model.dropout=0.3", "data.test=0.2")
FOLDS = 3
TASKS = {"classes": "kind", "numbers": "size"}


def table() -> pl.DataFrame:
    """Rows with a category so rare that some splits have none of it, and numbers with gaps."""
    rng = np.random.default_rng(3)
    size = rng.normal(50, 20, 90)
    city = rng.choice(["Ulm", "Bonn"], 90)
    city[50] = "Rome"
    weight = [None if rng.random() < 0.1 else value for value in size / 3 + rng.normal(0, 2, 90)]
    kind = np.where(size > 60, "large", np.where(size > 40, "middle", "small"))
    return pl.DataFrame({"city": city, "weight": weight, "width": size**2, "kind": kind, "size": size})


@pytest.fixture(scope="module", params=TASKS)
def folded(request, tmp_path_factory) -> Path:
    """A folder of three runs on different splits, laid out as those of folds."""
    folder = tmp_path_factory.mktemp("folded")
    other = ({*TASKS.values()} - {TASKS[request.param]}).pop()
    table().drop(other).write_csv(folder / "rows.csv")
    spec = {"data": {"source": str(folder / "rows.csv"), "target": TASKS[request.param]}}
    runs = [
        nettrain.train(spec, *FEW, f"data.seed={k}", f"seed={k}", folder=folder / "run" / "folds" / str(k))
        for k in range(FOLDS)
    ]
    assert 1 < len({run.trained.preprocessing.inputs for run in runs}), "all splits have the same categories"
    for name in ("config.yaml", "summary.json"):
        shutil.copy(folder / "run" / "folds" / "0" / name, folder / "run" / name)
    return folder / "run"


def alone(folder: Path) -> list[nettrain.Run]:
    return [nettrain.open_run(folder / "folds" / str(k)) for k in range(FOLDS)]


def predict_alone(run, rows, **arguments) -> pl.DataFrame:
    """Predictions of one fold, of which some rows have categories that it has not seen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nettrain.DataWarning)
        return nettrain.predict(run, rows, **arguments)


def source(folder: Path) -> Path:
    return folder.parent / "rows.csv"


def test_the_mean_of_the_folds_predicts(folded):
    frames = [predict_alone(run, source(folded)) for run in alone(folded)]
    together = nettrain.predict(folded, source(folded))
    numbers = [name for name, dtype in together.schema.items() if dtype == pl.Float64]
    means = np.mean([frame.select(numbers).to_numpy() for frame in frames], axis=0)
    np.testing.assert_allclose(together.select(numbers).to_numpy(), means, rtol=1e-12)
    run = nettrain.open_run(folded)
    assert together.to_series(0).to_list() == run.predict(source(folded)).tolist()
    if run.classes:
        classes = np.array(run.classes)[means.argmax(axis=1)]
        assert classes.tolist() == together.to_series(0).to_list()
        np.testing.assert_allclose(run.predict_proba(pl.read_csv(source(folded))), means, rtol=1e-12)


def test_figures_are_those_of_the_mean_prediction(folded):
    run, rows = nettrain.open_run(folded), pl.read_csv(source(folded))
    report, predicted = run.evaluate(source(folded), worst=1, keep="city"), run.predict(rows)
    if run.classes:
        assert report.metrics["accuracy"] == pytest.approx(np.mean(predicted == rows["kind"].to_numpy()))
    else:
        errors = predicted - rows["size"].to_numpy()
        assert report.metrics["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
        assert report.worst[0].place.endswith(f"rows.csv:{np.abs(errors).argmax() + 2}")
    assert report.worst[0].kept["city"] in ("Ulm", "Bonn", "Rome")
    assert "loss" not in report.metrics  # the mean of three losses is not the loss of the mean


def test_rows_held_out_are_measured_by_the_run_that_held_them_out(folded):
    report = nettrain.open_run(folded).evaluate(split="validation", worst=100, importance=True, keep=["city"])
    alone_reports = [run.evaluate(split="validation", worst=100) for run in alone(folded)]
    assert report.rows == sum(one.rows for one in alone_reports)
    losses = sorted((one.place, one.loss) for each in alone_reports for one in each.worst)
    assert losses == sorted((one.place, one.loss) for one in report.worst)
    name = "accuracy" if "accuracy" in report.metrics else "mae"
    mean = np.average(
        [one.metrics[name] for one in alone_reports], weights=[one.rows for one in alone_reports]
    )
    assert report.metrics[name] == pytest.approx(mean)
    assert {"city", "weight", "width"} == {one.column for one in report.importance.columns}


def test_the_passes_of_all_folds_are_one_sample(folded):
    column = 0 if "size" == nettrain.open_run(folded).predictor.task.names[0] else 1
    frames = [predict_alone(run, source(folded), samples=4) for run in alone(folded)]
    together = nettrain.predict(folded, source(folded), samples=4)
    deviation = next(name for name in together.columns if name.startswith("sd_"))
    means = np.array([frame.to_series(column).to_numpy() for frame in frames])
    deviations = np.array([frame[deviation].to_numpy() for frame in frames])
    # the passes of each have these moments, so that their sums of squares do
    squares = (3 * deviations**2 + 4 * means**2).sum(axis=0)
    expected = np.sqrt((squares - 12 * means.mean(axis=0) ** 2) / 11)
    np.testing.assert_allclose(together[deviation].to_numpy(), expected, rtol=1e-6, atol=1e-9)


def test_rows_deviate_where_they_do_so_from_all_training_rows(folded):
    rows = pl.read_csv(source(folded)).head(3)
    with pytest.warns(nettrain.DataWarning, match='"Paris"') as caught:
        nettrain.predict(folded, rows.with_columns(city=pl.Series(["Rome", "Ulm", "Paris"])))
    assert 1 == len(caught)
    assert "Rome" not in str(caught[0].message)


def test_a_row_that_one_cannot_read_is_left_out(folded):
    rows = pl.read_csv(source(folded)).head(4).with_columns(pl.col("width").cast(pl.String))
    rows = rows.with_columns(width=pl.Series([rows["width"][0], "wide", *rows["width"][2:]]))
    predicted = nettrain.predict(folded, rows)
    assert [False, True, False, False] == predicted.to_series(0).is_null().to_list()
    expected = nettrain.predict(folded, rows[[0, 2, 3]].with_columns(pl.col("width").cast(pl.Float64)))
    assert predicted[[0, 2, 3]].equals(expected)


def test_own_test_rows(folded):
    shared = [run.evaluate().rows for run in alone(folded)]
    assert shared[0] == nettrain.open_run(folded).evaluate().rows


def test_what_needs_one_training_names_the_folds(folded):
    run, names = nettrain.open_run(folded), f"{folded}/folds/0, "
    for refused in (
        lambda: run.trained,
        lambda: run.predict(source(folded), member=1),
        lambda: nettrain.gradcheck(folded),
        lambda: nettrain.network_graph(folded),
        lambda: nettrain.loss_landscape(run),
    ):
        with pytest.raises(nettrain.SpecError, match="folds") as caught:
            refused()
        assert names in str(caught.value)


def test_other_rows_of_folds_are_refused(folded):
    with pytest.raises(nettrain.SpecError, match=r"out_of_fold\.parquet has the prediction of each row"):
        nettrain.predict(folded, split="validation")
    with pytest.raises(nettrain.SpecError, match="different training rows"):
        nettrain.evaluate(folded, split="train")


def test_a_copy_has_the_folds(folded, tmp_path):
    copy = nettrain.open_run(nettrain.open_run(folded).save(tmp_path / "copy"))
    assert copy.predict(source(folded)).tolist() == nettrain.open_run(folded).predict(source(folded)).tolist()


def test_folds_that_diverged_are_left_out(folded, tmp_path):
    path = nettrain.open_run(folded).save(tmp_path / "copy")
    summary = path / "folds" / "1" / "summary.json"
    text = summary.read_text().replace('"status": "finished"', '"status": "diverged"')
    summary.write_text(text.replace('"restored_best": true', '"restored_best": false'))
    run = nettrain.open_run(path)
    frames = [predict_alone(path / "folds" / name, source(folded)) for name in "02"]
    together = nettrain.predict(run, source(folded))
    last = together.columns[-1]
    np.testing.assert_allclose(together[last], np.mean([one[last] for one in frames], axis=0), rtol=1e-12)
    assert any("1 of 3 folds diverged" in line for line in run.predictor.warnings)
