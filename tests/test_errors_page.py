"""docs/errors.md shows what nettrain prints for each mistake, and every class of errors and exit code is on it."""

from pathlib import Path

import pytest
from mistakes.cases import MISTAKES
from mistakes.page import codes, error_classes, page
from mistakes.provoke import Failure, prepare, provoke

from nettrain.cli.interrupt import SIGNALS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/errors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    prepare(folder)
    return folder


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.kind}: {mistake.title}")
def test_a_mistake_ends_as_the_page_says(mistake, prepared, tmp_path):
    """`scripts/errors` writes the page anew."""
    failure = provoke(mistake, prepared, tmp_path / "made")
    assert mistake.kind == failure.kind, failure.message
    assert failure.code in codes()[mistake.kind]
    assert f"```\n$ {mistake.command}\n{failure.message}\n```\n\n{mistake.remedy}\n" in PAGE


def test_every_class_and_exit_code_has_a_mistake():
    kinds = {mistake.kind for mistake in MISTAKES}
    assert set() == set(error_classes()) - kinds
    ends = {1, 2, *(128 + number for number in SIGNALS), *(one.code for one in error_classes().values())}
    assert ends == {code for kind in kinds for code in codes()[kind]}
    signals = {128 + mistake.signal for mistake in MISTAKES if mistake.signal is not None}
    assert {128 + number for number in SIGNALS} == signals


def test_the_page_says_nothing_else():
    bare = page((mistake, Failure(mistake.kind, 0, "")) for mistake in MISTAKES)
    lines = [line for line in bare.splitlines() if line]
    assert [] == [line for line in lines if line not in PAGE]
    assert PAGE.count("\n$ nettrain") == len(MISTAKES)
