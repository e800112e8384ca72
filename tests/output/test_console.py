"""Consoles take no text for markup, and there are no others."""

from pathlib import Path

from rich.table import Table

from nettrain.output.console import console

ROOT = Path(__file__).parents[2]


def test_text_is_only_text(capsys):
    screen = console()
    screen.print("[red]x[/red] :smile: [/INST] 12")
    table = Table("[bold]a", title="[/INST]")
    table.add_row("[m/s] :smile:")
    screen.print(table)
    printed = capsys.readouterr().out
    assert "[red]x[/red] :smile: [/INST] 12\n" == printed.splitlines(keepends=True)[0]
    assert [True] * 3 == [text in printed for text in ("[bold]a", "[/INST]", "[m/s] :smile:")]


def test_text_sends_nothing_to_the_terminal(capsys):
    screen = console()
    screen.print("a\x1b[2Jb\x9b1mc\td")
    table = Table("\x1b[31mname")
    table.add_row("cell\x00\x7f")
    screen.print(table)
    printed = capsys.readouterr().out
    assert r"a\x1b[2Jb\x9b1mc" in printed
    assert [True] * 2 == [text in printed for text in (r"\x1b[31m", "cell")]
    assert not {"\x1b", "\x9b", "\x00", "\x7f"} & set(printed)


def test_no_other_file_makes_a_console_or_reads_markup():
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text() for path in (ROOT / "nettrain").rglob("*.py")
    }
    makers = [path for path, text in texts.items() if "Console(" in text]
    readers = [path for path, text in texts.items() if "from_markup" in text or "markup=True" in text]
    assert (["nettrain/output/console.py"], []) == (makers, readers)
