"""predict and evaluate read standard input and pipes; train and init say that they cannot."""

import subprocess
import sys

import pytest

ROWS = "x,y\n" + "".join(f"{i % 9},{'no' if i % 9 < 5 else 'yes'}\n" for i in range(90))
CONFIG = """
experiment: r
data: {source: train.csv}
model: {hidden: [4]}
training: {epochs: 2, batch_size: 16}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipes")
    (folder / "train.csv").write_text(ROWS)
    (folder / "new.csv").write_text("x\n1\n8\n")
    (folder / "e.yaml").write_text(CONFIG)
    assert 0 == shell(folder, "NETTRAIN train e.yaml --quiet --no-figures").returncode
    return folder


@pytest.fixture(scope="module")
def expected(folder):
    """The predictions for the file itself."""
    return shell(folder, "NETTRAIN predict runs/r new.csv").stdout


def shell(folder, line):
    """A line of bash, NETTRAIN standing for the command."""
    command = line.replace("NETTRAIN", f"{sys.executable} -m nettrain")
    return subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "cat new.csv | NETTRAIN predict runs/r -",
        "cat new.csv | NETTRAIN predict runs/r /dev/stdin",
        "NETTRAIN predict runs/r - < new.csv",
        "NETTRAIN predict runs/r <(cat new.csv)",
        "mkfifo p; (cat new.csv > p &); NETTRAIN predict runs/r p; rm p",
        "gzip -c new.csv | NETTRAIN predict runs/r -",
    ],
)
def test_predictions_are_those_for_the_file(folder, expected, line):
    piped = shell(folder, line)
    assert (expected, "", 0) == (piped.stdout, piped.stderr, piped.returncode)
    assert 3 == piped.stdout.count("\n")


def test_reports_call_it_standard_input(folder):
    done = shell(folder, "printf 'x\\n800\\n' | NETTRAIN predict runs/r - --json")
    assert '"data":"standard input"' in done.stdout
    assert 'standard input: column "x": 1 row far outside the training range 0 to 8: 800\n' == done.stderr


def test_evaluate_reads_standard_input(folder):
    done = shell(folder, "NETTRAIN evaluate runs/r - --json < train.csv")
    assert (0, "") == (done.returncode, done.stderr)
    assert '"standard input"' in done.stdout


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (
            "NETTRAIN train e.yaml data.source=- < train.csv",
            2,
            "is standard input, which a run could not read again",
        ),
        (
            "cat train.csv | NETTRAIN train e.yaml data.source=/dev/stdin",
            3,
            "data.source: standard input: can be read only",
        ),
        ("NETTRAIN train e.yaml data.test=<(cat train.csv)", 3, "can be read only once"),
        ("NETTRAIN init - < train.csv", 2, "is standard input, which a run could not read again"),
        ("NETTRAIN init <(cat train.csv)", 3, "can be read only once"),
        ("NETTRAIN predict runs/r - < /dev/null", 3, "standard input: is empty"),
        ("NETTRAIN predict runs/r - <&-", 3, "standard input: is closed"),
    ],
)
def test_refusals_are_one_line(folder, line, code, message):
    done = shell(folder, line)
    assert (code, "") == (done.returncode, done.stdout)
    assert message in done.stderr
    assert 1 == done.stderr.count("\n")
