"""YAML text to plain values with line numbers, and back.

Scalars follow YAML 1.2's core schema: 1e-4 is a number, `no` and `yes` are text, 017 is seventeen.
A key given twice is an error. One table of patterns serves reading and writing, so that what is written is
read back as it was.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from nettrain.errors import SpecError

Path = tuple[str | int, ...]

SCALARS: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", "~nN"),
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
)


class _Core:
    """The implicit scalars of YAML 1.2 instead of 1.1."""

    yaml_implicit_resolvers: dict[Any, Any] = {}


class _Loader(_Core, yaml.SafeLoader):
    pass


class _Dumper(_Core, yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


for _tag, _pattern, _first in SCALARS:
    for _character in [*_first, *([""] if _tag.endswith("null") else [])]:
        _Core.yaml_implicit_resolvers.setdefault(_character, []).append(
            (_tag, re.compile(rf"^(?:{_pattern})$"))
        )


@dataclass
class Document:
    """Plain values, where each of them came from (`iris.yaml:14`), and what is wrong already."""

    values: Any
    places: dict[Path, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def place(self, path: Path) -> str:
        """Where this key is, or the nearest key around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, "")


def parse(text: str, label: str) -> Document:
    """The values of a YAML text; `label` names it in places. Raises SpecError when it is no YAML."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SpecError(f"{label}{line}: not valid YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise SpecError(f"{label}: not valid YAML: {error}") from error
    document = Document(None, {(): f"{label}:1"})
    if node is not None:
        document.values = _construct(node, (), label, document)
    return document


def dump(values: Any) -> str:
    """YAML text from which `parse` gives these very values; short lists of plain values on one line."""
    return yaml.dump(
        values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )


def parse_value(text: str, label: str) -> Any:
    """One YAML value, as an override gives it."""
    document = parse(text, label)
    if document.problems:
        raise SpecError(document.problems)
    return document.values


def _construct(node: yaml.Node, path: Path, label: str, document: Document) -> Any:
    place = f"{label}:{node.start_mark.line + 1}"
    document.places.setdefault(path, place)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, label, document)
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(item, (*path, k), label, document) for k, item in enumerate(node.value)
        ]
    return _scalar(node, place, document)


def _mapping(node: yaml.MappingNode, path: Path, label: str, document: Document) -> Any:
    values: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        place = f"{label}:{key_node.start_mark.line + 1}"
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(f"{place}: a key must be plain text")
            continue
        key = _scalar(key_node, place, document)
        if key in values:
            first = document.places[(*path, key)]
            document.problems.append(f"{place}: {_dotted(path, key)}: given twice, first at {first}")
            continue
        document.places[(*path, key)] = place
        values[key] = _construct(value_node, (*path, key), label, document)
    return values


def _scalar(node: yaml.Node, place: str, document: Document) -> Any:
    text = node.value
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        case "float":
            return float(re.sub(r"\.(inf|nan)$", r"\1", text.lower()))
        case "str":
            return text
    document.problems.append(f"{place}: the tag {node.tag} is not allowed")
    return None


def _dotted(path: Path, key: Any) -> str:
    return ".".join(str(part) for part in (*path, key))
