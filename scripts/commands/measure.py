"""The commands take turns, each in a process of its own; and what is said of their times."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from cases.case import CASES, COMMANDS, Command
from cases.figures import spread
from peers.process import Spent, spent
from peers.sides import OURS, SIDES, installed

TABLE, SETTINGS, FILE = "table.csv", "settings.json", "case.yaml"
MODEL = {"keras": "keras.keras", "jax": "jax.npz", "jax_compiled": "jax.npz"}  # files whose ending matters
PLAIN = f"{OURS} --no-figures"
ALIKE = 0.1  # of the held-out rows, which a side may have right less often than the best


@dataclass(frozen=True)
class Turns:
    """What a command took in each round, and the share of the held-out rows that it had right."""

    spent: tuple[Spent, ...]
    accuracy: float


@dataclass(frozen=True)
class Compared:
    """The turns of each command, and why others are missing."""

    title: str
    commands: dict[str, Turns]
    missing: dict[str, str]


def compare(name: str, libraries: Sequence[str], rounds: int) -> Compared:
    """Rounds of A B C A B C … after one that warms up."""
    command = COMMANDS[name]
    missing = {side: "not installed" for side in libraries if not installed(side)}
    with TemporaryDirectory() as folder:
        place = Path(folder)
        write(command, place)
        lines = {OURS: training(), PLAIN: [*training(), "--no-figures"]}
        lines |= {side: script(side) for side in libraries if side not in missing}
        turns = [
            {side: spent(line, place, place / f"{side}.txt") for side, line in lines.items()}
            for _ in range(rounds + 1)
        ][1:]
        accuracy = {side: accuracy_of(side, place) for side in lines}
    case = CASES[command.case]
    title = f"{'-'.join(map(str, case.widths))}, {command.epochs} epochs of {case.rows} rows of {name}"
    found = {side: Turns(tuple(turn[side] for turn in turns), accuracy[side]) for side in lines}
    return Compared(title, found, missing)


def write(command: Command, place: Path) -> None:
    """The table, with classes as numbers, and what nettrain and the scripts are told."""
    case = CASES[command.case]
    packed = (files("nettrain") / "data" / "builtin" / command.table).read_bytes()
    text = (gzip.decompress(packed) if command.table.endswith(".gz") else packed).decode()
    cells = np.array([line.split(",") for line in text.split()])
    labels = np.unique(cells[:, -1], return_inverse=True)[1]
    names = [*(f"x{k}" for k in range(cells.shape[1] - 1)), "y"]
    rows = (f"{','.join(row)},{label}" for row, label in zip(cells[:, :-1], labels, strict=True))
    (place / TABLE).write_text("\n".join([",".join(names), *rows, ""]))
    data = {"source": TABLE, "target": "y", "target_kind": "classes", "scaling": "standard"}
    experiment = case.experiment({**data, "validation": len(cells) - case.rows}, command.epochs)
    (place / FILE).write_text(json.dumps(experiment))
    settings = {"hidden": case.widths[1:-1], "activation": case.activation, "batch": case.batch}
    settings |= {"rate": case.rate, "epochs": command.epochs, "rows": case.rows}
    (place / SETTINGS).write_text(json.dumps(settings))


def training() -> list[str]:
    """nettrain's command, with everything that it draws and prints."""
    return ["-m", "nettrain", "train", FILE, "--json"]


def script(side: str) -> list[str]:
    """The script of another library."""
    path, model = Path(__file__).with_name(SIDES[side].script), MODEL.get(side, side)
    return [str(path), TABLE, SETTINGS, model, *SIDES[side].arguments]


def accuracy_of(side: str, place: Path) -> float:
    """The share of held-out rows that are right, as the command printed it in its last turn."""
    printed = (place / f"{side}.txt").read_text()
    if side in (OURS, PLAIN):
        return float(json.loads(printed)["metrics"]["val"]["accuracy"])
    return float(printed.splitlines()[-1])


def figures(compared: Compared) -> dict[str, Any]:
    """Seconds of each command, and nettrain's as a share of them, by round."""
    commands = compared.commands
    ours = {form: np.array([one.wall for one in commands[form].spent]) for form in (OURS, PLAIN)}
    shown = {}
    for side, turns in commands.items():
        wall = np.array([one.wall for one in turns.spent])
        shown[side] = {
            "wall": spread(wall),
            "processor": spread([one.processor for one in turns.spent]),
            "accuracy": turns.accuracy,
            **{f"{form} to this": spread(seconds / wall) for form, seconds in ours.items()},
        }
    right = [turns.accuracy for turns in commands.values()]
    alike = min(right) >= max(right) - ALIKE
    return {"title": compared.title, "commands": shown, "missing": compared.missing, "alike": alike}


def markdown(commands: Mapping[str, Mapping[str, Any]]) -> str:
    """A table for each, and what makes figures doubtful."""
    lines = []
    for name, one in commands.items():
        lines += [f"| {one['title']} | seconds | of processor | {OURS} / it | {PLAIN} / it |"]
        lines += ["|---|---:|---:|---:|---:|"]
        lines += [row(side, shown) for side, shown in one["commands"].items()]
        lines += [f"{name} lacks {SIDES[side].label}: {reason}" for side, reason in one["missing"].items()]
        if not one["alike"]:
            right = ", ".join(f"{side} {shown['accuracy']:.2f}" for side, shown in one["commands"].items())
            lines.append(f"{name} is void: the shares of held-out rows that are right differ, {right}")
        lines.append("")
    return "\n".join(lines)


def row(side: str, shown: Mapping[str, Any]) -> str:
    """Times of a command and both ratios to it."""
    label = side if side in (OURS, PLAIN) else SIDES[side].label
    times = [f"{shown[clock]['median']:.2f}" for clock in ("wall", "processor")]
    ratios = [f"{shown[f'{form} to this']['median']:.2f}" for form in (OURS, PLAIN)]
    return f"| {' | '.join([label, *times, *ratios])} |"
