"""Tab in a real bash: what stands on the line after it, and what is listed."""

import csv
import os
import pty
import re
import select
import shutil
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from nettrain.cli.completion_in_bash import TypedLine
from tests.cli.command import ENVIRONMENT, inside
from tests.cli.forking import forking_command

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
# the function shows the words of the line; bash still asks the program for completions
SETUP = """
bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
bind 'set completion-query-items 0'; bind 'set page-completions off'
eval "$(_NETTRAIN_COMPLETE=source_bash nettrain)"
nettrain() { printf '<%s>' "$@"; echo; }; PS1=; stty -echo; echo READY
"""
FILE = """experiment: e
data: {source: rows.csv, target: kind of row}
model: {layers: [{units: 3}, {units: 2}]}
training: {epochs: 1, batch_size: 8}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("tab")
    with (path / "rows.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["petal length", "petal_width", "kind of row", "[m/s]"])
        table.writerows([k % 7, k * 37 % 11, "uv"[k % 2], k] for k in range(60))
    (path / "e.yaml").write_text(FILE)
    (path / "folder").mkdir()
    (path / "folder" / "inner.yaml").write_text(FILE)
    assert 0 == inside(path, "train", "e.yaml", "--quiet", "--no-figures").code
    return path


class Terminal:
    """An interactive bash in a folder, in which `nettrain` shows its arguments."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.handle, terminal = pty.openpty()
        command = ["bash", "--norc", "--noprofile", "-i"]
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), terminal)
        path = f"{programs}:{os.environ['PATH']}"
        environment = ENVIRONMENT | {"TERM": "dumb", "PS1": "", "PATH": path}
        self.bash = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **streams)
        os.close(terminal)
        self.send(SETUP, "READY\r\n")

    def send(self, keys: str, until: str) -> str:
        """Type keys, and return what appears up to a text."""
        os.write(self.handle, keys.encode())
        shown, end = "", monotonic() + 60
        while until not in shown:
            assert monotonic() < end, shown
            if select.select([self.handle], [], [], 1)[0]:
                shown += os.read(self.handle, 65536).decode(errors="replace")
        return shown

    def words(self, line: str) -> list[str]:
        """The arguments of `nettrain` after Tab behind a line, and Return."""
        shown = self.send(f"{line}\t\n", ">\r\n")
        return re.findall(r"<([^<>]*)>", shown.splitlines()[-1])

    def listed(self, line: str) -> set[str]:
        """What two more Tabs list."""
        shown = self.send(f"{line}\t\t\n", ">\r\n")
        return {word for row in shown.splitlines()[1:-1] for word in re.split(r"\s\s+", row.strip())}

    def close(self) -> None:
        os.write(self.handle, b"exit\n")
        self.bash.wait(timeout=60)
        os.close(self.handle)


@pytest.fixture(scope="module")
def bash(folder, tmp_path_factory):
    with forking_command(tmp_path_factory.mktemp("command")) as programs:
        terminal = Terminal(folder, programs)
        yield terminal
        terminal.close()


@pytest.mark.parametrize(
    ("line", "last"),
    [
        ("nettrain train e.yaml optimizer=adama", "optimizer=adamax"),
        ("nettrain train e.yaml optimizer.name=rms", "optimizer.name=rmsprop"),
        ("nettrain train e.yaml model.activation=gel", "model.activation=gelu"),
        ("nettrain train e.yaml model.layers.1.activation=gel", "model.layers.1.activation=gelu"),
        ("nettrain train e.yaml model.layers.1.drop", "model.layers.1.dropout="),
        (
            "nettrain train e.yaml training.early_stopping.monitor=val_los",
            "training.early_stopping.monitor=val_loss",
        ),
        ("nettrain train e.yaml seed=3 training.shuffle=f", "training.shuffle=false"),
        ("nettrain train e.yaml optimizer.learn", "optimizer.learning_rate="),
        ("nettrain train e.yaml optimizer.beta1=", "optimizer.beta1=0.9"),
        ("nettrain train e.yaml data.source=builtin:pen", "data.source=builtin:penguins"),
        ("nettrain train e.yaml data.source=row", "data.source=rows.csv"),
        ("nettrain train e.ya", "e.yaml"),
        ("nettrain train fol", "folder/"),
        ("nettrain train folder/", "folder/inner.yaml"),
        ("nettrain sweep e.yaml loss=hub", "loss=huber"),
        ("nettrain compare e.ya", "e.yaml"),
        ("nettrain compare runs/", "runs/e"),
        ("nettrain compare e.yaml optimizer=adama", "optimizer=adamax"),
        ("nettrain compare e.yaml --vary optimizer.learn", "optimizer.learning_rate="),
        ("nettrain gradcheck e.yaml --backend=nu", "--backend=numpy"),
        ("nettrain gradcheck e.yaml --backend nu", "numpy"),
        ("nettrain init rows.csv --target petal_", "petal_width"),
        ("nettrain init rows.csv --target=petal_", "--target=petal_width"),
        ("nettrain init rows.csv --target kin", "kind of row"),
        ("nettrain init rows.csv --target [m", "[m/s]"),
        ("nettrain init builtin:iris --target spec", "species"),
        ("nettrain runs --sort val_los", "val_loss"),
        ("nettrain runs --sort=val_los", "--sort=val_loss"),
        ("nettrain runs runs --sort sta", "status"),
        ("nettrain evaluate runs/e --metric accu", "accuracy"),
        ("nettrain evaluate runs/e --part val", "validation"),
        ("nettrain predict runs/", "runs/e"),
        ("nettrain list opt", "optimizer"),
    ],
)
def test_tab_completes_the_last_word(bash, line, last):
    assert last == bash.words(line)[-1]


def test_tab_lists_what_may_follow(bash):
    assert {"adam", "adamw", "adamax", "adagrad", "adadelta"} == bash.listed(
        "nettrain train e.yaml optimizer=ada"
    )
    assert {"auto", "numpy", "cupy"} == bash.listed("nettrain train e.yaml backend.name=")
    assert {"sgd", "adam", "lion"} <= bash.listed("nettrain train e.yaml optimizer.name=")
    assert {"petal\\ length", "petal_width"} == bash.listed("nettrain init rows.csv --target petal")
    assert {"val_loss", "val_accuracy", "train_loss"} <= bash.listed("nettrain runs --sort ")


@pytest.mark.parametrize(
    ("pieces", "words", "head"),
    [
        (["n", "train", "f", "a", "=", "b"], ["n", "train", "f", "a=b"], "a="),
        (["n", "train", "f", "a", "="], ["n", "train", "f", "a="], "a="),
        (["n", "train", "f", "a=b"], ["n", "train", "f", "a=b"], ""),
        (["n", "a", "=", "b", "c"], ["n", "a=b", "c"], ""),
        (["n", "a", "=", "b", ":", "c"], ["n", "a=b:c"], "a=b:"),
        (["n", "--out", "=", "x", "y", "=", "z"], ["n", "--out=x", "y=z"], "y="),
        (["n", "f", ""], ["n", "f", ""], ""),
    ],
)
def test_words_that_bash_takes_apart_are_put_together(pieces, words, head):
    assert TypedLine(tuple(words), head) == TypedLine.of(pieces, len(pieces) - 1)
