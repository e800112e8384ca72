"""The packages of the data room import only those before them, and no modules import each other in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ["tables", "cell_formats", "reading", "columns", "targets", "splitting"]


def name_of(file):
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


GRAPH = {
    name_of(file): {
        node.module
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("nettrain.data.")
    }
    for file in sorted((ROOT / "nettrain" / "data").rglob("*.py"))
}


def package(module):
    return (module.split(".") + [""] * 4)[2]


def test_no_circle():
    assert {*GRAPH} <= {*TopologicalSorter(GRAPH).static_order()}


def test_every_package_is_in_the_list():
    assert {*PACKAGES} == {package(name) for name in GRAPH if len(name.split(".")) > 3}


def test_packages_only_import_those_before_them():
    for name, imported in GRAPH.items():
        if package(name) in PACKAGES:
            later = PACKAGES[PACKAGES.index(package(name)) + 1 :]
            assert set() == {package(other) for other in imported} & {*later}, name
