"""The page of errors, `docs/errors.md`."""

from collections.abc import Iterable
from typing import Any

from mistakes.mistake import COMMAND_LINE, FILES, INTERNAL, INTERRUPT, PURPOSE, Mistake
from mistakes.provoke import Failure

HEAD = """\
# Errors

Every error is a line for each problem, on standard error: where it is (a line of the experiment file, an
override, a cell of a table), what is wrong, and what is allowed or was probably meant. The exit code says
what kind of error it is. The Python interface raises the classes below, all of them `nettrain.NettrainError`,
with the same text. `--debug` adds where in nettrain it arose.

This page is written by `scripts/errors`, which makes each mistake and copies what is printed.

| exit code | class or kind | when |
|---|---|---|
| 0 | | The command has succeeded. |
{rows}

The examples begin with a table `flowers.csv` of three species, the experiment `flowers.yaml` and its run
`runs/flowers`:

```yaml
{experiment}```
"""
KINDS = {
    COMMAND_LINE: "An argument is missing, or a command or an option does not exist.",
    PURPOSE: "The files are valid, but training diverged, a check failed, or no trial finished.",
    INTERRUPT: "A signal has ended the command: 128 and the number of the signal.",
    INTERNAL: "A bug of nettrain: this should not happen.",
}
CODES = {COMMAND_LINE: (2,), PURPOSE: (1,), INTERRUPT: (130, 143), INTERNAL: (1,)}


def error_classes() -> dict[str, Any]:
    """The classes of errors, from the general to the special."""
    from nettrain import errors

    found: dict[str, Any] = {}
    waiting: list[Any] = [errors.NettrainError]
    while waiting:
        one = waiting.pop(0)
        found[one.__name__] = one
        waiting += one.__subclasses__()
    return found


def codes() -> dict[str, tuple[int, ...]]:
    """The exit codes of every class and kind."""
    return {name: (one.code,) for name, one in error_classes().items()} | CODES


def page(failures: Iterable[tuple[Mistake, Failure]]) -> str:
    """The whole page."""
    meanings = {name: " ".join(one.__doc__.split()) for name, one in error_classes().items()} | KINDS
    meanings["NettrainError"] = (
        "The base class of all errors; raised itself when a disk, a cluster or a worker fails."
    )
    known = codes()
    order = sorted(known, key=lambda kind: known[kind])
    rows = "\n".join(
        f"| {', '.join(map(str, known[kind]))} | {_name(kind)} | {meanings[kind]} |" for kind in order
    )
    parts = [HEAD.format(rows=rows, experiment=FILES["flowers.yaml"])]
    made = [*failures]
    for kind in order:
        parts.append(
            f"\n## {_name(kind)}\n\nExit code {' or '.join(map(str, known[kind]))}. {meanings[kind]}\n"
        )
        parts += [_example(mistake, failure) for mistake, failure in made if failure.kind == kind]
    return "".join(parts)


def _name(kind: str) -> str:
    return kind if kind in KINDS else f"`{kind}`"


def _example(mistake: Mistake, failure: Failure) -> str:
    where = f", on a machine {mistake.where}" if mistake.where else ""
    files = "".join(
        f"`{name}`:\n\n```{'yaml' if name.endswith('.yaml') else ''}\n{content}```\n\n"
        for name, content in mistake.files.items()
        if isinstance(content, str) and content
    )
    title = mistake.title[0].upper() + mistake.title[1:]
    printed = f"```\n$ {mistake.command}\n{failure.message}\n```\n\n"
    return f"\n**{title}**{where}\n\n{files}{printed}{mistake.remedy}\n"
