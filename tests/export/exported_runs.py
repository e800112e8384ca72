"""Small trained runs of every kind, and rows like theirs with gaps, unseen categories and extreme values.

`RUNS` names an experiment for each kind of column, scaling, target, loss, layer and way to predict together; the
parts that have a registry are walked, so that a new entry is among them by itself. A run is trained once.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import numpy.typing as npt

import nettrain
from nettrain.catalogue.activations import activations
from nettrain.catalogue.calibrations import calibrations
from nettrain.catalogue.losses import losses
from nettrain.data.columns.scaling import scalings
from nettrain.model.layers import embeddings, norms
from nettrain.store.trained_folds import Predictor
from tests.variants import variants

Columns = dict[str, list[str]]
TRAINING, ROWS = 240, 500
WORDS = ["red", "green", "blue", "7", "with, comma", "ümlaut"]
TITLES = ["Mr.", "Größe", "na-so"]  # of which "na" is a gap by itself
TARGETS = ("species", "verdict", "code", "level", "a", "b", "size", "weight", "visits")
FORMATTED = ("date", "time", "money", "day")


@cache
def drawn(rows: int, seed: int, *, strange: bool) -> Columns:
    """Columns of every kind and targets of every kind; `strange` rows have what training rows have not."""
    rng = np.random.default_rng(seed)
    x, u = rng.normal(size=(rows, 3)), rng.integers(0, 6, size=rows)
    days = np.datetime64("2019-02-25T05:30") + rng.integers(0, 60 * 24 * 900, size=rows).astype("m8[m]")
    gone = rng.random((rows, 8)) < 0.12
    signal = x[:, 0] + 0.5 * (u == 2) - 0.5 * x[:, 1]
    noisy = signal + 0.3 * rng.normal(size=rows)
    columns: Columns = {
        "plain": [f"{value:.4f}" for value in x[:, 0]],
        "gappy": _gaps([f"{value:.3f}" for value in x[:, 1]], gone[:, 0]),
        "year": [str(1990 + int(10 * abs(value))) for value in x[:, 2]],
        "skewed": [f"{np.exp(3 * value):.6g}" for value in x[:, 1]],
        "truth": _gaps([str(value > 0).lower() for value in x[:, 2]], gone[:, 1]),
        "color": _gaps([WORDS[k] for k in u], gone[:, 2]),
        "sex": ["female" if value > 0 else "male" for value in x[:, 1]],
        "grade": [str(1 + k % 4) for k in u],
        "share": _gaps([("0.5", "1.25", "2")[k % 3] for k in u], gone[:, 3]),
        "city": [f"city {int(k)}" for k in rng.geometric(0.2, size=rows)],
        "remark": _gaps([f"{TITLES[k % 3]} {WORDS[k]}, {int(k)}" for k in u], gone[:, 5]),
        "date": _gaps([str(day).replace("T", " ") for day in days], gone[:, 4]),
        "day": [f"{day.astype('M8[D]').item():%d/%m/%Y}" for day in days],
        "time": [f"{k // 60:02d}:{k % 60:02d}" for k in rng.integers(0, 1440, size=rows)],
        "money": [f"{abs(value) * 1000:.2f}".replace(".", ",") + " €" for value in x[:, 0]],
        "species": [("setosa", "versicolor", "virginica")[int(k)] for k in np.digitize(noisy, [-0.6, 0.6])],
        "verdict": ["yes" if value > 0 else "no" for value in noisy],
        "code": [str(10 * int(k)) for k in np.digitize(noisy, [-0.6, 0.6])],
        "level": [str(int(k)) for k in np.digitize(noisy, [-0.6, 0.6])],
        "a": [str(int(value > 0)) for value in noisy],
        "b": [str(int(value > 0.5)) for value in x[:, 1]],
        "size": [f"{1000 + 50 * value:.3f}" for value in noisy],
        "weight": [f"{0.01 * value:.6f}" for value in signal],
        "visits": [str(k) for k in rng.poisson(np.exp(signal / 2))],
    }
    return _strange(columns, rng) if strange else columns


def _gaps(cells: Sequence[str], gone: npt.NDArray[np.bool_]) -> list[str]:
    return ["" if gap else cell for cell, gap in zip(cells, gone, strict=True)]


def _strange(columns: Columns, rng: np.random.Generator) -> Columns:
    """Gaps everywhere, categories that training rows lack, and numbers and dates far from theirs."""
    columns["plain"][:8] = ["1e6", "-1e6", "", "0", "-0.0", "1e-30", "123456.789", ""]
    columns["skewed"][:5] = ["1e30", "-1e30", "", "0", "1"]
    columns["year"][:4] = ["3000", "0", "", "1999"]
    columns["truth"][:4] = ["TRUE", "False", "", "true"]
    columns["color"][:5] = ["violet", "RED", "", "NA", "7"]
    columns["sex"][:3] = ["", "other", "male"]
    columns["grade"][:6] = ["9", "0", "", "2.0", "3", "-1"]
    columns["share"][:5] = ["2.0", "0.50", "7.5", "", "1.25"]
    columns["city"][:3] = ["nowhere", "", "city 1"]
    columns["remark"][:8] = ["MR", "mrs.", "x–Mr–x", "“mr”", "東京 Mr、", "Mrx amr", "", "NA"]
    columns["remark"][8:14] = ["na", "größe GRÖSSE", "mr_mR", "7 °Mr§", "a\nMR\nb", "na\u3000so"]
    columns["date"][:6] = [
        "1969-12-31 23:59",
        "2024-02-29",
        "",
        "2100-03-01 00:00",
        "1900-01-01",
        "2019-02-28 24:00",
    ]
    columns["date"][5] = "2019-03-01 00:00"
    columns["day"][:3] = ["29/02/2024", "", "01/01/1900"]
    columns["time"][:2] = ["", "00:00"]
    columns["money"][:3] = ["", "1.000.000,00 €", "-5 €"]
    order = rng.permutation(len(columns["plain"]))
    return {name: [cells[k] for k in order] for name, cells in columns.items()}


def written(columns: Columns, path: Path) -> Path:
    """The columns as a CSV file."""
    lines = [",".join(columns)]
    for row in zip(*columns.values(), strict=True):
        lines.append(",".join(f'"{cell}"' if {*cell} & {*",\n"} else cell for cell in row))
    path.write_text("\n".join(lines) + "\n")
    return path


@cache
def folder() -> Path:
    """Where the tables lie: those of some columns in a folder that is named after them."""
    return Path(mkdtemp(prefix="exported"))


@cache
def files(columns: str) -> tuple[Path, Path]:
    """The training data, and rows like them that have strange cells, with these columns alone."""
    inside = folder() / columns
    inside.mkdir()
    return (
        written(chosen(columns, TRAINING, 1, strange=False), inside / "train.csv"),
        written(chosen(columns, ROWS, 2, strange=True), inside / "rows.csv"),
    )


def chosen(columns: str, rows: int, seed: int, *, strange: bool) -> Columns:
    """Some of the columns that are drawn."""
    every = drawn(rows, seed, strange=strange)
    return {name: every[name] for name in columns.split(",")}


PLAIN = ("plain", "gappy", "year")
MIXED = ("plain", "gappy", "year", "truth", "color", "sex", "grade", "share", "city")
EVERY = (*MIXED, "skewed", "remark", *FORMATTED)


def experiment(
    target: str | Sequence[str] = "species", columns: Sequence[str] = PLAIN, **more: Any
) -> dict[str, Any]:
    """An experiment on these columns of the training data."""
    targets = [target] if isinstance(target, str) else list(target)
    table = ",".join(name for name in drawn(1, 0, strange=False) if name in (*columns, *targets))
    categories = [name for name in ("grade", "share") if name in columns]
    settings: dict[str, Any] = {
        "data": {
            "source": str(folder() / table / "train.csv"),
            "target": target if isinstance(target, str) else targets,
            "columns": {"categorical": categories, "words": ["remark"] if "remark" in columns else []},
            "test": 0.2,
            "validation": 0.3,
        },
        "model": {"hidden": [6]},
        "training": {"epochs": 3, "batch_size": 32},
        "optimizer": {"name": "adam", "learning_rate": 0.02},
        "backend": {"dtype": "float64", "threads": 1},
    }
    for block, values in more.items():
        settings[block] = settings.get(block, {}) | values if isinstance(values, dict) else values
    return settings


def _columns() -> dict[str, dict[str, Any]]:
    """Every kind of column, alone and together, and every encoding of categories."""
    kinds = {f"column {name}": experiment(columns=["plain", name]) for name in EVERY if name != "plain"}
    ignored = {"columns": {"ignore": [name for name in EVERY if name not in PLAIN]}}
    data = {"one_hot_up_to": 3, "binary_categories": "sign", "scale_indicators": True, "max_categories": 4}
    return {
        **kinds,
        "all columns": experiment(columns=EVERY),
        "all columns, gaps filled": experiment(
            columns=EVERY, data=experiment(columns=EVERY)["data"] | {"mark_gaps_from": TRAINING}
        ),
        "all columns, gaps marked": experiment(
            columns=EVERY, data=experiment(columns=EVERY)["data"] | {"mark_gaps_from": 0}
        ),
        "ignored columns": experiment(columns=EVERY, data=experiment(columns=EVERY)["data"] | ignored),
        "all columns, embedded": experiment(columns=EVERY, data=experiment(columns=EVERY)["data"] | data),
    }


def _scalings() -> dict[str, dict[str, Any]]:
    own = {"divide": {"by": 100.0}, "channel": {"channels": 2}}
    columns = ("plain", "gappy", "year", "skewed", "color")
    base = experiment(columns=columns)["data"]
    return {
        f"scaling {name}": experiment(
            columns=columns, data=base | {"scaling": {"name": name, **own.get(name, {})}}
        )
        for name in scalings
    }


def _losses() -> dict[str, dict[str, Any]]:
    """Every loss on targets of each kind that it takes."""
    targets: dict[str, dict[str, Any]] = {
        "classes": {"target": "species"},
        "two classes": {"target": "verdict"},
        "labels": {"target": ["a", "b"]},
        "numbers": {"target": ["size", "weight"]},
        "counts": {"target": "visits"},
    }
    found = {}
    for name, loss in losses.items():
        for kind in loss.fits:
            if kind in targets:
                one = experiment(**targets[kind], loss=name)
                if kind == "counts":
                    one["data"] |= {"target_kind": "numbers", "target_scaling": "none"}
                found[f"loss {name} of {kind}"] = one
    return found


def _networks() -> dict[str, dict[str, Any]]:
    """Every activation, norm, embedding and kind of dense layer."""
    models: dict[str, dict[str, Any]] = {
        f"activation {label}": {"hidden": [6, 5], "activation": {"name": name, **numbers}}
        for label, (name, numbers) in variants(activations).items()
        if not activations[name].outputs_only
    }
    models |= {f"norm {name}": {"hidden": [6, 6], "norm": name} for name in norms}
    models |= {f"embedding {name}": {"hidden": [6], "embeddings": name} for name in embeddings}
    models |= {
        f"sub-members {kind}": {"hidden": [6, 6], "sub_members": {"count": 3, "kind": kind}}
        for kind in ("batch_ensemble", "mini", "packed")
    }
    models |= {
        "residual": {"hidden": [6, 6, 5], "residual": True},
        "neural_tangent": {"hidden": [6], "parametrization": "neural_tangent", "input_scale": True},
        "dropout": {"hidden": [6], "dropout": 0.3, "input_noise": 0.1},
    }
    return {
        name: experiment(columns=("plain", "gappy", "sex"), model=model) for name, model in models.items()
    }


def _together() -> dict[str, dict[str, Any]]:
    """Several networks that predict together, what is done with predictions, and targets of all kinds."""
    few = {"epochs": 3, "batch_size": 32}
    calibrated = {f"calibration {name}": name for name in calibrations if name != "conformal"}
    return {
        "ensemble": experiment(training=few | {"ensemble": 3}),
        "snapshots": experiment(training=few | {"epochs": 4, "snapshots": 2}),
        "folds": experiment(
            columns=MIXED, data=experiment(columns=MIXED)["data"] | {"folds": 3, "validation": 0}
        ),
        "ensemble of numbers": experiment("size", MIXED, training=few | {"ensemble": 2}),
        "ensemble of tabm": experiment(
            columns=MIXED, model={"hidden": [6], "sub_members": 3}, training=few | {"ensemble": 2}
        ),
        "clamp": experiment("size", model={"hidden": [6], "clamp_outputs": True}),
        "clamped quantiles": experiment(
            "size", model={"hidden": [6], "clamp_outputs": True}, training=few, loss="pinball"
        ),
        **{
            f"{name} of {target}": experiment(target, training=few, **{"calibration": calibration})
            for name, calibration in calibrated.items()
            for target in ("species", "verdict")
        },
        "threshold": experiment("verdict", threshold="f1"),
        "thresholds of labels": experiment(["a", "b"], threshold="youden", calibration="isotonic"),
        "classes of numbers": experiment("code"),
        "classes from 0": experiment("level"),
        "float32": experiment(columns=EVERY, backend={"dtype": "float32", "threads": 1}),
    }


RUNS: Mapping[str, dict[str, Any]] = {**_columns(), **_scalings(), **_losses(), **_networks(), **_together()}


def rows_of(name: str) -> str:
    """The path of the strange rows for the run of this name."""
    return str(files(Path(RUNS[name]["data"]["source"]).parent.name)[1])


@cache
def run_of(name: str) -> Predictor:
    """The trained run of this name, whose members are selected."""
    rows_of(name)  # lie beside its training data
    return nettrain.train(RUNS[name]).predictor.select_members()
