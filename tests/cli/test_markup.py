"""Names from users are printed as they are, also where Rich or Matplotlib would take them for markup."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.cli.command import Ended, inside

NAMES = ("[/INST]", "speed [m/s]", "[red]x[/red]", ":smile:", "[bold", "$x_1$ $y^{", "{0} %s", r"\[link]b")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def experiment(folder: Path, name: str) -> Path:
    """Files whose experiment, columns, categories, classes and folder all have the name."""
    rows = folder / name.replace("/", "|")
    rows.mkdir()
    draw = np.random.default_rng(0)
    with (rows / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow([name, f"{name} kind", f"{name} constant", f"{name} class"])
        for k in range(60):
            table.writerow(
                [f"{draw.normal() + k % 3:.3f}", (name, "b")[k // 3 % 2], 1, (name, "b", "c")[k % 3]]
            )
    values = {
        "experiment": name,
        "data": {
            "source": f"{rows.name}/rows.csv",
            "target": f"{name} class",
            "test": 0.3,
            "columns": {"categorical": [f"{name} kind"]},
        },
        "model": {"hidden": [3]},
        "training": {"epochs": 4, "batch_size": 16},
        "sweep": {"trials": 2, "parameters": {"optimizer.learning_rate": {"values": [0.1, 0.01]}}},
    }
    (folder / "e.yaml").write_text(json.dumps(values), encoding="utf-8")  # which is YAML too
    return rows


def shown(ended: Ended, code: int = 0) -> str:
    """What a command prints, without the control sequences of a terminal."""
    text = ANSI.sub("", ended.out + ended.err)
    assert (code, False) == (ended.code, "nettrain has failed" in text), text
    return text


@pytest.mark.parametrize(("name", "terminal"), [*((name, True) for name in NAMES), (NAMES[0], False)])
def test_names_are_printed_as_they_are(name, terminal, tmp_path, monkeypatch):
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")  # which makes Rich write as in a terminal
    rows = experiment(tmp_path, name)
    data = f"{rows.name}/rows.csv"
    drafted = shown(inside(tmp_path, "init", data, "--target", f"{name} class", "--out", "draft.yaml"))
    assert [True, True] == [f"{name} class" in drafted, f"{name} constant" in drafted]
    assert name in json.loads(inside(tmp_path, "show", "e.yaml", "--json").out)["experiment"]
    trained = shown(inside(tmp_path, "train", "e.yaml", "--out", rows.name))
    assert [True, True] == [f"{name}\n" in trained, f'column "{name} constant"' in trained]
    (run,) = (path.rename(path.parent / "[old] $y$") for path in rows.iterdir() if path.is_dir())
    folder = f"{rows.name}/[old] $y$"
    assert {"confusion.png", "curves.png"} <= {path.name for path in run.iterdir()}
    assert {f"{name} class", f"probability_{name}"} <= set(
        inside(tmp_path, "predict", folder, data).out.partition("\n")[0].split(",")
    )
    evaluated = shown(inside(tmp_path, "evaluate", folder, data, "--importance"))
    assert [True] * 4 == [text in evaluated for text in (folder, data, f" {name} ", f"{name} kind")]
    assert folder in shown(inside(tmp_path, "resume", folder))
    assert [folder, name] == [
        json.loads(inside(tmp_path, "runs", f"{rows.name}/[[]*", "--json").out)["runs"][0][key]
        for key in ("run", "experiment")
    ]
    assert "[old] $y$" in shown(inside(tmp_path, "runs", folder))
    assert name in shown(inside(tmp_path, "gradcheck", folder))


@pytest.mark.parametrize("name", NAMES)
def test_names_in_errors_are_printed_as_they_are(name, tmp_path):
    rows = experiment(tmp_path, name)
    data = f"{rows.name}/rows.csv"
    target = json.dumps(f"{name} clas")
    assert f'did you mean "{name} class"?' in shown(
        inside(tmp_path, "train", "e.yaml", f"data.target={target}"), 3
    )
    assert f"{name}: unknown key" in shown(inside(tmp_path, "train", "e.yaml", f"{name}=1"), 2)
    assert f'"{name}"' in shown(inside(tmp_path, "list", name), 2)
    for arguments in (["predict", f"{name}?", data], ["evaluate", f"{name}?"], ["train", f"{name}?"]):
        assert f"{name}?: no such" in shown(inside(tmp_path, *arguments), 2)


def test_names_of_a_sweep_are_printed_as_they_are(tmp_path):
    name = "[/INST] :smile: $x_1$"
    experiment(tmp_path, name)
    swept = shown(inside(tmp_path, "sweep", "e.yaml", "--jobs", "1"))
    assert [True, True] == [f"{name}\n" in swept, f'column "{name} constant"' in swept]
    assert (tmp_path / "sweeps" / "INST-smile-x_1" / "parameters.png").is_file()
