"""Pictures: deterministic bytes, no text over other text or beyond the edge, whatever the data are like."""

import io
import struct
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.image import imread

from nettrain.catalogue.metrics.ranking import RankingStatistic
from nettrain.inference.reliability import ReliabilityBin
from nettrain.inference.threshold_curve import threshold_curve
from nettrain.output.figures import (
    canvas,
    confusion,
    curves,
    images,
    parallel,
    parameters,
    reliability,
    residual_histogram,
    residuals,
    threshold_curves,
)
from nettrain.output.figures.canvas import significant, tick
from nettrain.output.history_curves import figure_of, panels_of

GENERATOR = np.random.default_rng(0)


def history(epochs, *, members=1, validation=True, scale=1.0, rate=lambda epoch: 1e-3):
    rows = []
    for member in range(members):
        for epoch in range(epochs + 1):
            loss = scale * (2 * np.exp(-6 * epoch / epochs) + 0.02 + 0.01 * member)
            row = {"member": member, "epoch": epoch, "train_loss": loss, "train_accuracy": 1 - epoch / epochs}
            if epoch:
                row |= {"learning_rate": rate(epoch), "running_loss": 2 * loss, "objective": 3 * loss}
            if validation:
                row |= {"val_loss": loss + 0.05 * scale, "val_accuracy": 1 - 0.4 * np.exp(-epoch / epochs)}
            rows.append(row)
    return rows


def scheduled(rows):
    """Three numbers that change over time; the row before training has none of them."""
    return [
        row | {"learning_rate": 1 / e, "dropout_factor": 1 - e / 30, "weight_decay_factor": 0.5 ** (e / 5)}
        if (e := row["epoch"])
        else row
        for row in rows
    ]


def diverged():
    rows = history(12)
    for k, row in enumerate(rows[1:]):
        row |= {"train_loss": 10.0 ** (3 * k), "val_loss": 3 * 10.0 ** (3 * k)}
    rows[-1] |= {"train_loss": np.nan, "objective": np.nan, "val_loss": np.inf}
    return rows


NOTHING = [{"epoch": 1, "learning_rate": 1.0, "train_loss": np.nan, "objective": np.nan, "val_loss": np.nan}]
HISTORIES = {
    "1 epoch": (history(1), 1),
    "2 epochs": (history(2), 2),
    "60 epochs": (history(60), 60),
    "1000 epochs, falling rate": (history(1000, rate=lambda epoch: 0.1 / epoch), 700),
    "scheduled numbers": (scheduled(history(30)), None),
    "no validation rows": (history(30, validation=False), None),
    "huge numbers": (history(30, scale=1e12), 20),
    "tiny numbers": (history(30, scale=1e-12), 20),
    "five members": (history(30, members=5), None),
    "five members with labels": (history(30, members=5), None),
    "labels and a best epoch": (history(60), 31),
    "parts of epochs": ([row | {"epoch": row["epoch"] / 4} for row in history(20)], 3.25),
    "diverged": (diverged(), 1),
    "diverged at once": (NOTHING, None),
}


def matrix(classes, rows):
    true, guess = GENERATOR.integers(0, classes, (2, rows))
    counts = np.zeros((classes, classes))
    np.add.at(counts, (true, np.where(GENERATOR.random(rows) < 0.8, true, guess)), 1)
    return counts


MATRICES = {
    "2": ({"y": matrix(2, 100)}, ["no", "yes"]),
    "2 of long names": ({"y": matrix(2, 10**6)}, ["income of at most 50,000 dollars", "more"]),
    "10": ({"y": matrix(10, 1797)}, list("0123456789")),
    "10 of many rows": ({"y": matrix(10, 10**6)}, [f"Ankle boot {k}" for k in range(10)]),
    "30 of long names": ({"y": matrix(30, 3000)}, [f"a class with a long name, {k}" for k in range(30)]),
    "120": ({"y": matrix(120, 30000)}, [f"class {k}" for k in range(120)]),
    "weights and signs": ({"y": matrix(3, 300) / 3}, ["$5 to $10", "a_b^c", "{x}"]),
    "labels": ({f"label {k}": matrix(2, 100) for k in range(15)}, ["0", "1"]),
    "no rows": ({"y": np.zeros((3, 3))}, ["a", "b", "c"]),
}


