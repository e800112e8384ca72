"""What `scripts/gpu-check` does with figures: verdicts, tables, and sides that fail or take too long."""

import importlib.machinery
import importlib.util
import io
import json
import sys
from pathlib import Path
from time import perf_counter

import pytest
import typer
from gpucheck.cases import CASES, Case, cases, random_rows
from gpucheck.equality import ComparedEntry, EqualityCheck, apart, entries
from gpucheck.ours import NettrainBenchmark
from gpucheck.report import summary, verdicts
from gpucheck.sides import SIDES, LostError, SideProcess
from rich.console import Console

from nettrain.catalogue.activations import activations
from nettrain.catalogue.initializers import initializers
from nettrain.catalogue.losses import losses
from nettrain.catalogue.optimizers import optimizers
from nettrain.catalogue.schedules import schedules

pytestmark = pytest.mark.usefixtures("step_by_step")

ROOT = Path(__file__).parents[1]


def script():
    """The script as a module."""
    loader = importlib.machinery.SourceFileLoader("gpu_check", str(ROOT / "scripts" / "gpu-check"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gpu_check", loader))
    loader.exec_module(module)
    return module


def timed(**microseconds):
    return {
        "network": "n",
        "members": 1,
        "batch": 1,
        "sides": {k: {"microseconds": v} for k, v in microseconds.items()},
    }


def found():
    """Figures of a check on a device, as one would like them."""
    a = timed(nettrain=60.0, torch=100.0, jax=70.0)
    a["sides"]["torch reduce-overhead"] = {"microseconds": 75.0}
    a["sides"]["nettrain"] |= {"memory": 110, "memory_needed": 100, "slowest_to_median": 1.4, "loss": 0.25}
    a["sides"]["nettrain"]["notes"] = ["steps are launched call by call"]
    rows = [
        {"group": "losses", "name": "mse", "float64": 1e-12, "float32": 1e-6, "wrong": False},
        {"group": "losses", "name": "huber", "float64": 3e-9, "float32": 2e-6, "wrong": True},
    ]
    return {
        "backend": "cupy",
        "quick": False,
        "device": "NVIDIA H200",
        "rounds": 7,
        "lost": {"jax, F": "no answer within 60 s"},
        "tests": {"passed": 9, "failed": 0},
        "equality": {"rows": rows, "wrong": 1, "steps": 100, "limits": {"float64": 1e-10, "float32": 1e-4}},
        "benchmark": {
            "A": a,
            "digits x 1": timed(nettrain=30.0, torch=90.0),
            "digits x 512": {**timed(nettrain=400.0), "members": 512},
        },
        "sweep": {"trials": 1000, "seconds": 20.0},
    }


def test_verdicts_follow_from_the_figures():
    judged = {one["what"]: (one["measured"], one["holds"]) for one in verdicts(found())}
    assert {
        "A: time per step by PyTorch eager's": (0.6, True),
        "A: time per step by reduce-overhead's": (0.8, True),
        "512 members: trial-steps per second by PyTorch eager's": (512 * 90 / 400, True),
        "A: device memory by what is needed": (1.1, True),
        "A: slowest step by the median": (1.4, True),
        "gpu tests that fail": (0, True),
        "entries that differ between backends": (1, False),
    } == judged


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda f: f["benchmark"]["A"]["sides"]["nettrain"].update(microseconds=80.0), "A: time per step by"),
        (
            lambda f: f["benchmark"]["digits x 512"]["sides"]["nettrain"].update(microseconds=500.0),
            "512 members",
        ),
        (lambda f: f["benchmark"]["A"]["sides"]["nettrain"].update(memory=121), "A: device memory"),
        (lambda f: f["tests"].update(failed=1), "gpu tests that fail"),
    ],
)
def test_what_does_not_hold_is_reported(change, what):
    figures = found()
    change(figures)
    assert [False] == list({one["holds"] for one in verdicts(figures) if one["what"].startswith(what)})


def test_what_was_not_measured_is_neither_right_nor_wrong():
    empty = {"benchmark": {}, "equality": {"rows": [], "wrong": 0}, "tests": {}}
    for backend in ("cupy", "numpy"):
        judged = verdicts({**empty, "backend": backend, "quick": False})
        assert {None} == {one["holds"] for one in judged}


@pytest.mark.parametrize("change", [{"quick": True}, {"backend": "numpy"}])
def test_speed_is_judged_on_a_gpu_alone_and_not_when_quick(change):
    judged = {one["what"]: one["holds"] for one in verdicts({**found(), **change})}
    assert (None, True) == (judged["A: slowest step by the median"], judged["gpu tests that fail"])


