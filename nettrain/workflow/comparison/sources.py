"""What is compared: experiments that are to be trained, and runs that have been."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TypeAlias

from nettrain.data.reading.memory import MemoryTables
from nettrain.errors import SpecError
from nettrain.experiment.document import parse
from nettrain.experiment.load import LoadedExperiment
from nettrain.experiment.mistaken_files import YAML
from nettrain.store.run_folder import RunFolder, runs_in
from nettrain.store.sweep_folder import SweepFolder
from nettrain.workflow.run import Run, open_run
from nettrain.workflow.source import ExperimentSource, load_experiment, plain

ComparedSource: TypeAlias = "str | os.PathLike[str] | Mapping[str, object] | Run"
SEEDS = {"data": ("seed",), "model": ("seed",), "training": ("order_seed", "noise_seed")}  # by block
Vary: TypeAlias = Mapping[str, Sequence[object]]


@dataclass(frozen=True, eq=False)
class FoundSource:
    """An experiment that is to be trained, or a run that has been; `name` is that of its file or folder.

    `others` are runs of the same experiment with other seeds.
    """

    name: str
    loaded: LoadedExperiment | None = None
    run: Run | None = None
    others: tuple[Run, ...] = ()


def find_sources(
    sources: Sequence[ComparedSource],
    overrides: Sequence[str] = (),
    vary: Vary | None = None,
    memory: MemoryTables | None = None,
) -> list[FoundSource]:
    """The experiments and runs among files, folders, mappings and runs, in the order given.

    A folder is a run, or stands for the experiment files in it or, without any, for the runs in it; that of a
    sweep stands for its best trial. Each file becomes an experiment with the `overrides`, or several: one for
    each combination of the values to `vary`. Raises SpecError where there is nothing of the kind, and for
    changes of runs, which are as they are.
    """
    changes = [*overrides] + [f"{key}=…" for key in vary or {}]
    found: list[FoundSource] = []
    for source in sources:
        for one in _expanded(source):
            if isinstance(one, Run):
                if changes:
                    raise SpecError(
                        f'"{changes[0]}": a run is read, not trained: {_name(one)} stays as it is'
                    )
                found.append(FoundSource(_name(one), run=one))
            else:
                found += _experiments(one, overrides, vary or {}, memory)
    return found


def _experiments(
    source: ExperimentSource, overrides: Sequence[str], vary: Vary, memory: MemoryTables | None
) -> Iterator[FoundSource]:
    """The experiment with each combination of the values to vary."""
    for chosen in product(*([f"{key}={_text(value)}" for value in values] for key, values in vary.items())):
        loaded = load_experiment(source, [*overrides, *chosen], memory)
        yield FoundSource(str(loaded.file or loaded.experiment.experiment), loaded)


def joined_over_seeds(sources: Sequence[FoundSource]) -> list[FoundSource]:
    """The sources, with runs that differ in their seeds alone as one, if there are others beside them."""
    groups: dict[str, list[FoundSource]] = {}
    for position, source in enumerate(sources):
        groups.setdefault(_without_seeds(source) or f"{position}", []).append(source)
    joined = [_joined(group) for group in groups.values()]
    return joined if len(joined) > 1 else list(sources)


def _without_seeds(source: FoundSource) -> str:
    """The experiment of a run of one network as text, without its seeds and name; "" for anything else."""
    if source.run is None or source.run.summary.keys() & {"members", "folds"}:
        return ""
    experiment = source.run.resolved
    same = {"experiment": "", "sweep": None, "seed": 0}
    for block, names in SEEDS.items():
        settings = getattr(experiment, block)
        same[block] = settings.model_copy(update=dict.fromkeys(names, 0))
    return experiment.model_copy(update=same).model_dump_json()


def _joined(group: Sequence[FoundSource]) -> FoundSource:
    """One source of runs with different seeds, in the order of the seeds."""
    runs = sorted((one.run for one in group if one.run), key=lambda run: run.summary["seed"])
    return group[0] if len(group) == 1 else FoundSource(_name(runs[0]), run=runs[0], others=tuple(runs[1:]))


def _text(value: object) -> str:
    """A value as an override spells it; text is one already."""
    return value if isinstance(value, str) else json.dumps(plain(value))


def _expanded(source: ComparedSource) -> "Iterator[ExperimentSource | Run]":
    """The source, or what the folder stands for."""
    if isinstance(source, Run | Mapping):
        yield source
        return
    path = Path(source)
    if not path.is_dir():
        yield path
    elif RunFolder(path).config.is_file():
        yield open_run(path)
    elif SweepFolder(path).journal.is_file():
        yield _best_of(path)
    else:
        yield from _within(path)


def _best_of(sweep: Path) -> Path:
    best = SweepFolder(sweep).best
    if not best.is_file():
        raise SpecError(f"{sweep}: a sweep without a best trial yet")
    return best


def _within(folder: Path) -> Iterator[Path | Run]:
    """The experiment files in a folder or, without any, the runs in it."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in YAML)
    runs = [] if files else sorted(runs_in(folder))
    if not files and not runs:
        raise SpecError(f"{folder}: neither experiment files nor runs there")
    yield from files
    yield from (open_run(run) for run in runs)


def _name(run: Run) -> str:
    return str(run.folder) if run.folder else str(run.summary["experiment"])


# ----- as words of a command -----


def split_arguments(words: Sequence[str]) -> tuple[list[ComparedSource], list[str]]:
    """Sources and overrides: a word with an equals sign is an override, unless it is the name of a file."""
    overrides = [word for word in words if "=" in word and not Path(word).exists()]
    return [word for word in words if word not in overrides], overrides


def varied_values(options: Sequence[str]) -> dict[str, list[object]]:
    """The values to vary, from `KEY=VALUE,VALUE`. Raises SpecError when one is not of this form."""
    values: dict[str, list[object]] = {}
    for option in options:
        key, equals, text = option.partition("=")
        label = f'--vary "{option}"'
        parsed = parse(f"[{text}]", label, lines=False)
        listed = parsed.values if isinstance(parsed.values, list) else []
        if not equals or not key or parsed.problems or not listed:
            raise SpecError(f"{label}: write KEY=VALUE,VALUE, such as optimizer.learning_rate=0.01,0.1")
        if key in values:
            raise SpecError(f"{label}: {key} is given twice")
        values[key] = list(listed)
    return values
