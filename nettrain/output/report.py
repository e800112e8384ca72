"""What a run prints before and after its training."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nettrain.catalogue.metrics import metrics
from nettrain.inference.intervals import ByTarget
from nettrain.model.architecture import INPUT, OUTPUT, Architecture, Block
from nettrain.output.fitting import fits
from nettrain.output.interval_tables import intervals_by_split
from nettrain.output.members import endings, members_table, unconverged
from nettrain.output.numbers import count, figure, plural, seconds, spread
from nettrain.output.postprocessing import postprocessing_lines, uncalibrated_lines
from nettrain.output.progress import heading, title
from nettrain.store.summary import (
    Ending,
    Improving,
    LossParts,
    Metrics,
    NetworkSummary,
    RunBaseline,
    RunSummary,
    Timing,
)

NEARLY = 0.005  # two figures that differ by less are not worth two columns
MAX_CLASS = 12  # characters of a class's name in a heading
LABEL = 9  # characters of the labels in front of lines
REASONS = {
    "epochs": "",  # the number of epochs says it
    "early_stopping": "early stopping",
    "converged": "converged",
    "line_search": "the line search found no lower objective,",
    "target": "target reached",
    "max_seconds": "time limit reached",
    "diverged": "diverged, a figure became NaN or infinite,",
    "interrupted": "interrupted",
    "pruned": "pruned, others did better,",
    "various": "for various reasons",
}


def head(console: Console, name: str, facts: Mapping[str, str], notes: Iterable[str]) -> None:
    """The experiment's name, facts about it on labelled lines, then notes."""
    console.print(Text(name, style="bold cyan"))
    console.print(labelled(facts))
    remarks = _grid()
    for note in notes:
        remarks.add_row(Text("note", style="dim"), Text(note, style="dim"))
    if remarks.row_count:
        console.print(remarks)


def final_report(
    console: Console,
    architecture: Architecture,
    summary: RunSummary,
    folder: Path,
    files: Sequence[str],
    *,
    drawing: float = 0.0,
) -> None:
    """Architecture, metrics, why training stopped, what was restored, where the files are, the next command.

    `drawing` is how many seconds the pictures took, which the summary does not count.
    """
    table = _architecture(architecture, summary["output_activation"])
    report_beside(table, console, summary, folder, files, drawing=drawing)


def report_beside(
    table: Table,
    console: Console,
    summary: RunSummary,
    folder: Path,
    files: Sequence[str],
    *,
    drawing: float = 0.0,
) -> None:
    """The report with a table of what was trained, beside which the metrics stand if there is room."""
    _side_by_side(console, table, _metrics(summary))
    if "mean" in summary:
        console.print(members_table(console, summary, _beside_the_loss(summary["mean"])))
    if any(one["intervals"] for one in _last_split(summary).values()):
        console.print(intervals_by_split(summary["distribution"]))
    if "baseline" in summary:
        console.print(labelled({"baseline": summary["baseline"]["prediction"]}))
        # of folds the means, as test rows that all networks predict together have no loss
        compared = summary["mean"] if "folds" in summary else summary["metrics"]
        warn_of_worse(console, compared, summary["baseline"])
    if "postprocessing" in summary:
        console.print(labelled({"predicts": postprocessing_text(summary)}))
    if "entropy" in summary:
        console.print(labelled({"entropy": loss_parts(summary["entropy"])}))
    console.print(labelled({"stopped": ending(summary), "time": _time(summary["timing"], drawing)}))
    console.print(labelled({"files": ", ".join(files)}))
    # paths are to be copied: never broken into two lines
    quoted = shlex.quote(str(folder))
    last = {"folder": str(folder), "next": f"nettrain predict {quoted} DATA"}
    if all(network["status"] == "diverged" for network in _networks(summary)):
        last["next"] = advice(summary)
    if summary["status"] == "interrupted":
        last["next"] = f"nettrain resume {quoted}"
    if "improving" in summary:
        last = {"improve": improving(summary), "go on": continuation(summary["improving"], folder), **last}
    for name, text in last.items():
        console.print(Text.assemble((f"{name:<{LABEL}}", "bold"), text), soft_wrap=True)


def _last_split(summary: RunSummary) -> ByTarget:
    """How good predicted distributions are on test rows, or else validation or training rows; or {}."""
    return list(summary.get("distribution", {}).values() or [{}])[-1]


def postprocessing_text(summary: RunSummary) -> str:
    """What was fitted to predictions after training, a line each, and what calibration has changed."""
    applied = summary["postprocessing"]
    lines = postprocessing_lines(applied, summary.get("positive", ""))
    own = ["each network has its own, these are of the first"] if _predict_alone(summary) else []
    return "\n".join([*lines, *own, *uncalibrated_lines(applied, summary["metrics"])])


