"""Where the time of a run went, as a table."""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from nettrain.output.numbers import seconds


def profile_table(console: Console, times: Mapping[str, float], steps: int, per_step: Sequence[str]) -> None:
    """Seconds and share of every phase in `times`, its last being the whole; some also `per_step`."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    *phases, (whole_name, whole) = times.items()
    shown = [name for name, _ in phases if name in per_step]
    together = sum(times[name] for name in shown) / max(steps, 1)
    table.add_column("phase", footer=whole_name)
    table.add_column("time", justify="right", footer=seconds(whole))
    table.add_column("share", justify="right", footer="100.0 %")
    table.add_column("per step", justify="right", footer=seconds(together))
    for name, spent in phases:
        each = seconds(spent / max(steps, 1)) if name in per_step else ""
        table.add_row(name, seconds(spent), f"{100 * spent / whole:.1f} %", each)
    console.print(table)
