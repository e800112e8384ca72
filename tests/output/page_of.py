"""Runs and sweeps for tests of their pages, and pages taken apart."""

import csv
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

import nettrain

EVIL = "<script>alert(\"1\")</script> & 'x' --> ]]>"  # in names of columns and classes, and in cells
VOID = {"meta", "link", "br", "hr", "img"}


@dataclass
class Parsed(HTMLParser):
    """A page: its text, elements by tag, and whether every element that is opened is closed."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self):
        super().__init__(convert_charrefs=True)

    @classmethod
    def of(cls, page):
        """The page in a file or a text."""
        parsed = cls()
        parsed.feed(page.read_text(encoding="utf-8") if isinstance(page, Path) else page)
        parsed.close()
        assert [] == parsed.open
        return parsed

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag == self.open.pop()

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.text.append(data)

    def all(self, tag):
        """The attributes of all elements with a tag."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        """All text that is shown, blanks as one."""
        return re.sub(r"\s+", " ", " ".join(self.text).replace("\u00a0", " "))


def people(folder, rows=240, name="people", evil=False):
    """A file of people of two classes; with `evil`, names and cells are markup."""
    draw = np.random.default_rng(3)
    column, value, positive = (
        (f"city{EVIL}", f"Oslo{EVIL}", f"churn{EVIL}") if evil else ("city", "Oslo", "churn")
    )
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["age", column, "outcome"])
        for _ in range(rows):
            age, city = int(draw.integers(18, 90)), str(draw.choice(["Kyiv", value]))
            stays = age + 20 * (city == "Kyiv") + draw.normal(0, 12) > 62
            table.writerow(["" if draw.random() < 0.05 else age, city, "stay" if stays else positive])
    return path


def train(folder, source, *overrides, name="run", **keys):
    """A run in a folder of this name."""
    experiment = {
        "experiment": name,
        "seed": 1,
        "data": {"source": str(source), "test": 0.25},
        "model": {"hidden": [6]},
        "training": {"epochs": 8, "batch_size": 16},
        **keys,
    }
    return nettrain.train(experiment, *overrides, folder=folder / name)
