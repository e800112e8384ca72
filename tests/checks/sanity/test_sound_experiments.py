"""No check cries wolf: neither on the shipped experiments nor on those that `init` writes."""

import pytest

from nettrain import check
from nettrain.workflow.check import chosen
from tests.cli.command import CONFIGS, inside

SICK = {"zeros_init.yaml"}  # it shows what equal weights do
SHIPPED = sorted(
    path.name
    for path in CONFIGS.glob("*.yaml")
    if path.name not in SICK and "source: data/" not in path.read_text()  # rows that are not shipped
)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_experiments_are_sound(name):
    report = check(CONFIGS / name)
    assert "ok" == report.verdict, report.plain


def test_the_experiment_that_shows_a_mistake_is_caught():
    report = check(CONFIGS / "zeros_init.yaml")
    wrong = {name for name, found in report.findings.items() if "wrong" in {one.verdict for one in found}}
    assert {"overfit", "signals"} == wrong


@pytest.mark.parametrize(
    "source",
    [
        "builtin:iris",
        "builtin:penguins",
        "synthetic:spirals",
        pytest.param("builtin:optdigits", marks=pytest.mark.slow),  # which configs/digits.yaml is much like
    ],
)
def test_what_init_writes_is_sound(tmp_path, source):
    done = inside(tmp_path, "init", source, "--out", "e.yaml")
    assert 0 == done.code, done.err
    report = check(tmp_path / "e.yaml")
    assert "ok" == report.verdict, report.plain


def test_the_page_has_a_row_for_every_check():
    page = (CONFIGS.parent / "docs/check.md").read_text(encoding="utf-8")
    named = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert [one.name for one in chosen()] == named
    assert f"[{len(named)} checks](docs/check.md)" in (CONFIGS.parent / "README.md").read_text(
        encoding="utf-8"
    )


def test_every_check_says_what_it_looks_at():
    for one in chosen():
        assert one.meaning.endswith("."), one.name
        assert len(one.meaning) < 110