def numbers(rows, targets=1, scale=1.0, offset=0.0):
    true = GENERATOR.normal(size=(rows, targets)) * scale + offset
    return true, true + 0.3 * scale * GENERATOR.normal(size=true.shape)


JSON_OUTPUTS = {
    "30 rows": numbers(30),
    "many rows": numbers(50000, scale=2e5, offset=3e5),
    "huge": numbers(500, scale=1e9, offset=1e10),
    "far from 0": numbers(500, 4, offset=1e5),
    "tiny": numbers(300, 2, scale=1e-9),
    "20 targets": numbers(100, 20),
    "skewed": tuple(10 ** (5 + one) for one in numbers(300)),
    "skewed, many rows": tuple(10 ** (1 + one) for one in numbers(5000, 2)),
    "counts": tuple(np.floor(10 ** (0.5 + one)) for one in numbers(400)),
    "constant": (np.ones((9, 1)), np.ones((9, 1))),
    "no numbers": (np.ones((9, 1)), np.full((9, 1), np.nan)),
}
TITLE = "an experiment whose name is long enough to reach the right edge of the picture and beyond: test rows"


LABELS = {
    "running": "running (with dropout, noise, batch norm, smoothing, class weights)",
    "train": "training (10,000 rows)",
}


def draw_curves(case, render=canvas.png):
    rows, best = HISTORIES[case]
    labels = LABELS if "labels" in case else {}
    return curves.curves_picture(rows, TITLE, monitor="val_loss", best=best, labels=labels, render=render)


def draw_confusion(case, render=canvas.png):
    return confusion.confusion_picture(*MATRICES[case], TITLE, render=render)


def draw_residuals(case, render=canvas.png):
    true, predicted = JSON_OUTPUTS[case]
    names = [f"a target that has a long name, {k}" for k in range(true.shape[1])]
    return residuals.residuals_picture(true, predicted, names, TITLE, render=render)


def trials(searched, many=40):
    """Trials with random values of these parameters."""
    draw = {
        "rate": lambda k: 10 ** GENERATOR.uniform(-5, -1),
        "units": lambda k: int(GENERATOR.integers(16, 512)),
        "dropout": lambda k: GENERATOR.uniform(0, 0.5),
        "activation": lambda k: ["leaky_relu", "squareplus", "hard_swish", "tanh"][k % 4],
        "hidden": lambda k: [[16], [64, 64], [1024, 512, 256, 128]][k % 3],
        "only": lambda k: 3,
    }
    axes = [parameters.ParameterAxis(f"{name}.of.{name}", name == "rate") for name in searched]
    points = [
        parameters.TrialPoint(
            ("finished", "pruned", "diverged")[k % 7 % 3],
            None if k % 7 % 3 == 2 else GENERATOR.lognormal(),
            {f"{name}.of.{name}": draw[name](k) for name in searched},
            best=k == 7,
        )
        for k in range(many)
    ]
    return points, axes


SEARCHES = {
    "one": trials(["rate"]),
    "two": trials(["activation", "hidden"]),
    "four": trials(["rate", "units", "dropout", "activation"]),
    "five": trials(["rate", "units", "dropout", "activation", "hidden"]),
    "one trial": trials(["rate", "only"], 1),
}


def draw_parameters(case, render=canvas.png):
    return parameters.parameters_picture(*SEARCHES[case], "val_loss", TITLE, render=render)


def bins_of(*rows):
    edges = np.linspace(0, 1, len(rows) + 1)
    return [
        ReliabilityBin(low, high, n, (low + high) / 2, (low * 3 + 1) / 4)
        for low, high, n in zip(edges, edges[1:], rows, strict=False)
    ]


BINS = {"few rows": bins_of(0.0, 1.0, 2.0, 1.0), "many rows": bins_of(*range(1000, 16000, 1000))}


def draw_reliability(case, render=canvas.png):
    return reliability.reliability_picture(BINS[case], TITLE, render=render)


def ranked(y, p):
    statistic = RankingStatistic(2)
    statistic.add(np.asarray(y), np.column_stack([1 - np.asarray(p), p]), np.ones(len(y)))
    return threshold_curve(statistic)


