"""`scripts/bench commands`: ratios of the same round, and that commands train what they are told."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases.case import COMMANDS
from commands.measure import (
    PLAIN,
    Compared,
    Turns,
    accuracy_of,
    compare,
    figures,
    markdown,
    script,
    training,
    write,
)
from peers.process import Spent, spent
from peers.sides import OURS, SIDES, installed


def turns(*seconds: float, accuracy: float = 0.95) -> Turns:
    return Turns(tuple(Spent(wall, 2 * wall) for wall in seconds), accuracy)


def test_ratios_are_of_the_same_round():
    commands = {OURS: turns(1.0, 2.0, 3.0), PLAIN: turns(0.5, 1.0, 1.0), "torch": turns(2.0, 1.0, 2.0)}
    shown = figures(Compared("title", commands, {"keras": "not installed"}))
    torch = shown["commands"]["torch"]
    assert {"median": 2.0, "min": 1.0, "max": 2.0} == torch["wall"]
    assert {"median": 1.5, "min": 0.5, "max": 2.0} == torch[f"{OURS} to this"]
    assert {"median": 0.5, "min": 0.25, "max": 1.0} == torch[f"{PLAIN} to this"]
    text = markdown({"iris": shown})
    assert "| PyTorch | 2.00 | 4.00 | 1.50 | 0.50 |" in text.splitlines()
    assert "iris lacks Keras: not installed" in text
    assert "void" not in text


def test_a_side_that_learns_less_makes_the_comparison_void():
    commands = {OURS: turns(1.0), PLAIN: turns(1.0), "jax": turns(1.0, accuracy=0.8)}
    text = markdown({"iris": figures(Compared("title", commands, {}))})
    assert "iris is void" in text
    assert "jax 0.80" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_tables_have_a_column_of_numbered_classes(name: str, tmp_path: Path):
    write(COMMANDS[name], tmp_path)
    table = np.loadtxt(tmp_path / "table.csv", delimiter=",", skiprows=1)
    assert {"iris": (150, 5), "digits": (3823, 65)}[name] == table.shape
    assert list(range({"iris": 3, "digits": 10}[name])) == np.unique(table[:, -1]).tolist()


def test_nettrain_trains_what_it_is_told(tmp_path: Path):
    write(COMMANDS["iris"], tmp_path)
    took = spent([*training(), "--no-figures"], tmp_path, tmp_path / f"{PLAIN}.txt")
    assert 0 < took.processor
    assert accuracy_of(PLAIN, tmp_path) > 0.9
    assert (tmp_path / "runs" / "case" / "model.safetensors").is_file()


@pytest.mark.parametrize("side", [side for side, one in SIDES.items() if one.script])
def test_the_script_of_a_library_trains_what_it_is_told(side: str, tmp_path: Path):
    if not installed(side):
        pytest.skip(f"{side} is not installed")
    write(COMMANDS["iris"], tmp_path)
    spent(script(side), tmp_path, tmp_path / f"{side}.txt")
    assert accuracy_of(side, tmp_path) > 0.85
    assert (tmp_path / script(side)[3]).stat().st_size > 500


def test_a_command_that_fails_is_not_timed(tmp_path: Path):
    with pytest.raises(OSError, match=r"nowhere\.py failed"):
        spent(["nowhere.py"], tmp_path)


def test_arguments_that_name_nothing_are_refused():
    command = [sys.executable, "scripts/bench", "commands", "--only", "mnist"]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[1], text=True, capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert 'no "mnist"' in ended.stderr


def test_libraries_that_are_not_there_are_said_to_be_missing(monkeypatch: pytest.MonkeyPatch):
    asked = []

    def run(line: list[str], folder: Path, output: Path) -> Spent:
        asked.append(line)
        output.write_text('{"metrics": {"val": {"accuracy": 0.9}}}')
        return Spent(1.0, 1.0)

    monkeypatch.setattr("commands.measure.spent", run)
    monkeypatch.setattr("commands.measure.installed", lambda name: False)
    compared = compare("iris", ["torch"], 2)
    assert {"torch": "not installed"} == compared.missing
    assert [OURS, PLAIN] == list(compared.commands)
    assert 2 == len(compared.commands[OURS].spent)
    assert 6 == len(asked)  # with the round that warms up
