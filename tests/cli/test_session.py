"""The first ten minutes with a table of one's own, typed into a terminal of 80 columns."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from dataclasses import dataclass

import numpy as np
import pytest

from tests.cli.command import ENVIRONMENT
from tests.cli.forking import forking_command

WIDTH = 80
COLOURS = {key: value for key, value in ENVIRONMENT.items() if key not in ("COLUMNS", "NO_COLOR")}
CONTROL = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9])")
BAD = re.compile(r"Traceback|nettrain has failed|Warning:|\[/?(bold|dim|red|green)|\bNone\b|\bnan\b")


@dataclass(frozen=True)
class Typed:
    """A line typed into the terminal, how it has to end, and what the person reads."""

    command: str
    code: int = 0
    reads: tuple[str, ...] = ()


SESSION = (
    Typed("nettrain train shop.csv", 2, ("nettrain init shop.csv",)),
    Typed("nettrain init shop.csv --target bought --out shop.yaml", 0, ("shop.yaml", "customer_id")),
    Typed("nettrain check shop.yaml", 0, ("initial_loss", "verdict", "ok")),
    Typed("nettrain train shop.yaml", 0, ("baseline", "accuracy", "runs/shop")),
    Typed("nettrain train shop.yaml lr=0.1 experiment=other", 2, ("optimizer.learning_rate",)),
    Typed("nettrain train shop.yaml epochs=3 experiment=other", 2, ("training.epochs",)),
    Typed("nettrain train shop.yaml training.epochs=2 experiment=short", 0, ("runs/short",)),
    Typed("nettrain runs", 0, ("shop", "short", "finished")),
    Typed("nettrain predict runs new.csv", 2, ("runs/shop",)),
    Typed("nettrain predict runs/shop new.csv", 0, ('"city"', "Ulm", "spent")),
    Typed("nettrain predict runs/shop new.csv --strict --out p.csv", 3, ('"city"',)),
    Typed("nettrain predict runs/shop new.csv --out new.csv", 2, ("not overwritten",)),
    Typed("cat new.csv | nettrain predict runs/shop - --keep customer_id", 0, ("0901",)),
    Typed(
        "nettrain predict runs/shop --out answers.csv && wc -l answers.csv",
        0,
        ("60 test rows", "61 answers.csv"),
    ),
    Typed("nettrain evaluate runs/shop", 0, ("baseline", "accuracy")),
    Typed("nettrain gradcheck shop.yaml", 0, ("the gradient is right",)),
    Typed("nettrain info", 0, ("numpy", "processors")),
)


def table(rows=300):
    """Customers who buy when they have spent much; the last three are a file of their own."""
    draw = np.random.default_rng(5)
    spent, age = draw.gamma(2, 40, rows).round(2), draw.integers(18, 90, rows)
    city = draw.choice(["Bonn", "Kiel", "Jena [old]"], rows)
    bought = np.where(spent + draw.normal(0, 20, rows) > 80, "yes", "no")
    columns = zip(range(rows), spent, age, city, bought, strict=True)
    return [f"{i + 1:04},{a},{b},{c},{d}" for i, a, b, c, d in columns]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("desk")
    header = "customer_id,spent,age,city,bought"
    (path / "shop.csv").write_text("\n".join([header, *table()]) + "\n")
    new = ["0901,12.5,44,Bonn", "0902,99000.0,30,Ulm", "0903,80.0,61,Jena [old]"]
    (path / "new.csv").write_text("\n".join([header.removesuffix(",bought"), *new]) + "\n")
    return path


def type_in(folder, command, programs):
    """Run a command in a terminal; returns its exit code and all that it wrote."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, WIDTH, 0, 0))
    environment = COLOURS | {"TERM": "xterm-256color", "PATH": f"{programs}:{os.environ['PATH']}"}
    # whoever pipes into a command still reads its output on the terminal
    shell = ["bash", "-o", "pipefail", "-c", command]
    process = subprocess.Popen(shell, cwd=folder, env=environment, stdin=child, stdout=child, stderr=child)
    os.close(child)
    written = b"".join(iter(lambda: read(parent), b""))
    os.close(parent)
    return process.wait(60), written.decode()


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError as error:  # how Linux says that nobody writes any more
        if error.errno != errno.EIO:
            raise
        return b""


def lines(written):
    """The lines on the screen and those that were written over, without colours."""
    return [line.rstrip() for line in re.split(r"[\r\n]+", CONTROL.sub("", written))]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    with forking_command(tmp_path_factory.mktemp("command")) as programs:
        yield programs


def test_a_new_user_is_never_lost(folder, programs):
    for typed in SESSION:
        code, written = type_in(folder, typed.command, programs)
        shown = lines(written)
        assert typed.code == code, (typed.command, written)
        text = " ".join(" ".join(shown).split())
        assert not [word for word in typed.reads if word not in text], (typed.command, text)
        assert not BAD.search(text), (typed.command, text)
        # tables fit; a message may be one long line, which the terminal wraps
        tables = [line for line in shown if line.startswith(" ") or "─" in line]
        assert not [line for line in tables if len(line) > WIDTH], typed.command
