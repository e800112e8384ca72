"""What tests expect of the events of a run: its history and its figures, read by a reader of our own."""

import csv
import json
from pathlib import Path

import numpy as np

from tests.export.event_reader import parse, read_events

TAGS = {
    "learning_rate": "learning_rate",
    "running_loss": "loss/running",
    "objective": "loss/objective",
    "train_loss": "loss/train",
    "train_accuracy": "accuracy/train",
    "val_loss": "loss/validation",
    "val_accuracy": "accuracy/validation",
    "better": "better",
}


def columns(path: Path, key: str = "epoch", member: int | None = None) -> dict[str, dict[float, float]]:
    """Each column of a CSV file by another."""
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if member is None or int(row["member"]) == member]
    return {
        name: {float(row[key]): float(np.float32(row[name])) for row in rows if row[name]}
        for name in rows[0]
        if name not in ("member", "epoch", "step", "layer")
    }


def check_history(events: Path, run_folder: Path, *, key: str = "epoch", member: int | None = None) -> None:
    history, scalars = columns(run_folder / "history.csv", key, member), read_events(events).scalars
    assert set(TAGS) == set(history)
    assert {tag: history[name] for name, tag in TAGS.items()} == {tag: scalars[tag] for tag in TAGS.values()}


def check_final(events: Path, metrics: dict, step: int) -> None:
    final = {tag: values for tag, values in read_events(events).scalars.items() if tag.startswith("final/")}
    wanted = {f"final/{split}_{name}": value for split, of in metrics.items() for name, value in of.items()}
    assert {tag: {step: float(np.float32(value))} for tag, value in wanted.items()} == final


def summary(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def session(events: Path) -> tuple[dict[str, object], str, int | None]:
    """Settings, group and status of the session in a folder."""
    plugins = read_events(events).plugins
    start = parse(plugins["session_start_info"][3][0])
    settings = {}
    for entry in start[1]:
        fields = parse(entry)
        value = parse(fields[2][0])
        settings[fields[1][0].decode()] = value[2][0] if value[2] else value[3][0].decode()
    end = plugins.get("session_end_info")
    return settings, start[4][0].decode(), parse(end[4][0])[1][0] if end else None
