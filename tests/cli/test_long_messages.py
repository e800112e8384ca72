"""Messages that a person can read, however long what they name is."""

import pytest

from nettrain.errors import LONGEST_LINE, readable
from tests.cli.command import CONFIGS, inside

IRIS = str(CONFIGS / "iris.yaml")
MOST = LONGEST_LINE + 10


@pytest.mark.parametrize(
    ("command", "code", "begins"),
    [
        (["show", IRIS, f"seed={'x' * 5000}"], 2, 'override "seed=xxx'),
        (["show", IRIS, f"seed={'[' * 5000}"], 2, 'override "seed=[[['),
        (["show", IRIS, "x" * 5000], 2, 'override "xxx'),
        (["show", IRIS, f"optimizer{'.a' * 500}=1"], 2, 'override "optimizer.a.a'),
        (["show", "x" * 5000], 2, "xxx"),
        (["runs", "x" * 5000], 2, "xxx"),
        (["show", IRIS, f"data.test={'x' * 5000}"], 2, "/"),
    ],
)
def test_long_values_in_a_command_line_are_shortened(command, code, begins, tmp_path):
    ended = inside(tmp_path, *command)
    assert code == ended.code
    assert ended.err.startswith(begins)
    assert max(map(len, ended.err.splitlines())) <= MOST


def test_a_line_loses_its_middle_and_others_nothing():
    short, long = "x" * LONGEST_LINE, f"data.csv: {'y' * 9000} is not allowed"
    line, kept = readable(f"{long}\n{short}").split("\n")
    assert short == kept
    assert line.startswith("data.csv: y")
    assert line.endswith("y is not allowed")
    assert len(line) <= MOST
