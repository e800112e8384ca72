"""Pages in a real browser: from file://, on a phone, sorted by mouse and keys, and printed."""

import re

import pytest

from nettrain.output.report_page.write import report
from tests.output.chromium import PROGRAM, browser
from tests.output.page_of import EVIL, people, train
from tests.output.test_sweep_page import sweep_folder

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no Chromium")

WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
COLUMN = "Array.from(document.querySelectorAll('#trials tbody tr'), row => row.cells[%d].textContent.trim())"
SORTED = "document.querySelectorAll('#trials thead th')[%d].getAttribute('aria-sort')"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    return {
        "run": train(folder, people(folder), name="people").report(),
        "evil": train(folder, people(folder, name="evil", evil=True), name="bad", experiment=EVIL).report(),
        "sweep": report(sweep_folder(folder, 40)),
    }


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("chromium")) as one:
        yield one


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("name", ["run", "evil", "sweep"])
def test_a_page_loads_without_a_problem_and_without_scrolling_sideways(name, width, pages, chromium):
    chromium.problems.clear()
    chromium.open(pages[name], width)
    assert ([], 0) == (chromium.problems, chromium.value(WIDER))
    overlapping = "Array.from(document.querySelectorAll('figure svg')).filter(svg => svg.getBoundingClientRect().height < 50).length"
    assert 0 == chromium.value(overlapping)


def test_markup_in_names_does_nothing(pages, chromium):
    chromium.open(pages["evil"])
    assert EVIL == chromium.value("document.querySelector('h1').textContent")
    assert 1 == chromium.value("document.scripts.length")


def test_a_press_on_a_heading_sorts(pages, chromium):
    chromium.open(pages["sweep"])
    click = "document.querySelectorAll('#trials thead button')[%d].click()"
    chromium.value(click % 0)
    numbers = [int(text) for text in chromium.value(COLUMN % 0)]
    assert ("ascending", sorted(numbers)) == (chromium.value(SORTED % 0), numbers)
    chromium.value(click % 0)
    assert ("descending", sorted(numbers, reverse=True)) == (
        chromium.value(SORTED % 0),
        [int(text) for text in chromium.value(COLUMN % 0)],
    )
    chromium.value(click % 1)
    figures = chromium.value(COLUMN % 1)
    known = [float(text) for text in figures if text not in ("–", "nan", "inf")]
    assert sorted(known) == known
    assert figures[: len(known)] == [text for text in figures if text not in ("–", "nan", "inf")], (
        "gaps come last"
    )
    assert ("none", "ascending") == (chromium.value(SORTED % 0), chromium.value(SORTED % 1))


def test_a_heading_sorts_by_keyboard(pages, chromium):
    chromium.open(pages["sweep"])
    chromium.value("document.querySelectorAll('#trials thead button')[0].focus()")
    chromium.press("Enter")
    assert "ascending" == chromium.value(SORTED % 0)


def test_a_row_lights_the_line_of_its_trial(pages, chromium):
    chromium.open(pages["sweep"])
    chromium.value("document.querySelector('tr[data-key=trial-3]').click()")
    assert 1 == chromium.value("document.querySelectorAll('svg g.lit[id$=trial-3]').length")
    assert chromium.value("document.querySelector('.reading').textContent").startswith("trial 3 · ")


def test_print_opens_what_is_folded_and_breaks_no_page(pages, chromium):
    chromium.open(pages["run"])
    printed = chromium.pdf()
    assert printed.startswith(b"%PDF")
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12
    assert chromium.value("document.querySelectorAll('details[open]').length") == 0, "folded again afterwards"
