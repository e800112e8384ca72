"""How long each phase of a run took, as a table."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from nettrain.output.numbers import seconds


def profile_table(console: Console, times: Mapping[str, float], steps: int, per_step: Sequence[str]) -> None:
    """Print time and share of every phase in `times` (seconds), whose last entry is the total.

    Phases named in `per_step` also get their time per step, of which there were `steps`.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    *phases, (total_name, total) = times.items()
    shown = [name for name, _ in phases if name in per_step]
    together = sum(times[name] for name in shown) / max(steps, 1)
    table.add_column("phase", footer=total_name)
    table.add_column("time", justify="right", footer=seconds(total))
    table.add_column("share", justify="right", footer="100.0 %")
    table.add_column("per step", justify="right", footer=seconds(together))
    for name, spent in phases:
        each = seconds(spent / max(steps, 1)) if name in per_step else ""
        table.add_row(name, seconds(spent), f"{100 * spent / total:.1f} %", each)
    console.print(table)