RANKINGS = {
    "perfect": (ranked([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]), (0.5, 0.8)),
    "reversed": (ranked([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]), (0.5, 0.15)),
    "close": (ranked([0, 1] * 50, GENERATOR.uniform(size=100)), (0.5, 0.49)),
    "nothing found": (ranked([0, 1, 1], [0.1, 0.2, 0.3]), (0.5,)),
}


def draw_threshold_curves(case, render=canvas.png):
    curve, marked = RANKINGS[case]
    return threshold_curves.threshold_picture(curve, [curve.at(one) for one in marked], TITLE, render=render)


def draw_residual_histogram(case, render=canvas.png):
    true, predicted = JSON_OUTPUTS[case]
    names = [f"a target that has a long name, {k}" for k in range(true.shape[1])]
    return residual_histogram.residual_histogram(predicted - true, names, TITLE, render=render)


def draw_parallel(case, render=canvas.png):
    return parallel.parallel_picture(*SEARCHES[case], "val_loss", TITLE, render=render)


IMAGES = {"one": 1, "twenty": 20}


def draw_images(case, render=canvas.png):
    tiles = GENERATOR.uniform(size=(IMAGES[case], 1, 8, 8))
    labels = [("a long class → another", "1234567")] * IMAGES[case]
    return images.images_picture(tiles, labels, TITLE, "true → predicted", render=render)


CASES = [
    *((draw_curves, case) for case in HISTORIES),
    *((draw_confusion, case) for case in MATRICES),
    *((draw_residuals, case) for case in JSON_OUTPUTS),
    *((draw_parameters, case) for case in SEARCHES),
    *((draw_reliability, case) for case in BINS),
    *((draw_threshold_curves, case) for case in RANKINGS),
    *((draw_residual_histogram, case) for case in JSON_OUTPUTS if case != "no numbers"),
    *((draw_parallel, case) for case in SEARCHES),
    *((draw_images, case) for case in IMAGES),
]


def test_three_channels_are_red_green_and_blue_and_one_is_grey(monkeypatch):
    drawn = []
    monkeypatch.setattr("matplotlib.axes.Axes.imshow", lambda ax, pixels, **how: drawn.append(pixels))
    pixel = [[[2.0]], [[6.0]], [[4.0]]]  # channels of an image of 1 x 1
    for tile in ([pixel], [pixel[:1]], [np.ones((1, 1, 2))]):
        images.images_picture(np.array(tile), [("a", "b")], TITLE, "", render=lambda figure: b"")
    assert [[[0, 1, 0.5]]] == drawn[0].tolist()
    assert [[[0.0]], [[0.0, 0.0]]] == [one.tolist() for one in drawn[1:]]


def written(figure):
    """Places of all visible text on a figure, in dots."""
    figure.canvas.draw()
    texts = list(figure.texts)
    for axes in figure.axes:
        texts += [axes.xaxis.label, axes.yaxis.label, axes._left_title, *axes.texts]
        texts += axes.get_legend().get_texts() if axes.get_legend() else []
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            places = zip(axis.get_major_ticks(), axis.get_majorticklocs(), strict=True)
            texts += [
                one.label1 for one, place in places if low <= place <= high and one.label1.get_visible()
            ]
    return [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text().strip()]


@pytest.mark.parametrize(("draw", "case"), CASES, ids=[f"{d.__name__[5:]} {c}" for d, c in CASES])
def test_no_text_lies_over_other_text_or_the_edge(draw, case, monkeypatch):
    drawn, sheets = [], []
    monkeypatch.setattr(
        f"nettrain.output.figures.{draw.__name__[5:]}.new_figure",
        lambda *size: sheets.append(canvas.new_figure(*size)) or sheets[-1],
    )
    draw(case, lambda figure: drawn.append(written(figure)) or b"")
    edge = sheets[0].bbox
    boxes = drawn[0]
    over = [t for t, b in boxes if b.x0 < 0 or b.y0 < 0 or b.x1 > edge.x1 or b.y1 > edge.y1]
    assert [] == over
    pairs = [(s, t) for (s, a), (t, b) in combinations(boxes, 2) if a.padded(-1).overlaps(b.padded(-1))]
    assert [] == pairs


