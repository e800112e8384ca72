"""The loss curve in a terminal, sign by sign."""

import math
from io import StringIO

from nettrain.output.console import Console
from nettrain.output.terminal_plot import plot_loss


def rows(epochs, loss, validation=None):
    made = [{"epoch": e, "learning_rate": 0.1, "train_loss": loss(e)} for e in range(1, epochs + 1)]
    for row in made if validation else []:
        row["val_loss"] = validation(row["epoch"])
    return made


def plotted(history, best=None, *, width=80, terminal=False):
    console = Console(file=StringIO(), width=width, force_terminal=terminal, color_system=None)
    plot_loss(console, history, best)
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())


FALLING = rows(40, lambda e: 2 * math.exp(-e / 6) + 0.01, lambda e: 2 * math.exp(-e / 6) + 0.1 + e / 200)


def test_plain_text_at_80_columns():
    expected = """\
loss by epoch   . training   o validation   (log scale)
  1.798 +ooooo
        |    .ooooooooo
        |           ...ooooooooooooooo
        |                   ........  oooooooooooooooooooooooooooooooooooooooooo
 0.1053 +                           .........
        |                                    .........
        |                                             .............
0.01255 +                                                          .............
        +-----------------------------------------------------------------------
         1                                 ^ best 20                          40"""
    assert expected == plotted(FALLING, 20)


def test_braille_in_a_terminal():
    expected = """\
loss by epoch   ━━ training
 1.200 ┤⠱⡀
       │ ⢣
       │  ⢇
       │  ⠈⡆
0.6857 ┤   ⠘⢄
       │     ⠑⠢⣀
       │        ⠉⠒⠢⠤⣀⣀
0.3000 ┤              ⠉⠉⠉⠒⠒⠒⠒⠤⠤⠤⠤⠤⠤⢄⣀⣀⣀⣀
       └────────────────────────────────
        1                             10"""
    assert expected == plotted(rows(10, lambda e: 0.2 + 1 / e), 10, width=40, terminal=True)


def test_a_straight_line_is_straight():
    expected = """\
loss by epoch
   . training
9.000 +.
      | ..
      |   ..
      |     .
6.714 +      ..
      |        ..
      |          ..
5.000 +            .
      +-------------
       1           5"""
    assert expected == plotted(rows(5, lambda e: 10 - e), width=20)


def test_a_flat_curve_lies_in_the_middle():
    lines = plotted(rows(9, lambda e: 0.5), width=30).splitlines()
    assert [5] == [k for k, line in enumerate(lines) if "...." in line]


def test_a_best_epoch_is_marked_where_it_is():
    last = plotted(rows(101, lambda e: 200 - e), 51, width=80).splitlines()[-1]
    axis = plotted(rows(101, lambda e: 200 - e), 51, width=80).splitlines()[-2]
    left, right = axis.index("+") + 1, len(axis) - 1
    assert abs(last.index("^") - (left + right) / 2) <= 1
    assert last.endswith("101")
    assert "^ best 51" in last


def test_what_is_not_a_number_is_left_out():
    history = rows(9, lambda e: float(e) if e < 6 else math.nan)
    assert "nan" not in plotted(history)
    assert "" == plotted(rows(9, lambda e: math.nan))


def test_two_epochs_are_no_curve():
    assert "" == plotted(rows(2, lambda e: e))


def test_every_line_fits():
    for width in (30, 80, 120):
        for terminal in (False, True):
            lines = plotted(FALLING, 20, width=width, terminal=terminal).splitlines()
            assert width >= max(map(len, lines))


def test_labels_have_digits_enough_to_differ():
    lines = plotted(rows(20, lambda e: 2.30252 + 0.00006 / e), width=60).splitlines()
    labels = [line.split(" +")[0].strip() for line in lines if " +" in line][:3]
    assert ["2.30258", "2.30255", "2.30252"] == labels
    flat = plotted(rows(20, lambda e: 0.5), width=60).splitlines()
    assert ["0.5500", "0.4929", "0.4500"] == [line.split(" +")[0].strip() for line in flat if " +" in line][
        :3
    ]
