"""YAML text to plain values with line numbers, and back.

Scalars follow the core schema of YAML 1.2: `1e-4` is a number, `no` and `yes` are text, `017` is seventeen.
A duplicate key is an error. Reading and writing share one table of patterns, so whatever is written reads
back as the same values.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from nettrain.errors import SpecError, shortened
from nettrain.experiment.yaml_nodes import EXPLICIT, CoreSchema, compose

KeyPath = tuple[str | int, ...]
PlainValue: TypeAlias = "bool | int | float | str | list[PlainValue] | dict[str, PlainValue] | None"
MOST_OF_KEY = 200  # characters of a dotted key in a message
MAX_DIGITS = 1000  # characters of a whole number; Python converts no more than 4300
LINE_BREAKS = re.compile("[\n\r\x85\u2028\u2029]")
HALVES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
UNUSABLE = re.compile("[\0\ud800-\udfff]")  # in text: no file can be called so, or be written in UTF-8


class _Dumper(CoreSchema, yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Text with line breaks goes on one line with escapes: YAML folds some of them into spaces."""
        style = '"' if LINE_BREAKS.search(text) else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _Dumper.represent_text)


@dataclass
class Document:
    """Plain values, the location of each (such as `iris.yaml:14`), and the problems found while reading."""

    values: PlainValue
    locations: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def block(self) -> dict[str, PlainValue]:
        """The values as a block of keys, empty when they are anything else."""
        return self.values if isinstance(self.values, dict) else {}

    def location(self, path: KeyPath) -> str:
        """Where this key is, or else the nearest key that encloses it."""
        while path and path not in self.locations:
            path = path[:-1]
        return self.locations.get(path, "")


def parse(text: str, label: str, *, lines: bool = True) -> Document:
    """The values of a YAML text.

    `label` names the text in locations, followed by the line number if `lines` is true. Raises SpecError
    when the text is not valid YAML or too long; other problems are collected in the document.
    """

    def locate(line: int) -> str:
        return f"{label}:{line + 1}" if lines else label

    builder = _Builder(Document(None, {(): locate(0)}), locate)
    node = compose(text, label, locate)
    try:
        if node is not None:
            builder.document.values = builder.build(node, ())
    except RecursionError:
        raise SpecError(f"{label}: nested too deeply") from None
    return builder.document


def dump(values: object, *, one_line: bool = False) -> str:
    """YAML text from which `parse` restores exactly these values; short lists of scalars are on one line."""
    return yaml.dump(
        values,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf") if one_line else 100,
        default_flow_style=True if one_line else None,
    )


@dataclass(frozen=True)
class _Builder:
    """Fills a document from PyYAML's nodes; `locate` turns a line number into a location."""

    document: Document
    locate: Callable[[int], str]

    def build(self, node: yaml.Node, path: KeyPath) -> PlainValue:
        """The value of a node; the locations of its keys and its problems join the document."""
        location = self.locate(node.start_mark.line)
        self.document.locations.setdefault(path, location)
        if node.tag.startswith(EXPLICIT):
            tag = node.tag.removeprefix(EXPLICIT).replace("tag:yaml.org,2002:", "!!")
            self._report(location, path, f"the tag {tag} is not allowed")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, k)) for k, item in enumerate(node.value)]
        return self._scalar(node, path, location)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, PlainValue]:
        values: dict[str, PlainValue] = {}
        for key_node, value_node in node.value:
            location = self.locate(key_node.start_mark.line)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag.startswith(EXPLICIT):
                self._report(location, path, "a key must be plain text")
                continue
            # a key is its text: `1: a` and `null: a` name the keys "1" and "null"
            key = _joined(key_node.value)
            if UNUSABLE.search(key):
                self._report(location, path, _unusable(key))
                continue
            if key in values:
                self._report_duplicate(location, (*path, key))
                continue
            self.document.locations[(*path, key)] = location
            value = self.build(value_node, (*path, key))
            if not value_node.tag.startswith(EXPLICIT):  # reported already, one problem is enough
                values[key] = value
        return values

    def _scalar(self, node: yaml.Node, path: KeyPath, location: str) -> PlainValue:
        text = _joined(node.value)
        match node.tag.rpartition(":")[2]:
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return self._integer(text, path, location)
            case "float":
                return float(re.sub(r"\.(inf|nan)$", r"\1", text.lower()))
        if UNUSABLE.search(text):
            self._report(location, path, _unusable(text))
            return ""
        return text

    def _integer(self, text: str, path: KeyPath, location: str) -> int:
        if len(text) > MAX_DIGITS:
            self._report(location, path, f"a number of {len(text):,} digits is too long")
            return 0
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)

    def _report_duplicate(self, location: str, path: KeyPath) -> None:
        first = self.document.locations[path]
        self._report(location, path, "given twice" + ("" if first == location else f", first at {first}"))

    def _report(self, location: str, path: KeyPath, problem: str) -> None:
        key = f"{dotted_key(path)}: " if path else ""
        self.document.problems.append(f"{location}: {key}{problem}")


def dotted_key(path: KeyPath) -> str:
    """A key for messages, such as `model.hidden`, shortened where a file makes it very long."""
    return shortened(".".join(map(str, path)), MOST_OF_KEY)


def _joined(text: str) -> str:
    """The text with the characters that JSON writes in two halves, such as `\\ud83d\\ude00`."""
    return HALVES.sub(lambda halves: halves[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _unusable(text: str) -> str:
    """What is wrong with text in which an escape such as `\\0` makes a character that cannot be used."""
    match = UNUSABLE.search(text)
    return f"the character U+{ord(match[0]) if match else 0:04X} is not allowed"
