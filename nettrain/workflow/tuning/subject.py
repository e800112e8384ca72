"""What is tuned: an experiment file or a table, with the rows that choose, and what is searched."""

import os
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

from nettrain.catalogue.metrics import metrics
from nettrain.catalogue.searches import search_methods
from nettrain.data.guess import guess
from nettrain.data.prepare import prepare
from nettrain.data.reading.memory import MemoryTables
from nettrain.data.settings import DataSettings, is_path
from nettrain.errors import SpecError, nearest
from nettrain.experiment.blending import BLEND
from nettrain.experiment.default_search import default_ranges, in_words
from nettrain.experiment.document import Document, PlainValue, dump, parse
from nettrain.experiment.load import SOURCES, LoadedExperiment, from_document
from nettrain.experiment.mistaken_files import is_table
from nettrain.experiment.monitors import trial_metrics
from nettrain.experiment.overrides import Change
from nettrain.experiment.recipes import NamedRecipe
from nettrain.experiment.resolution import data_settings_of, rate_is_auto, resolve
from nettrain.experiment.settings import Experiment
from nettrain.experiment.sweep_settings import parameters
from nettrain.experiment.task import targets_of
from nettrain.store.tune_folder import TuneFolder
from nettrain.workflow.draft import proven_draft, refuse_unknown, stem
from nettrain.workflow.source import ExperimentSource, load_experiment

FEW = 4_000  # rows beside those of test; fewer are cross-validated
FOLDS = 5
WITH_TEST = 500  # rows from which on some are kept for a test
TEST, VALIDATION = 0.2, 0.2
ETA = 3  # one in so many trials goes on at a rung
FIRST_RUNG, EARLIEST, LATEST = 27, 3, 10  # a share of the epochs, between so many epochs
BRACKET = 64  # more trials than are ever compared with each other
PLAN = "nettrain tune"  # the location of keys that nobody wrote


@dataclass(frozen=True)
class TuningOptions:
    """What a user may decide: the column to predict of a table, the metric, and how rows are held out."""

    target: str | None = None
    metric: str | None = None


@dataclass(frozen=True)
class TunedSubject:
    """An experiment with its search; `rows` are those that train or choose, `folds` is 0 for one split.

    `choosing` are the rows that are held out, by which networks are compared.
    """

    loaded: LoadedExperiment
    rows: int
    choosing: int
    test_rows: int
    folds: int
    notes: tuple[str, ...]
    memory: MemoryTables | None = field(default=None, repr=False)

    @property
    def experiment(self) -> Experiment:
        """The experiment with its `sweep` block."""
        return self.loaded.experiment

    @property
    def name(self) -> str:
        """The name of the experiment."""
        return self.experiment.experiment


def is_data(source: object) -> bool:
    """Whether a source of `tune` is a table or a name of data, and not an experiment."""
    if isinstance(source, Mapping):
        return False
    text = os.fspath(source) if isinstance(source, os.PathLike) else str(source)
    return not is_path(text) or is_table(Path(text))


def subject_of(
    source: ExperimentSource,
    overrides: Sequence[str] = (),
    options: TuningOptions = TuningOptions(),
    memory: MemoryTables | None = None,
) -> TunedSubject:
    """What to tune, of an experiment file or a mapping, or of a table as `nettrain init` understands it.

    The folder of a tuning stands for what is tuned there.

    Few rows are cross-validated, unless the experiment or an override says how rows are held out: a single
    split of 4,000 rows leaves at most 800, by which an accuracy of 85 % is known to 1.3 points, more than
    good settings differ by. Five folds know it to 0.6, and of so few rows they are affordable. Raises
    SpecError or DataError when the experiment is wrong or its data cannot be read.
    """
    begun = None if isinstance(source, Mapping) else TuneFolder.at(Path(source))
    if begun is not None:
        source = begun.experiment
    table = is_data(source) and memory is None
    loaded = _of_table(source, overrides, options) if table else load_experiment(source, overrides, memory)
    if options.target is not None and not table:
        raise SpecError("--target: goes with a table; an experiment file names its target: data.target")
    plan = _TuningPlan(loaded, table, memory)
    if begun is None:
        plan.plan_rows()
        plan.plan_rate()
    else:
        plan.keep_rows()
    metric = plan.metric(options.metric)
    loaded = plan.with_search(metric)
    notes = tuple(dict.fromkeys((*loaded.notes, *plan.notes)))
    rows, choosing = plan.rows, plan.choosing
    return TunedSubject(loaded, rows, choosing, plan.test_rows, plan.folds, notes, memory)


def _of_table(source: object, overrides: Sequence[str], options: TuningOptions) -> LoadedExperiment:
    """The experiment that `nettrain init` would write for a table."""
    data = os.fspath(source) if isinstance(source, os.PathLike) else str(source)
    refuse_unknown(data)
    drafted = proven_draft(guess(data, options.target), data, options.target, Path(f"{stem(data)}.yaml"))
    document = parse(drafted.text, f"draft for {data}")
    document.block.pop(BLEND, None)  # a search finds networks of its own
    settings = document.block["data"]
    if is_path(data) and isinstance(settings, dict):
        settings["source"] = str(Path(data).absolute())
    if any(one.partition("=")[0].strip().partition(".")[0] == "recipe" for one in overrides):
        _leave_to_recipe(document.block)
    return from_document(document, overrides)


