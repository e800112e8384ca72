"""What is said of a case: medians, ratios of the same round, and whether they are as asked."""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from peers.sides import OURS, PRODUCTS, SIDES

from cases.case import CASES, FASTER, Ask
from cases.turns import Compared, Turns

ALIKE = 1.5  # the largest loss of sides that train the same network, at most so many times the smallest


def figures(compared: Compared) -> dict[str, Any]:
    """The figures of a case, as JSON has them."""
    case, sides = CASES[compared.case], compared.sides
    shown = {
        "title": case.title,
        "threads": compared.threads,
        "generated": compared.generated,
        "sides": {side: side_figures(turns, sides.get(OURS)) for side, turns in sides.items()},
        "missing": compared.missing,
        "ask": case.ask.share,
        "alike": alike(sides),
    }
    return {**shown, **against(case.ask, sides)}


def side_figures(turns: Turns, ours: Turns | None) -> dict[str, Any]:
    """Medians and every round of a side, and nettrain's time as a share of its time."""
    shown: dict[str, Any] = {
        "version": turns.version,
        "microseconds": spread(turns.microseconds),
        "each_round": [round(value, 1) for value in turns.microseconds],
    }
    if not any(map(math.isnan, turns.losses)):
        shown["loss"] = float(np.median(turns.losses))
    if ours is not None:
        shown["nettrain_to_this"] = spread(ratios(ours, turns))
    return shown


def against(ask: Ask, sides: Mapping[str, Turns]) -> dict[str, Any]:
    """The fastest of those asked for, the median ratio to it, and whether it is at most what is asked."""
    rivals = {side: np.median(sides[side].microseconds) for side in ask.of if side in sides}
    if OURS not in sides or not rivals:
        return {}
    fastest = min(rivals, key=rivals.__getitem__)
    ratio = float(np.median(ratios(sides[OURS], sides[fastest])))
    return {"fastest": fastest, "ratio": ratio, "met": ratio <= ask.share}


def ratios(ours: Turns, other: Turns) -> tuple[float, ...]:
    """Our time as a share of another's in each round."""
    pairs = zip(ours.microseconds, other.microseconds, strict=True)
    return tuple(mine / its for mine, its in pairs)


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, minimum and maximum."""
    array = np.array(list(values))
    return {"median": float(np.median(array)), "min": float(array.min()), "max": float(array.max())}


def alike(sides: Mapping[str, Turns]) -> bool:
    """Whether all sides that learn end with about the same loss, so that they did the same work."""
    losses = [float(np.median(turns.losses)) for side, turns in sides.items() if side != PRODUCTS]
    return not losses or max(losses) <= ALIKE * min(losses)


def store(path: Path, measured: Mapping[str, Any]) -> dict[str, Any]:
    """Keep these figures in a file beside those of other cases; returns all, in the order of CASES."""
    kept = json.loads(path.read_text()) if path.is_file() else {}
    kept |= measured
    ordered = {name: kept[name] for name in CASES if name in kept}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(ordered, indent=2))
    return ordered


def markdown(cases: Mapping[str, Mapping[str, Any]]) -> str:
    """A table with a row per case, as the documentation has it, and what is to be said about it."""
    labels = [SIDES[side].label for side in FASTER]
    head = ["", "nettrain", *labels, *(f"/ {label}" for label in labels), "asked", "products"]
    rows = [head, ["---", *["---:"] * 7], *(row(name, shown) for name, shown in cases.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(n) for cell, n in zip(line, widths, strict=True)) for line in rows]
    notes = ["µs per step, medians; products: their share of nettrain's time", *remarks(cases)]
    return "\n".join([*(f"| {line} |" for line in lines), "", *notes])


def row(name: str, shown: Mapping[str, Any]) -> list[str]:
    """Times, ratios and what is asked of a case."""
    sides = shown["sides"]
    times = [
        microseconds(sides[side]["microseconds"]["median"]) if side in sides else ""
        for side in (OURS, *FASTER)
    ]
    to = {side: one["nettrain_to_this"]["median"] for side, one in sides.items() if OURS in sides}
    ratios = [f"{to[side]:.2f}" if side in to else "" for side in FASTER]
    asked = f"{shown['ask']:.2f}" + (f" {SIDES[shown['fastest']].label}" if "fastest" in shown else "")
    return [name, *times, *ratios, asked, f"{1 / to[PRODUCTS]:.0%}" if PRODUCTS in to else ""]


def microseconds(value: float) -> str:
    """Three or more digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def remarks(cases: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Which networks the cases are, and what makes figures doubtful."""
    lines = [f"{name}: {shown['title']}, {threads(shown)}" for name, shown in cases.items()]
    for name, shown in cases.items():
        lines += [f"{name} lacks {side}: {reason}" for side, reason in shown["missing"].items()]
        if shown["generated"]:
            lines.append(f"{name}: generated rows in place of {CASES[name].table}")
        if not shown["alike"]:
            lines.append(f"{name} is void: the sides end with different losses, {losses(shown)}")
    return lines


def threads(shown: Mapping[str, Any]) -> str:
    """The number of processors that each side has."""
    return f"{shown['threads']} thread{'s' * (shown['threads'] > 1)}"


def losses(shown: Mapping[str, Any]) -> str:
    """The loss of each side that has one."""
    found = {side: one["loss"] for side, one in shown["sides"].items() if "loss" in one}
    return ", ".join(f"{side} {loss:.3g}" for side, loss in found.items())