def _predict_alone(summary: RunSummary) -> bool:
    """Whether there are several networks, which do not predict together."""
    return "members" in summary and not summary.get("joint")


def loss_parts(parts: Mapping[str, LossParts]) -> str:
    """Each cross-entropy as `val loss 0.53 = entropy 0.50 + divergence 0.03`, a line for each."""
    lines = [
        f"{title('running_loss' if split == 'running' else f'{split}_loss')} {figure(one['loss'])}"
        f" = {'smoothed ' if split == 'running' else ''}entropy {figure(one['entropy'])}"
        f" + divergence {figure(one['divergence'])}"
        for split, one in parts.items()
    ]
    return "\n".join(lines)


def improving(summary: RunSummary) -> str:
    """`val loss was still improving, best in epoch 99 of 100; more epochs may lower it further`."""
    networks, many = len(_networks(summary)), summary["improving"]["networks"]
    monitor, best = title(summary["monitor"]), summary["best_epoch"]
    if networks > 1:
        which = "folds" if "folds" in summary else "networks"
        return f"{monitor} was still improving in {many} of {networks} {which}"
    return f"{monitor} was still improving: best in epoch {best} of {summary['epochs_run']}"


def continuation(improving: Improving, folder: Path) -> str:
    """The command that goes on."""
    overrides = " ".join(improving["overrides"])
    if improving["resumable"]:
        return f"nettrain resume {shlex.quote(str(folder))} {overrides}"
    return f"nettrain train {shlex.quote(str(folder / 'config.yaml'))} {overrides}"


def counting(summary: RunSummary) -> Sequence[NetworkSummary]:
    """The different networks that have a part in the prediction."""
    return [one for one in summary.get("networks", []) if one["count"]]


def _networks(summary: RunSummary) -> Sequence[Ending]:
    """The endings of all members, or of the only one."""
    return summary.get("members") or summary.get("folds") or [summary]


def advice(summary: RunSummary) -> str:
    """What to try after a divergence, as overrides."""
    cause = _networks(summary)[0].get("divergence")
    tries = cause["advice"] if cause else ["a smaller optimizer.learning_rate"]
    return f"try {' or '.join(tries)}"


def _side_by_side(console: Console, *tables: Table) -> None:
    """Tables next to each other where they fit, otherwise one below the other."""
    row = Table.grid(padding=(0, 4))
    row.add_row(*tables)
    for table in [row] if fits(console, row) else tables:
        console.print(table)


def _grid() -> Table:
    table = Table.grid(padding=(0, 0))
    table.add_column(width=LABEL, no_wrap=True)
    table.add_column(overflow="fold")
    return table


def labelled(facts: Mapping[str, str]) -> Table:
    """Names in bold, each with its text."""
    table = _grid()
    for name, value in facts.items():
        table.add_row(Text(name, style="bold"), Text(value))
    return table


def _architecture(architecture: Architecture, output_activation: str) -> Table:
    """Blocks and their parameters; the last one's activation is the one that the loss brings, if any."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold", show_footer=True)
    table.add_column("layer", footer="total")
    table.add_column("units", justify="right")
    table.add_column("activation")
    table.add_column("parameters", justify="right", footer=count(architecture.parameters))
    (name, units, stages, learned), *rows = block_rows(architecture, output_activation)
    table.add_row(name, count(units), stages, count(learned) if learned else "", style="dim")
    for name, units, stages, parameters in rows:
        table.add_row(name, count(units), stages, count(parameters))
    return table


def block_rows(architecture: Architecture, output_activation: str) -> list[tuple[str, int, str, int]]:
    """Name, units, layers and parameters of each block, the input first.

    Layers of the input that learn have rows of their own.
    """
    rows = list(_input_rows(architecture))
    for block in architecture.blocks:
        if block.name == INPUT:
            continue
        stages = _stages(architecture, block)
        if block.name == OUTPUT and output_activation not in ("", "linear"):
            stages[-1] = output_activation
        units, parameters = architecture.width_of(block), architecture.parameters_of(block)
        rows.append((block.name, units, " + ".join(stages), parameters))
    return rows


def _input_rows(architecture: Architecture) -> Iterator[tuple[str, int, str, int]]:
    """The inputs, with what is done to them without parameters, and the layers that learn behind them."""
    nodes = [node for node in architecture.chain if node.block.name == INPUT]
    plain = [node.layer.summary(()) for node in nodes if not node.learns]
    yield INPUT, architecture.inputs, " + ".join(filter(None, plain)), 0
    for node in nodes:
        if node.learns:
            yield node.layer.name.replace("_", " "), node.outputs, node.layer.summary(()), node.parameters


def _stages(architecture: Architecture, block: Block) -> list[str]:
    """What a block is made of, in the order of a pass, as far as it does not go without saying."""
    layers = [node.layer for node in architecture.nodes if node.block is block]
    texts = (layer.summary(layers[k + 1 :]) for k, layer in enumerate(layers))
    return [text for text in texts if text]


def _metrics(summary: RunSummary) -> Table:
    """Figures of each split, with the standard deviation over networks, above those of the baseline."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("rows")
    splits, names = summary["metrics"], headlines(summary["metrics"])
    sd: Metrics = {} if summary.get("joint") else summary.get("sd", {})
    if "folds" in summary:  # which predict test rows together
        sd = {split: named for split, named in sd.items() if split != "test"}
    baseline: Metrics = summary["baseline"]["metrics"] if "baseline" in summary else {}
    for name in names:
        table.add_column(heading(name, shortened(summary.get("positive", ""))), justify="right")
    for split, values in splits.items():
        style = "bold green" if split == "test" else ""
        shown = (spread(values.get(name), sd.get(split, {}).get(name)) for name in names)
        table.add_row(split, *shown, style=style)
        if split in baseline:
            constant = (figure(baseline[split].get(name)) for name in names)
            table.add_row("  baseline", *constant, style="dim")
    return table


