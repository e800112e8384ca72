"""What a stranger's file holds sends nothing to the terminal: neither an error nor what is shown of it."""

import pytest

from tests.cli.command import inside

ESCAPE = "\x1b[2J"


@pytest.mark.parametrize(
    ("header", "cell", "message"),
    [
        (f"a{ESCAPE},b,y", "x1", r'column "a\x1b[2J"'),
        ("a,b,y", f"x{ESCAPE}", r"x\x1b[2J"),
    ],
)
def test_an_error_writes_control_characters_as_escapes(header, cell, message, tmp_path):
    rows = "\n".join(f"{k},{2 * k},{k % 2}" for k in range(40))
    (tmp_path / "data.csv").write_text(f"{header}\n{rows}\n{cell},1,0\n")
    (tmp_path / "e.yaml").write_text("data: {source: data.csv, target: y}\nmodel: {hidden: [3]}\n")
    ended = inside(tmp_path, "train", "e.yaml", "--quiet", "--no-figures")
    assert (3, "") == (ended.code, ended.out)
    assert message in ended.err
    assert "\x1b" not in ended.err


def test_what_is_listed_of_a_file_writes_them_so_too(tmp_path):
    (tmp_path / "e.yaml").write_text('data: {source: "builtin:iris"}\nexperiment: "a\\u001b[2Jb"\n')
    ended = inside(tmp_path, "train", "e.yaml", "training.epochs=1", "--no-figures")
    assert 0 == ended.code
    assert "\x1b" not in ended.out + ended.err