@pytest.mark.parametrize(("draw", "case"), [CASES[2], CASES[12], CASES[19]])
def test_the_same_data_give_the_same_bytes(draw, case):
    first = draw(case)
    with rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 33}):
        assert first == draw(case)
    chunks, place = [], 8
    while place < len(first):
        length, kind = struct.unpack(">I4s", first[place : place + 8])
        chunks.append(kind)
        place += length + 12
    assert {b"IHDR", b"pHYs", b"IDAT", b"IEND"} == set(chunks)


@pytest.mark.parametrize("draw", [draw_curves, draw_confusion, draw_residuals, draw_parameters])
def test_a_picture_as_svg_has_its_text_and_always_the_same_bytes(draw):
    case = next(one for drawing, one in CASES if drawing is draw)
    first = draw(case, canvas.svg)
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": None, "savefig.dpi": 33}):
        assert first == draw(case, canvas.svg)
    root = ElementTree.fromstring(first)
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(text.startswith("an experiment whose name") for text in texts)
    assert b"metadata" not in first
    assert b"Matplotlib" not in first


def test_what_is_dark_stays_apart_from_what_is_light_in_grey():
    image = imread(io.BytesIO(confusion.confusion_picture({"y": np.diag([9.0, 9.0])}, ["a", "b"], "t")))
    grey = image[..., :3] @ [0.299, 0.587, 0.114]
    height = len(grey)
    assert grey.min() < 0.3
    assert 0.9 < grey[height // 2 - 30 : height // 2 + 30].max()
    train, validation = (
        sum(int(c[k : k + 2], 16) for k in (1, 3, 5)) / 765 for c in (canvas.LIGHT, canvas.DARK)
    )
    assert train - validation > 0.15


def test_the_loss_comes_first_and_an_objective_does_not_come():
    panels = panels_of(history(3))
    assert {"loss": ["train", "validation"], "accuracy": ["train", "validation"]} == {
        name: [curve.split for curve in drawn] for name, drawn in panels.items()
    }
    assert [0, 1, 2, 3] == panels["loss"][0].epochs.tolist()


def test_the_running_loss_is_drawn_when_asked_for_or_alone():
    asked = panels_of(history(3), running=True)["loss"]
    assert ["running", "train", "validation"] == [curve.split for curve in asked]
    assert [1, 2, 3] == asked[0].epochs.tolist()
    rows = [{key: value for key, value in row.items() if key != "train_loss"} for row in history(3)]
    assert ["running", "validation"] == [curve.split for curve in panels_of(rows)["loss"]]


def test_members_are_rows_and_gaps_are_nan():
    rows = [*history(3, members=2)]
    rows[4] |= {"val_loss": None}
    curve = figure_of(rows, "val_loss")
    assert (2, 4) == curve.values.shape
    assert [[False] * 4, [True, False, False, False]] == np.isnan(curve.values).tolist()


@pytest.mark.parametrize(
    ("low", "high", "value", "expected"),
    [
        (0, 1, 0.25, "0.25"),
        (0, 50000, 12000, "12,000"),
        (99996, 100004, 99997.5, "99,997.5"),
        (0, 4e9, 3.2e9, "3.2e9"),
        (-1e-9, 1e-9, -5e-10, "−5e−10"),
        (2.5, 2.5, 2.5, "2.5"),
        (0, 0, 0, "0"),
    ],
)
def test_ticks_are_short_and_exact(low, high, value, expected):
    assert expected == tick(value, significant(low, high))


@pytest.mark.parametrize(
    ("true", "logarithmic"),
    [
        (10 ** GENERATOR.normal(size=300), True),
        (np.floor(10 ** GENERATOR.normal(size=300)), True),  # with zeros
        (GENERATOR.normal(size=300), False),
        (5 + GENERATOR.normal(size=300), False),
        (GENERATOR.random(300), False),
        (-(10 ** GENERATOR.normal(size=300)), False),
        (np.ones(9), False),
        (np.zeros(9), False),
        (np.array([]), False),
    ],
)
def test_skewed_targets_have_logarithmic_axes(true, logarithmic):
    scale = residuals.scale_for(true)
    assert logarithmic == scale.logarithmic
    np.testing.assert_allclose(scale.value(scale.position(true)), true, rtol=1e-9, atol=1e-9)
