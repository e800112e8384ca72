"""The tables of a check, and whether the requirements on speed, memory and equality hold."""

from typing import Any

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from gpucheck.cases import POPULATIONS

OURS, EAGER, REDUCED = "nettrain", "torch", "torch reduce-overhead"
SHORT = {REDUCED: "torch\nreduce-\noverhead"}  # for a terminal of 80
SINGLE, LARGE = POPULATIONS[1], POPULATIONS[512]


def verdicts(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each requirement with its limit, the measured value (None where there is none) and whether it holds.

    Speed and memory are judged on a GPU only, and not in a quick check.
    """
    judged = found["backend"] == "cupy" and not found["quick"]
    bench = found["benchmark"]
    equal, tests = found["equality"], found["tests"]
    of_a_gpu = [
        ("A: time per step by PyTorch eager's", at_most(0.7), by(bench, "A", EAGER)),
        ("A: time per step by reduce-overhead's", at_most(1.0), by(bench, "A", REDUCED)),
        ("512 members: trial-steps per second by PyTorch eager's", at_least(100), trials_by(bench, EAGER)),
        ("A: device memory by what is needed", at_most(1.2), memory_by_need(bench, "A")),
        ("A: slowest step by the median", at_most(1.5), fact(bench, "A", "slowest_to_median")),
    ]
    always = [
        ("gpu tests that fail", at_most(0), None if tests.get("passed") is None else tests["failed"]),
        ("entries that differ between backends", at_most(0), None if not equal["rows"] else equal["wrong"]),
    ]
    promised = [(*one, judged) for one in of_a_gpu] + [(*one, True) for one in always]
    return [
        {
            "what": what,
            "limit": text,
            "measured": value,
            "holds": holds(value) if asked and value is not None else None,
        }
        for what, (text, holds), value, asked in promised
    ]


def at_most(limit: float) -> tuple[str, Any]:
    """A limit in words and as a test."""
    return f"at most {limit:g}", lambda value: value <= limit


def at_least(limit: float) -> tuple[str, Any]:
    """A limit in words and as a test."""
    return f"at least {limit:g}", lambda value: value >= limit


def fact(bench: dict[str, Any], case: str, name: str) -> Any:
    """A fact that nettrain's side reports about a case."""
    value: Any = bench.get(case, {}).get("sides", {}).get(OURS, {}).get(name)
    return value


def by(bench: dict[str, Any], case: str, side: str) -> float | None:
    """nettrain's time per step as a multiple of another side's."""
    ours, other = fact(bench, case, "microseconds"), side_of(bench, case, side)
    return ours / other if ours and other else None


def side_of(bench: dict[str, Any], case: str, side: str) -> float | None:
    """A side's microseconds per step."""
    value: float | None = bench.get(case, {}).get("sides", {}).get(side, {}).get("microseconds")
    return value


def trials_by(bench: dict[str, Any], side: str) -> float | None:
    """Steps of single networks per second in the largest population, relative to a side that trains one."""
    ours, other = fact(bench, LARGE, "microseconds"), side_of(bench, SINGLE, side)
    return bench[LARGE]["members"] * other / ours if ours and other else None


def memory_by_need(bench: dict[str, Any], case: str) -> float | None:
    """The device memory that is held, relative to data, parameters, state and the arrays of one batch."""
    taken, needed = fact(bench, case, "memory"), fact(bench, case, "memory_needed")
    return taken / needed if taken and needed else None


def summary(found: dict[str, Any]) -> Group:
    """The whole report for a terminal."""
    tables = [equality_table(found["equality"])] if any(map(found["equality"].get, ("rows", "lost"))) else []
    return Group(bench_table(found), caption(found), *tables, verdict_table(found))


def bench_table(found: dict[str, Any]) -> Table:
    """A row per case: µs per step of each side."""
    names = list(dict.fromkeys(name for one in found["benchmark"].values() for name in one["sides"]))
    table = Table(Column("µs per step", no_wrap=True))
    for name in (*names, "÷ torch", "loss"):
        table.add_column(SHORT.get(name, name), justify="right", no_wrap=True)
    for case, one in found["benchmark"].items():
        times = [cell(one["sides"].get(name, {})) for name in names]
        ratio, loss = by(found["benchmark"], case, EAGER), one["sides"].get(OURS, {}).get("loss")
        tail = ("" if ratio is None else f"{ratio:.2f}", "" if loss is None else f"{loss:.3f}")
        table.add_row(case, *times, *tail)
    return table


def cell(side: dict[str, Any]) -> str:
    """A time, or a dash."""
    value = side.get("microseconds")
    return "–" if value is None else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def caption(found: dict[str, Any]) -> Text:
    """The device, how it was measured, and what is missing."""
    lines = [f"{found['backend']} on {found['device']}, {found['rounds']} rounds in turn, medians"]
    lines += [f"{case}: {one['network']}" for case, one in found["benchmark"].items()]
    lines += [f"{name}: {why}" for name, why in found["lost"].items()]
    lines += [f"nettrain: {note}" for note in notes(found["benchmark"])]
    sweep = found["sweep"]
    if sweep.get("seconds"):
        rate = sweep["trials"] / sweep["seconds"]
        lines.append(f"sweep of {sweep['trials']:,} trials: {sweep['seconds']:.1f} s, {rate:.1f} per second")
    return Text("\n".join(lines))


def notes(bench: dict[str, Any]) -> list[str]:
    """The notes of nettrain's backend, each once."""
    by_case = [fact(bench, case, "notes") or [] for case in bench]
    return list(dict.fromkeys(note for notes in by_case for note in notes))


def equality_table(equality: dict[str, Any]) -> Table:
    """A row per group with the largest differences and the names of the entries that differ too much."""
    title = f"{len(equality['rows'])} entries, {equality['steps']} steps, beside NumPy"
    if equality.get("lost"):
        title += "".join(f"\n{share}: {why}" for share, why in equality["lost"].items())
    if equality.get("left_out"):
        title += f"\nnot compared: {', '.join(equality['left_out'])}"
    table = Table("largest difference", caption=Text(title), caption_justify="left")
    for header in ("entries", *equality["limits"], "wrong"):
        table.add_column(header, justify="right")
    for group in dict.fromkeys(row["group"] for row in equality["rows"]):
        rows = [row for row in equality["rows"] if row["group"] == group]
        worst = [f"{max(row.get(dtype, 0.0) for row in rows):.1e}" for dtype in equality["limits"]]
        table.add_row(group, str(len(rows)), *worst, ", ".join(row["name"] for row in rows if row["wrong"]))
    return table


def verdict_table(found: dict[str, Any]) -> Table:
    """A row per requirement."""
    table = Table("promised", "limit")
    for header in ("measured", "holds"):
        table.add_column(header, justify="right")
    for one in found["verdicts"]:
        value = "not measured" if one["measured"] is None else f"{one['measured']:.3g}"
        table.add_row(one["what"], one["limit"], value, {True: "yes", False: "NO", None: "–"}[one["holds"]])
    return table