def shortened(name: str) -> str:
    """The name of a class for a heading."""
    return name if len(name) <= MAX_CLASS else f"{name[: MAX_CLASS - 1]}…"


def warn_of_worse(console: Console, metrics: Metrics, baseline: RunBaseline) -> None:
    """Print in which figures a run is worse than the baseline, if it is in any."""
    comparisons = []
    for one in baseline["worse"]:
        split, _, name = one.partition("_")
        value, constant = metrics[split][name], baseline["metrics"][split][name]
        comparisons.append(f"{title(one)} {figure(value)} against {figure(constant)}")
    if comparisons:
        text = f"worse than the baseline: {', '.join(comparisons)}"
        console.print(labelled({"warning": text}), style="yellow")


def _beside_the_loss(splits: Metrics) -> str:
    """The first headline metric, "" where there is none."""
    return next((name for name in headlines(splits) if name != "loss"), "")


def headlines(splits: Metrics) -> list[str]:
    """The figures worth a column: the loss and the headline metrics that differ from those they resemble."""
    names = dict.fromkeys(name for named in splits.values() for name in named)
    return [name for name in names if name == "loss" or _is_informative(name, splits)]


def _is_informative(name: str, splits: Metrics) -> bool:
    if name not in metrics or not metrics[name].headline:
        return False
    similar = metrics[name].similar_to
    pairs = [(named.get(name), named.get(similar)) for named in splits.values() if similar]
    return not pairs or any(a is None or b is None or abs(a - b) >= NEARLY for a, b in pairs)


def ending(summary: RunSummary) -> str:
    """`early stopping after 37 epochs; the weights of epoch 27, the best, were restored`."""
    several = summary.get("members") or summary.get("folds") or counting(summary)
    if several:
        return endings(several, summary["monitor"], REASONS)
    epochs, best = summary["epochs_run"], summary["best_epoch"]
    text = f"{REASONS[summary['stop_reason']]} after {plural(epochs, 'epoch')}".strip()
    if "divergence" in summary:
        text = f"diverged: {summary['divergence']['text']}"
        kept = f"the best weights, of epoch {best}," if summary["restored_best"] else "the last good weights"
        return f"{text}; {kept} are kept"
    within_epoch = summary["stop_reason"] == "early_stopping"  # by an evaluation there
    if summary["unfinished_steps"] and (within_epoch or not summary["restored_best"]):
        text += f" and {plural(summary['unfinished_steps'], 'step')}"
    rises = summary.get("objective_rises", 0)
    if rises and unconverged(summary):
        text += f", not converged: the objective rose in {plural(rises, 'epoch')}"
    if summary["restored_best"]:
        return f"{text}; the weights of epoch {best}, the best by {title(summary['monitor'])}, were restored"
    if best is None or best == epochs or summary["stop_reason"] == "target":
        return f"{text}; the last weights are kept"
    return f"{text}; the last weights are kept (best {title(summary['monitor'])} in epoch {best})"


def _time(timing: Timing, drawing: float) -> str:
    step = seconds(timing["microseconds_per_step"] / 1e6)
    pictures = f" (pictures {seconds(drawing)})" if drawing else ""
    whole, trained = seconds(timing["total_seconds"] + drawing), seconds(timing["train_seconds"])
    return f"{whole} in all{pictures}, {trained} in {plural(timing['steps'], 'step')} of {step}"
