"""Layers in the terminal and as a picture: few rows however deep, words beside colours, the same bytes."""

import io
import warnings
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from rich.console import Console
from rich.text import Text

from nettrain.output.figures.canvas import svg
from nettrain.output.figures.layers import layer_curves, layers_picture
from nettrain.output.layer_table import MAX_LAYERS, LayerRows, layer_table, shown_layers
from nettrain.output.progress import LiveProgress, PlainProgress
from nettrain.store.diagnostics import DiagnosticsRow, diagnostics_rows
from nettrain.training.diagnostics.layer_diagnostics import QUANTITIES, LayerDiagnostics
from nettrain.training.diagnostics.verdicts import layer_verdicts
from nettrain.training.events import AdviceGiven, EpochDone


def measured(depth: int, members: int = 1, **changes: list[float]) -> LayerDiagnostics:
    """A network of so many layers, the last of which is the output; all are healthy but for the changes."""
    names = (*(f"hidden {k + 1}" for k in range(depth - 1)), "output")
    healthy = {"update_ratio": 1e-3, "gradient_norm": 0.1, "saturated": 0.0, "dead": 0.0}
    healthy |= {"activation_mean": -0.333, "activation_spread": 12.3, "weight_norm": 8.0}
    values = {name: np.full((members, depth), healthy[name]) for name in QUANTITIES}
    for name, row in changes.items():
        values[name][:] = row
    return LayerDiagnostics(names, values)


def event(epoch: float, layers: LayerDiagnostics | None, rate: float = 0.01) -> EpochDone:
    members = 1 if layers is None else len(next(iter(layers.values.values())))
    ones = np.ones(members)
    figures = {"train_loss": ones / (1 + epoch), "running_loss": ones / (1 + epoch)}
    return EpochDone(
        epoch, 20, int(10 * epoch), np.arange(members), rate * ones, figures, ones < 0, True, 0.1, 0.1, layers
    )


def printed(content: Any, width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(content)
    return console.file.getvalue().splitlines()


# ----- the table -----


def test_the_table_fits_80_columns_with_every_word():
    bad = measured(12, dead=[0.95] * 12, saturated=[0.6] * 12, update_ratio=[1e-7] * 12)
    rows = LayerRows()
    rows.add(event(1, bad))
    lines = printed(rows.table())
    assert max(map(len, lines)) <= 80
    assert len(lines) == rows.height
    assert not any("…" in line for line in lines)
    assert MAX_LAYERS == sum("✗ small steps," in line for line in lines)
    assert MAX_LAYERS == sum(line.strip().endswith("saturated, dead") for line in lines)


def test_a_deep_network_shows_its_ends_and_its_worst_layers():
    dead = [0.0] * 30
    dead[6] = dead[17] = 0.99
    verdicts = layer_verdicts(measured(30, dead=dead))
    shown = [verdict.layer for verdict in shown_layers(verdicts)]
    assert len(shown) == MAX_LAYERS
    assert ("hidden 1", "output") == (shown[0], shown[-1])
    assert {"hidden 7", "hidden 18"} < set(shown)
    assert any("25 more" in line and "✓ ok" in line for line in printed(layer_table(verdicts)))


def test_layers_that_are_not_shown_are_counted_where_they_are_not_ok():
    lines = printed(layer_table(layer_verdicts(measured(30, dead=[0.99] * 30))))
    assert any("25 more" in line and "✗ 25 not ok" in line for line in lines)


def test_colours_are_never_alone():
    table = layer_table(layer_verdicts(measured(2, dead=[0.6, 0.0])))
    verdicts = [cell for cell in table.columns[-1].cells if isinstance(cell, Text)]
    assert [("? dead", "yellow"), ("✓ ok", "green")] == [(cell.plain, cell.style) for cell in verdicts]


def test_small_steps_at_the_end_of_a_schedule_are_ok():
    rows = LayerRows()
    rows.add(event(1, measured(2), rate=0.01))
    rows.add(event(2, measured(2, update_ratio=[1e-7, 1e-7]), rate=1e-5))
    assert not any("small steps" in line for line in printed(rows.table()))
    rows.add(event(3, measured(2, update_ratio=[1e-7, 1e-7]), rate=0.01))
    assert sum("small steps" in line for line in printed(rows.table())) == 2


def test_small_steps_at_a_minimum_are_ok():
    rows = LayerRows()
    rows.add(event(1, measured(2, gradient_norm=[0.1, 5.0])))
    rows.add(event(2, measured(2, gradient_norm=[1e-5, 1e-4], update_ratio=[1e-7, 1e-7])))
    assert sum("✓ ok" in line for line in printed(rows.table())) == 2


def test_without_diagnostics_there_is_no_table():
    rows = LayerRows()
    rows.add(event(1, None))
    assert (None, 0) == (rows.table(), rows.height)


@pytest.mark.parametrize("depth", [1, 3, 5, 6, 30])
def test_the_height_is_that_of_the_table(depth):
    rows = LayerRows()
    rows.add(event(1, measured(depth, members=2)))
    lines = printed(rows.table())
    assert len(lines) == rows.height
    assert "medians of 2 networks" in lines[0]


# ----- progress -----

ADVICE = AdviceGiven("plateau", 7, "training loss [red] " + "has been around 0.5 " * 6)


def test_a_terminal_shows_layers_below_epochs_and_advice_above_all():
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True, color_system=None)
    shown = LiveProgress(console)
    for epoch in range(21):
        shown.epoch(event(epoch, measured(30)))
        if epoch == 7:
            shown.advice(ADVICE)
    shown.close()
    text = console.file.getvalue()
    last = text[text.rindex(" epoch ") :].splitlines()
    assert len(last) <= 24
    assert max(map(len, last)) <= 80
    assert "layers in epoch 20" in text
    assert text.index("advice, epoch 7") < text.rindex("layers in epoch")
    assert "[red]" in text
    assert "advice, epoch 7" not in "\n".join(last)


