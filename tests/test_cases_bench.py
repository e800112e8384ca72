"""`scripts/bench cases`: ratios of the same round, what is asked, tables, and a case through `nettrain train`."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases import tables
from cases.case import CASES, Ask, Case
from cases.figures import against, alike, figures, markdown, store
from cases.products import step_products
from cases.turns import Compared, Turns, write
from peers.problem import read_idx
from peers.sides import OURS, SIDES, that_have

ROOT = Path(__file__).parents[1]
SIDES_OF_C = {
    OURS: Turns("1", (100.0, 90.0, 300.0), (0.10, 0.10, 0.10)),
    "jax": Turns("2", (200.0, 100.0, 300.0), (0.11, 0.11, 0.11)),
    "torch": Turns("3", (400.0, 60.0, 240.0), (0.12, 0.12, 0.12)),
    "products": Turns("4", (50.0, 60.0, 60.0), (float("nan"),) * 3),
}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/bench", *arguments]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)


def test_ratios_are_of_the_same_round_and_to_the_library_that_is_faster_by_its_median():
    # to JAX, of median 200: 0.5, 0.9, 1; to PyTorch, of median 240: 0.25, 1.5, 1.25
    assert {"fastest": "jax", "ratio": 0.9, "met": False} == against(Ask(0.85), SIDES_OF_C)
    assert {"fastest": "torch", "ratio": 1.25, "met": True} == against(Ask(1.25, ("torch",)), SIDES_OF_C)
    assert {} == against(Ask(1.0), {OURS: SIDES_OF_C[OURS]})


def test_figures_of_a_case_are_medians_of_its_rounds():
    shown = figures(Compared("C", 2, False, SIDES_OF_C, {}))
    assert {"median": 100.0, "min": 90.0, "max": 300.0} == shown["sides"][OURS]["microseconds"]
    assert {"median": 1.25, "min": 0.25, "max": 1.5} == shown["sides"]["torch"]["nettrain_to_this"]
    assert 0.12 == shown["sides"]["torch"]["loss"]
    assert "loss" not in shown["sides"]["products"]
    # the products took 0.5, 0.667 and 0.2 of our time
    text = markdown({"C": shown})
    assert ["C", "100", "200", "240", "0.90", "1.25", "0.85 JAX", "50%"] == [
        cell.strip() for cell in text.splitlines()[2].strip("|").split("|")
    ]
    assert "void" not in text


def test_sides_that_end_with_different_losses_did_not_do_the_same():
    other = SIDES_OF_C | {"torch": Turns("3", (1.0, 1.0, 1.0), (0.1, 0.5, 0.9))}
    assert alike(SIDES_OF_C)
    assert not alike(other)
    text = markdown({"C": figures(Compared("C", 1, True, other, {"jax": "no module jax"}))})
    assert "C is void: the sides end with different losses, nettrain 0.1, jax 0.11, torch 0.5" in text
    assert "C: generated rows in place of mnist" in text
    assert "C lacks jax: no module jax" in text


def test_figures_of_several_calls_are_kept_in_one_file(tmp_path: Path):
    file = tmp_path / "runs" / "cases.json"
    store(file, {"C": {"a": 1}})
    store(file, {"B": {"a": 2}})
    assert ["B", "C"] == list(store(file, {"C": {"a": 3}}))
    assert {"B": {"a": 2}, "C": {"a": 3}} == json.loads(file.read_text())


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_full_batches_of_rows_that_its_table_has(name: str, tmp_path: Path):
    case = CASES[name]
    if case.table == "mnist":
        assert case.rows <= 60_000 - tables.ASIDE
        case = Case(case.widths, case.batch, case.table, 2, 1, case.ask)
    source = write(case, None, tmp_path)
    x, y = np.load(tmp_path / "x.npy"), np.load(tmp_path / "y.npy")
    assert (case.rows, case.widths[0]) == x.shape
    assert case.widths[-1] == len(np.unique(y))
    assert np.float32 == x.dtype
    assert source.generated == (case.table in ("mnist", "adult"))


def test_real_files_are_found_in_the_folder_or_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "ASIDE", 3)
    folder = tmp_path / "data" / "mnist"
    folder.mkdir(parents=True)
    images, labels = tables.blurred_digits(30)
    for name, values in ((tables.IMAGES, images), (tables.LABELS, labels)):
        tables.write_idx(folder / name, values)
        (folder / name).write_bytes(gzip.compress((folder / name).read_bytes()))
    for place in (folder, folder.parent):
        source = tables.mnist(place, tmp_path, 10)
        assert not source.generated
        (tmp_path / "t.gz").write_bytes(gzip.compress((tmp_path / "train-images-idx3-ubyte").read_bytes()))
        assert (read_idx(tmp_path / "t.gz") == images[:13]).all()


def test_categories_become_numbers():
    assert [1, 0, 1, 2] == tables.coded(("b", "?", "b", "c")).tolist()
    assert [3.0, 1.5] == tables.coded(("3", "1.5")).tolist()


def test_the_products_of_a_step_are_those_of_its_layers_forward_and_back():
    x = np.ones((1, 5, 4), np.float32)
    calls = step_products(x, [np.ones((1, 4, 3), np.float32), np.ones((1, 3, 2), np.float32)])
    # x·w of both, xᵀ·δ of both, and δ·wᵀ of the second alone
    assert [(1, 5, 3), (1, 4, 3), (1, 5, 2), (1, 3, 2), (1, 5, 3)] == [call().shape for call in calls]
    assert (calls[0]() == 4).all()


def test_every_side_takes_part_in_something_and_its_files_are_there():
    assert [OURS, "jax", "torch", "products"] == that_have("trainer")
    for side in SIDES.values():
        assert side.trainer or side.script or side.search
        for module in filter(None, (side.trainer, side.search)):
            assert (ROOT / "scripts" / (module.replace(".", "/") + ".py")).is_file()
        assert (ROOT / "scripts" / "commands" / side.script).exists()


def test_arguments_that_name_nothing_are_refused():
    ended = bench("cases", "--only", "Z")
    assert ended.returncode == 2
    assert 'no "Z"' in ended.stderr
    assert bench("cases", "--sides", "keras").returncode == 2


def test_a_case_goes_through_the_real_command(tmp_path: Path):
    file = tmp_path / "cases.json"
    ended = bench("cases", "--only", "E", "--sides", OURS, "--rounds", "1", "--json", "--out", str(file))
    assert ended.returncode == 0, ended.stderr
    shown = json.loads(ended.stdout)["cases"]["E"]
    assert [OURS] == list(shown["sides"])
    assert 0 < shown["sides"][OURS]["microseconds"]["median"] < 1e5
    assert shown["sides"][OURS]["loss"] < 0.3
    assert "E" in json.loads(file.read_text())