def _leave_to_recipe(drafted: dict[str, PlainValue]) -> None:
    """Remove from a draft what a recipe says: network and training, and how numbers are scaled."""
    for key in ("recipe", "model", "optimizer", "regularization", "training", "schedule"):
        drafted.pop(key, None)
    data = drafted["data"]
    if isinstance(data, dict):
        data.pop("scaling", None)


class _TuningPlan:
    """An experiment while it is decided how its rows are held out and what is searched."""

    def __init__(self, loaded: LoadedExperiment, table: bool, memory: MemoryTables | None) -> None:
        self._table, self._asked = table, loaded
        self._sweep = loaded.document.block.get("sweep")
        self.loaded = loaded  # whose changes have no `sweep` block
        self.notes: list[str] = []
        with loaded.locating_errors():
            experiment = resolve(loaded.experiment)
            settings = data_settings_of(experiment)
            whole = settings.model_copy(update={"folds": None, "validation": 0})
            self._data = prepare(
                whole if _is_share(settings) else settings.model_copy(update={"folds": None}),
                seed=settings.seed or 0,
                dtype=experiment.backend.dtype,
                memory=memory,
            )
        held_out = self._data.validation
        self.test_rows = 0 if self._data.test is None else len(self._data.test.y)
        self.rows = len(self._data.train.y) + (0 if held_out is None else len(held_out.y))
        self.folds = 0

    def plan_rows(self) -> None:
        """Decide which rows are for a test, and which ones choose."""
        settings = self.loaded.experiment.data
        self._plan_test(settings)
        changes: dict[str, PlainValue] = {"data.seed": resolve(self.loaded.experiment).data.seed}
        drafted = self._table and not self._overrides("folds")  # which a single training can afford
        if settings.folds is not None and not drafted:
            self.folds = settings.folds.total
        elif self._says_how() or self.rows >= FEW:
            if settings.folds is not None:
                changes["data.folds"] = None
            if not settings.validation or (self._table and not self._says_how()):
                changes["data.validation"] = VALIDATION
        else:
            self.folds = FOLDS
            changes |= {"data.validation": 0, "data.folds": {"count": FOLDS, "repeats": 1}}
            if not self._table and settings.validation:
                self.notes.append(
                    f"{self.rows:,} rows are few, so {FOLDS} folds hold them out in turn; "
                    f"data.validation={settings.validation} as an argument holds out that share"
                )
        self._change(changes)

    def keep_rows(self) -> None:
        """Hold rows out as was decided before."""
        folds = self.loaded.experiment.data.folds
        self.folds = 0 if folds is None else folds.total
        self._change({})

    @property
    def choosing(self) -> int:
        """How many rows are held out: with folds all, single rows of classes and the first in time apart."""
        validation = self.loaded.experiment.data.validation
        if self.folds:
            return self.rows
        if isinstance(validation, str):
            return 0 if self._data.validation is None else len(self._data.validation.y)
        size = validation or 0
        return round(size * self.rows) if size < 1 else int(size)

    def _plan_test(self, settings: DataSettings) -> None:
        """Cut off test rows where nobody has said anything and there are enough."""
        drafted = self._table and not self._overrides("test") and not isinstance(settings.test, str)
        silent = not self._table and not self._asked.sets("data", "test")
        brought = self.test_rows > 0 and not settings.test  # by the source
        if brought or not (drafted or silent):
            return
        everything = self.rows + self.test_rows
        test = TEST if everything >= WITH_TEST else 0
        self.test_rows = round(test * everything)
        self.rows = everything - self.test_rows
        self._change({"data.test": test or None})
        if not test:
            self.notes.append(f"{everything:,} rows are too few to keep some for a test")

    def _says_how(self) -> bool:
        """Whether rows are held out as somebody says: by name, in the order of time, or by an argument."""
        settings = self.loaded.experiment.data
        by_file = isinstance(settings.validation, str) or settings.order != "random"
        return by_file or self._overrides("validation")

    def _overrides(self, key: str) -> bool:
        return self._asked.overrides("data", key)

    def plan_rate(self) -> None:
        """A rate left at `auto` is searched around the optimizer's default."""
        experiment = self.loaded.experiment
        if rate_is_auto(experiment):
            rate = type(experiment.optimizer).model_fields["learning_rate"].default
            self._change({"optimizer.learning_rate": rate})
            self.notes.append(f"optimizer.learning_rate: auto is searched around {rate}")

    def metric(self, asked: str | None) -> str:
        """What trials are compared by: as asked, as the file says, or log loss, accuracy or RMSE."""
        if asked is not None:
            name = asked if asked.startswith("val_") else f"val_{asked}"
            if name not in trial_metrics():
                raise SpecError(f'--metric: unknown "{asked}"{nearest(asked, [*metrics, "loss"])}')
            return name
        sweep, loss = self._asked.experiment.sweep, self.loaded.experiment.loss
        if sweep is not None and self._asked.sets("sweep", "metric"):
            return sweep.metrics[0].name
        if targets_of(self._data.preprocessing) == "numbers":
            return "val_rmse"
        return "val_log_loss" if isinstance(loss, str) or loss.probabilities else "val_accuracy"

    def _refuse_goals(self) -> None:
        """Raise SpecError for several metrics, and for constraints, to which no ensemble would keep."""
        sweep = self._asked.experiment.sweep
        with self._asked.locating_errors():
            if sweep is not None and len(sweep.metrics) > 1:
                raise SpecError("sweep.metric: a tuning compares by one metric, nettrain sweep by several")
            if sweep is not None and sweep.constraints:
                raise SpecError(
                    "sweep.constraints: do not go with a tuning, whose ensemble is larger than its networks"
                )

    def with_search(self, metric: str) -> LoadedExperiment:
        """The experiment with a `sweep` block that says all about the search but how long it takes."""
        document, experiment = self.loaded.document, self.loaded.experiment
        given = dict(self._sweep) if isinstance(self._sweep, dict) else {}
        _refuse_evolving(given.get("method"))
        self._refuse_goals()
        searched = given.get("parameters")
        if not isinstance(searched, dict):
            searched, note = _space_of(experiment)
            self.notes.append(note)
        seed: PlainValue = {"value": experiment.seed}
        block: dict[str, PlainValue] = {
            **({} if _stops_trials(given.get("method")) else {"early_terminate": _halving(experiment)}),
            **given,
            "metric": {"name": metric},
            "parameters": {"seed": seed, **searched},
        }
        block.pop("trials", None)
        values: dict[str, PlainValue] = {**document.block, "sweep": block}
        loaded = from_document(Document(values, dict(document.locations)), (), self.loaded.folder)
        return replace(loaded, notes=self._asked.notes, file=self._asked.file)

    def _change(self, values: Mapping[str, PlainValue]) -> None:
        changes = [Change(key, value, PLAN) for key, value in values.items()]
        self.loaded, notes = self.loaded.with_changes(changes)
        self.notes += notes


