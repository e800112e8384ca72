"""YAML text to plain values with line numbers, and back.

Scalars follow YAML 1.2's core schema: 1e-4 is a number, `no` and `yes` are text, 017 is seventeen.
A key given twice is an error. One table of patterns serves reading and writing, so that what is written is
read back as it was.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from nettrain.errors import SpecError

Path = tuple[str | int, ...]
Place = Callable[[int], str]
LONGEST = 1000  # characters of a whole number; Python writes no more than 4300
BREAKS = re.compile("[\n\r\x85\u2028\u2029]")
GIVEN = "given "  # before a tag that stands in the text

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

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}


class _Loader(_Core, yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node; a tag that the text gives is marked, to be told from one that the scalar's form implies."""
        given = getattr(self.peek_event(), "tag", None)  # type: ignore[no-untyped-call]
        node = super().compose_node(parent, index)
        if node is not None and given is not None:
            node.tag = f"{GIVEN}{given}"
        return node


class _Dumper(_Core, yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        """Text with line breaks goes on one line with escapes: YAML folds some of them into spaces."""
        return self.represent_scalar("tag:yaml.org,2002:str", text, '"' if BREAKS.search(text) else None)


_Dumper.add_representer(str, _Dumper.represent_text)


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


def parse(text: str, label: str, *, lines: bool = True) -> Document:
    """The values of a YAML text; `label` names it in places, followed by the line unless told otherwise.

    Raises SpecError when it is no YAML.
    """

    def place(line: int) -> str:
        return f"{label}:{line + 1}" if lines else label

    document = Document(None, {(): place(0)})
    try:
        node = yaml.compose(text, Loader=_Loader)
        if node is not None:
            document.values = _construct(node, (), place, document)
    except yaml.MarkedYAMLError as error:
        where = place(error.problem_mark.line) if error.problem_mark else label
        what = ", ".join(part for part in (error.context, error.problem) if part)
        raise SpecError(f"{where}: not valid YAML: {what}") from error
    except yaml.reader.ReaderError as error:
        what = f"the character U+{error.character:04X} is not allowed"
        where = place(text.count("\n", 0, error.position))
        raise SpecError(f"{where}: not valid YAML: {what}") from error
    except RecursionError:  # an alias inside its own anchor comes here too
        raise SpecError(f"{label}: nested too deeply") from None
    return document


def dump(values: Any, *, one_line: bool = False) -> str:
    """YAML text from which `parse` gives these very values; short lists of plain values on one line."""
    return yaml.dump(
        values,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=float("inf") if one_line else 100,
        default_flow_style=True if one_line else None,
    )


def _construct(node: yaml.Node, path: Path, place: Place, document: Document) -> Any:
    here = place(node.start_mark.line)
    document.places.setdefault(path, here)
    if node.tag.startswith(GIVEN):
        tag = node.tag.removeprefix(GIVEN).replace("tag:yaml.org,2002:", "!!")
        document.problems.append(f"{here}: {_dotted(path)}the tag {tag} is not allowed")
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, place, document)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, (*path, k), place, document) for k, item in enumerate(node.value)]
    return _scalar(node, path, here, document)


def _mapping(node: yaml.MappingNode, path: Path, place: Place, document: Document) -> Any:
    values: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        here = place(key_node.start_mark.line)
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag.startswith(GIVEN):
            document.problems.append(f"{here}: {_dotted(path)}a key must be plain text")
            continue
        # a key is its text: `1: a` and `null: a` name the keys "1" and "null"
        key = key_node.value
        if key in values:
            first = document.places[(*path, key)]
            where = "" if first == here else f", first at {first}"
            document.problems.append(f"{here}: {_dotted((*path, key))}given twice{where}")
            continue
        document.places[(*path, key)] = here
        value = _construct(value_node, (*path, key), place, document)
        if not value_node.tag.startswith(GIVEN):  # already a problem, its null would be a second one
            values[key] = value
    return values


def _scalar(node: yaml.Node, path: Path, here: str, document: Document) -> Any:
    text = node.value
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int":
            return _whole(text, path, here, document)
        case "float":
            return float(re.sub(r"\.(inf|nan)$", r"\1", text.lower()))
    return text


def _whole(text: str, path: Path, here: str, document: Document) -> int:
    if len(text) > LONGEST:
        document.problems.append(f"{here}: {_dotted(path)}a number of {len(text)} digits is too long")
        return 0
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _dotted(path: Path) -> str:
    """`training.epochs: `, to stand before what is said of it."""
    return f"{'.'.join(map(str, path))}: " if path else ""