def test_the_tables_show_times_ratios_differences_and_what_is_missing():
    figures = found()
    figures["verdicts"] = verdicts(figures)
    console = Console(file=io.StringIO(), width=150)
    console.print(summary(json.loads(json.dumps(figures))))
    text = "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())
    rows = {line.strip("│┃ ").split("│")[0].strip(): line for line in text.splitlines()}
    assert ["60.0", "100", "70.0", "75.0", "0.60", "0.250"] == [
        part.strip() for part in rows["A"].split("│")[2:-1]
    ]
    assert "–" in rows["digits x 512"]
    for phrase in (
        "cupy on NVIDIA H200, 7 rounds in turn, medians",
        "A: n\n",
        "nettrain: steps are launched call by call",
        "jax, F: no answer within 60 s",
        "sweep of 1,000 trials: 20.0 s, 50.0 per second",
        "2 entries, 100 steps, beside NumPy",
    ):
        assert phrase in text
    assert ["2", "3.0e-09", "2.0e-06", "huber"] == [part.strip() for part in rows["losses"].split("│")[2:-1]]
    assert "NO" in rows["entries that differ between backends"]


def test_the_cases_are_those_that_are_promised():
    assert {
        "A": "784-512-512-10, batch 128",
        "digits x 1": "64-64-32-10, batch 64",
        "digits x 64": "64-64-32-10, batch 64, 64 members",
        "digits x 512": "64-64-32-10, batch 64, 512 members",
        "B": "784-100-10, batch 200",
        "C": "784-256-256-10, batch 64",
        "D": "108-64-64-1, batch 64",
        "E": "4-16-3, batch 16",
        "F": "784-512-512-10, batch 128, dropout 0.5, batch norm",
        "A 1024": "784-512-512-10, batch 1024",
        "A 8192": "784-512-512-10, batch 8192",
    } == {case.name: str(case) for case in CASES}
    assert {case.name for case in cases(quick=True)} <= {case.name for case in CASES}


def test_rows_are_the_same_for_every_side_and_can_be_learnt():
    case = Case("t", (5, 4, 3), 8, 30)
    (x, y), (again, labels) = random_rows(case), random_rows(case)
    assert ((240, 5), {0, 1, 2}, True) == (
        x.shape,
        set(y.tolist()),
        (x == again).all() and (y == labels).all(),
    )
    side = NettrainBenchmark(case, "numpy")
    turns = [side.turn() for _ in range(6)]
    assert turns[-1]["loss"] < 0.9 * turns[0]["loss"]
    facts = side.facts()
    assert facts["slowest_to_median"] >= 1
    parameters = 64 * 4  # four tensors, each from a multiple of 64 on
    batch = 8 * (5 + 3 * (4 + 3))
    assert (None, 4 * (240 * 7 + 4 * parameters + batch)) == (facts["memory"], facts["memory_needed"])


def test_the_two_classes_of_one_output_are_trained(tmp_path):
    side = NettrainBenchmark(Case("D", (6, 4, 1), 8, 10, members=3), "numpy")
    assert (3, 1) == (len(side.run.final.parameters), side.run.architecture.outputs)
    assert side.turn()["loss"] > 0


def test_every_entry_of_every_registry_is_compared():
    named = {}
    for entry in entries():
        named.setdefault(entry.group, set()).add(entry.name)
    assert set(activations) == named["activations"]
    assert (set(losses), set(initializers), set(schedules)) == (
        named["losses"],
        named["initializers"],
        named["schedules"],
    )
    assert set(optimizers) <= named["optimizers"]


def test_a_difference_is_seen():
    side = EqualityCheck(Case("equality", (0, 1), 1, 4), "numpy")
    side.left = iter([ComparedEntry("optimizers", "adam", (("classes", ("optimizer=adam",)),))])
    row = side.turn()
    assert {"group": "optimizers", "name": "adam", "float64": 0.0, "float32": 0.0} | row == row
    assert {"over": True} == side.turn()
    side.left = iter([entry for entry in entries() if entry.name == "lbfgs"])
    assert {"group", "name", "float64", "float64 figures"} == set(side.turn())
    assert (0.25, float("inf"), 0.0) == (apart([4, 2], [4, 1]), apart([1.0], [float("nan")]), apart([0], [0]))


def test_an_entry_whose_first_way_does_not_fit_takes_the_next():
    side = EqualityCheck(Case("equality", (0, 1), 1, 2), "numpy")
    ways = [("numbers", (f"loss={name}",)) for name in ("cross_entropy", "focal", "mse")]
    side.left = iter([ComparedEntry("x", "y", tuple(ways)), ComparedEntry("x", "z", tuple(ways[:2]))])
    assert 0.0 == side.turn()["float64"]
    assert {"group": "x", "name": "z", "left_out": True} == side.turn()


def test_an_entry_that_fails_leaves_the_others_to_be_compared(monkeypatch):
    def failing(*_):
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    side = EqualityCheck(Case("equality", (0, 1), 1, 2), "numpy")
    entry = ComparedEntry("losses", "mse", (("numbers", ("loss=mse",)),))
    side.left = iter([entry, entry])
    monkeypatch.setattr("gpucheck.equality.train", failing)
    failed = {"group": "losses", "name": "mse", "error": "RuntimeError: CUDA_ERROR_ILLEGAL_ADDRESS"}
    assert failed == side.turn()
    monkeypatch.undo()
    assert 0.0 == side.turn()["float64"]