def test_a_file_gets_advice_as_lines_and_the_layers_once():
    console = Console(file=io.StringIO(), width=80, color_system=None)
    shown = PlainProgress(console)
    for epoch in range(21):
        shown.epoch(event(epoch, measured(3)))
        if epoch == 7:
            shown.advice(ADVICE)
    shown.close()
    lines = console.file.getvalue().splitlines()
    assert [f"advice, epoch 7: {ADVICE.text}".rstrip()] == [
        line.rstrip() for line in lines if "advice" in line
    ]
    assert 1 == sum(line.startswith("layers in epoch 20") for line in lines)


# ----- the picture -----


def rows_of(depth: int, epochs: int, members: int = 1, **changes: list[float]) -> list[DiagnosticsRow]:
    rows = []
    for epoch in range(epochs + 1):
        layers = measured(depth, members, **changes)
        if epoch == 0:
            layers = LayerDiagnostics(
                layers.layers, {k: v for k, v in layers.values.items() if k != "update_ratio"}
            )
        rows += diagnostics_rows(event(epoch, layers))
    return rows


@pytest.mark.parametrize(
    ("depth", "changes"),
    [
        (1, {}),
        (31, {"gradient_norm": list(np.logspace(-30, 2, 31)), "dead": [0.5] * 31}),
        (2, {"update_ratio": [np.inf, 0.0], "gradient_norm": [np.nan, np.nan]}),
    ],
)
def test_any_diagnostics_are_drawn_without_warnings(depth, changes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layers_picture(rows_of(depth, 4, members=2, **changes), "name").startswith(b"\x89PNG")


def test_the_same_diagnostics_give_the_same_picture():
    rows = rows_of(2, 2)
    assert layers_picture(rows, "name") == layers_picture(rows, "name")


def words_of(rows: list[DiagnosticsRow]) -> str:
    return layers_picture(rows, "name", svg).decode()


def test_the_picture_names_few_layers_and_leaves_out_what_never_occurred():
    text = words_of(rows_of(31, 3))
    assert all(f">{name}<" in text for name in ("hidden 1", "hidden 16", "hidden 30", "output", "healthy"))
    assert ">hidden 2<" not in text
    assert "no activation is saturated; no unit is dead" in text
    assert "; dotted: rule of thumb" in text
    assert ">dead units<" not in text
    assert ">dead units<" in words_of(rows_of(3, 3, dead=[0.4, 0.0, 0.0]))


@pytest.mark.parametrize(("start", "joined"), [([0.5, 0.4], 5), ([0.5, 1e-9], 1)])
def test_zeros_are_drawn_on_a_linear_axis(monkeypatch, start, joined):
    """After the first epoch a layer gets no gradient: its curve goes down to 0, and does not just end."""
    drawn = []
    plot = Axes.plot
    monkeypatch.setattr(Axes, "plot", lambda ax, x, y, *a, **k: (drawn.append(y), plot(ax, x, y, *a, **k))[1])
    rows = rows_of(2, 4, gradient_norm=[0.0, 0.0])
    for row, value in zip(rows, start, strict=False):
        row["gradient_norm"] = value
    layers_picture(rows, "name")
    (gradients,) = (values for values in drawn if values[0] == start[0])
    assert joined == np.isfinite(gradients).sum()


def test_curves_are_medians_over_the_members_that_still_train():
    rows = rows_of(2, 2, members=3)
    for row in rows:
        row["weight_norm"] = [1.0, 2.0, 9.0][int(row["member"])]  # type: ignore[index]
    kept = [row for row in rows if not (row["member"] == 0 and row["epoch"] == 2)]
    curves = layer_curves(kept)
    assert [[2.0, 2.0], [2.0, 2.0], [5.5, 5.5]] == curves.quantities["weight_norm"].tolist()
    assert np.isnan(curves.quantities["update_ratio"][0]).all()
    assert 3 == curves.members
