"""The table of a profile, to the letter."""

from io import StringIO

import pytest
from rich.console import Console

from nettrain.output.profile import profile_table

TIMES = {
    "preparing": 0.25,
    "gather": 0.05,
    "forward": 0.4,
    "update": 0.15,
    "writing": 0.01,
    "rest": 0.14,
    "whole": 1.0,
}


@pytest.mark.parametrize("width", [80, 120])
def test_the_profile_to_the_letter(width: int) -> None:
    out = StringIO()
    profile_table(Console(file=out, width=width), TIMES, 1000, ["gather", "forward", "update"])
    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "",
        " phase          time     share   per step",
        " ────────────────────────────────────────",
        " preparing    250 ms    25.0 %",
        " gather      50.0 ms     5.0 %      50 µs",
        " forward      400 ms    40.0 %     400 µs",
        " update       150 ms    15.0 %     150 µs",
        " writing     10.0 ms     1.0 %",
        " rest         140 ms    14.0 %",
        "",
        " whole         1.0 s   100.0 %     600 µs",
        "",
    ]