def test_sides_share_the_entries():
    shares = [list(EqualityCheck(Case("equality", (k, 3), 1, 1), "numpy").left) for k in range(3)]
    assert len(entries()) == sum(map(len, shares)) == len({(e.group, e.name) for s in shares for e in s})


ECHO = "import sys\nprint('{}', flush=True)\nfor line in sys.stdin: print(line, end='', flush=True)"
HANGS = (
    "import subprocess, sys, time\nsubprocess.Popen(['sleep', '60'])\nprint('{}', flush=True)\ntime.sleep(60)"
)


def test_a_side_that_is_too_slow_is_ended_with_all_that_it_started():
    side = SideProcess([sys.executable, "-c", HANGS])
    assert {} == side.receive(20)
    begun = perf_counter()
    with pytest.raises(LostError, match="no answer within 0 s"):
        side.ask({"do": "turn"}, 0.2)
    assert (True, -9) == (perf_counter() - begun < 10, side.process.returncode)
    side.listener.join(10)  # to the end of the output, which the sleeper had too
    assert not side.listener.is_alive()


def test_a_side_that_ends_or_fails_says_why():
    side = SideProcess([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(LostError, match="exit code 3"):
        side.receive(20)
    side = SideProcess([sys.executable, "-c", ECHO])
    side.receive(20)
    assert {"do": 1} == side.ask({"do": 1}, 20)
    with pytest.raises(LostError, match="CUDA error"):
        side.ask({"failed": "CUDA error"}, 20)
    side.end()


def test_what_is_missing_is_named_by_what_needs_it(monkeypatch):
    module = script()
    monkeypatch.setattr(module, "NEEDED", {"nettrain": ("numpy", "no_such_a"), "peers": ("no_such_b",)})
    assert {"nettrain": ["no_such_a"], "peers": ["no_such_b"]} == module.missing(module.Stopwatch())


def test_figures_leave_out_the_first_turn_and_see_who_learns():
    module = script()
    turns = [{"seconds": 9.0, "loss": 2.0}, {"seconds": 2e-3, "loss": 1.5}, {"seconds": 4e-3, "loss": 1.0}]
    figures = module.figures(Case("t", (1, 1), 1, 10), turns)
    assert (300.0, [200.0, 400.0], True) == (
        figures["microseconds"],
        figures["each_round"],
        figures["learns"],
    )
    assert not module.figures(Case("t", (1, 1), 1, 10), [{"seconds": 1.0, "loss": 1.0}] * 2)["learns"]


def test_a_part_that_fails_is_named_and_leaves_the_others(monkeypatch):
    module, figures = script(), {"backend": "cupy", "quick": False, "missing": {}, "lost": {}, "device": "d"}

    def failing(*_):
        raise IndexError("list index out of range")

    for part in ("gpu_tests", "equality", "benchmark"):
        monkeypatch.setattr(module, part, failing)
    monkeypatch.setattr(module, "sweep", lambda *_: {"trials": 10, "seconds": 5.0})
    module.run_parts(figures, ["A"], ["nettrain"], module.Stopwatch(), benchmark_only=False)
    assert ["tests", "equality", "benchmark"] == list(figures["lost"])
    figures |= {"rounds": 7, "verdicts": verdicts(figures)}
    assert {None} == {one["holds"] for one in figures["verdicts"]}
    console = Console(file=io.StringIO(), width=80)
    console.print(summary(json.loads(json.dumps(figures))))
    assert "equality: IndexError: list index out of range" in console.file.getvalue()
    assert "sweep of 10 trials" in console.file.getvalue()


def test_cases_alone_are_timed_and_nothing_else_is_done(monkeypatch):
    module, figures = script(), {"backend": "numpy", "quick": True, "missing": {}, "lost": {}}
    monkeypatch.setattr(module, "benchmark", lambda found, chosen, wanted, watch: {"chosen": chosen})
    module.run_parts(figures, ["F"], ["nettrain"], module.Stopwatch(), benchmark_only=True)
    assert {"chosen": ["F"]} == figures["benchmark"]
    assert ({}, {}, []) == (figures["tests"], figures["sweep"], figures["equality"]["rows"])


def test_names_of_cases_and_peers_are_checked():
    named = script().named
    assert ["a", "b", "c"] == named("--cases", "all", ["a", "b", "c"])
    assert [] == named("--peers", "none", ["a"])
    assert ["a", "c"] == named("--cases", "c,a", ["a", "b", "c"])
    with pytest.raises(typer.BadParameter, match=r"unknown 'd' \(allowed: all, none, a, b\)"):
        named("--cases", "a,d", ["a", "b"])


def test_the_times_of_all_sides_fit_a_terminal_of_80():
    figures = found()
    figures["benchmark"]["A"]["sides"] = {name: {"microseconds": 412345.0, "loss": 2.444} for name in SIDES}
    figures["verdicts"] = verdicts(figures)
    console = Console(file=io.StringIO(), width=80)
    console.print(summary(figures))
    text = console.file.getvalue()
    assert "digits x 512" in text
    assert 4 == text.count("412,345")
    assert "…" not in text
