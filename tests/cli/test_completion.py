"""Every argument and option whose words are suggested, in this process; what bash makes of them is elsewhere."""

from pathlib import Path

import pytest
import typer

from nettrain.cli.app import app

OF_THE_SCHEMA = ("overrides", "--backend")  # whose words depend on no others, and take time to find
COMMANDS = typer.main.get_command(app).commands


def suggested(command: str, name: str, before: str = "", typed: str = "") -> list[str]:
    """What is suggested for an option, or for an argument of this name, behind other words."""
    parsed, words = COMMANDS[command], before.split()
    parameter = next(one for one in parsed.params if name in (*one.opts, one.name))
    option = [name] if name.startswith("--") else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMP_WORDS", " ".join(["nettrain", command, *words, *option, typed]))
        context = parsed.make_context(command, [*words], resilient_parsing=True)
        return [one.value for one in parameter.shell_complete(context, typed)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("runs/one").mkdir(parents=True)
    for name in ("config.yaml", "summary.json"):
        Path("runs/one", name).write_text("{}")
    Path("sweeps/two").mkdir(parents=True)
    Path("sweeps/two/journal.jsonl").touch()
    Path("iris.yaml").write_text("data: {source: 'builtin:iris'}")
    Path("rows.csv").write_text("size,kind\n1,a\n2,b\n")
    return tmp_path


def test_nothing_that_is_suggested_fails(folder: Path) -> None:
    for command, parsed in COMMANDS.items():
        for one in parsed.params:
            name = one.opts[0] if one.opts[0].startswith("--") else one.name
            if name not in OF_THE_SCHEMA:
                for before in ("rows.csv", "nothing"):
                    suggested(command, name, before, "r")


@pytest.mark.parametrize(
    ("command", "name", "before", "typed", "expected"),
    [
        ("lessons", "name", "", "momentum_", ["momentum_conventions"]),
        ("list", "name", "optimizer", "adamw", ["adamw"]),
        ("list", "name", "optimzer", "adamw", []),
        ("schema", "--of", "", "eval", ["evaluate"]),
        ("graph", "what", "", "", ["iris.yaml", "runs/", "sweeps/", "runs/one"]),
        ("tune", "file", "", "r", ["rows.csv", "runs/"]),
        ("tune", "--target", "rows.csv", "", ["size", "kind"]),
        ("init", "--target", "rows.csv", "k", ["kind"]),
        ("init", "--target", "nothing.csv", "", []),
        ("init", "--target", "'rows.csv", "", []),  # a quote that is not closed
        ("report", "source", "", f"{'n' * 300}/", []),
        ("report", "source", "", "", ["runs/one", "sweeps/two"]),
        ("train", "overrides", "iris.yaml", "training.clip_norm=n", ["training.clip_norm=null"]),
        ("train", "file", "", "no/such/", []),
    ],
)
def test_what_is_suggested(
    folder: Path, command: str, name: str, before: str, typed: str, expected: list[str]
) -> None:
    assert expected == suggested(command, name, before, typed)