def _is_share(settings: DataSettings) -> bool:
    """Whether validation rows are a share of the source, and no file of their own."""
    return not isinstance(settings.validation, str)


def _space_of(experiment: Experiment) -> tuple[dict[str, PlainValue], str]:
    """What is searched where the file does not say, as `sweep.parameters` spells it, and a note on it."""
    recipe = experiment.recipe
    if recipe.space:
        return dict(recipe.space), f"searched: the space of the recipe {recipe.name}"
    ranges = default_ranges(experiment)
    return ranges, f"searched: {in_words(ranges)}"


def experiment_text(subject: TunedSubject) -> str:
    """The file of what is searched: what was given and decided, with the paths of data from anywhere."""
    values = deepcopy(subject.loaded.document.block)
    data = values.get("data")
    if isinstance(data, dict):
        given = {key: getattr(subject.experiment.data, key) for key in SOURCES if key in data}
        data |= {key: value for key, value in given.items() if isinstance(value, str)}
    return dump(values)


def _refuse_evolving(method: PlainValue) -> None:
    """Raise SpecError for a method whose networks no later training could repeat."""
    name = method.get("name") if isinstance(method, dict) else method
    if name is not None and search_methods[str(name)].evolves:
        raise SpecError(f"sweep.method: {name} does not go with a tuning, which trains the best once more")


def _stops_trials(method: PlainValue) -> bool:
    """Whether the method of search, which the experiment has proven to be one, ends trials itself."""
    name = method.get("name") if isinstance(method, dict) else method
    return name is not None and search_methods[str(name)].stops_trials


def _halving(experiment: Experiment) -> PlainValue:
    """Successive halving from early epochs on."""
    first = min(max(round(experiment.training.epochs / FIRST_RUNG), EARLIEST), LATEST)
    return {"type": "successive_halving", "min_iter": first, "eta": ETA, "bracket": BRACKET}


def own_values(subject: TunedSubject) -> dict[str, object]:
    """The experiment's own values of what is searched, but for those that follow from the data."""
    content, recipe = subject.experiment.model_dump(), subject.experiment.recipe
    waiting = (recipe.open or ()) if isinstance(recipe, NamedRecipe) else ()
    values: dict[str, object] = {}
    for one in parameters(subject.loaded.document):
        if one.key in waiting:
            continue
        found, value = _value_at(content, one.parts)
        if found:
            values[one.key] = value
    return values


def _value_at(content: object, parts: Sequence[str]) -> tuple[bool, object]:
    """Whether a dotted key is there, and its value."""
    for part in parts:
        if isinstance(content, dict) and part in content:
            content = content[part]
        elif isinstance(content, list) and part.isdecimal() and int(part) < len(content):
            content = content[int(part)]
        else:
            return False, None
    return True, content
