"""Which file is mutated, by which mutations, and the command that reads it."""

from dataclasses import dataclass

from fuzzing.world import SILENT

RUN = "runs/a"
MODEL = "model.safetensors"
MORE_EPOCHS = ("resume", RUN, "training.epochs=4", *SILENT)
SHORT = "training.max_seconds=3"  # however many epochs a mutated file asks for
RUNS_OF = {"a": ("b", "wide", "long", "two")}


@dataclass(frozen=True)
class Subject:
    """A valid input, and what it does.

    `needs` are the files and folders of the world that are there, `target` is what is mutated, by mutations
    of these `kinds` (`arguments` are those of the command). `writes` are patterns of all that the command may
    create or change when it succeeds. `results` must be those without mutation, whenever the command succeeds
    if it is a `continuation`, otherwise if the mutation kept the meaning.
    """

    name: str
    target: str
    kinds: tuple[str, ...]
    command: tuple[str, ...]
    needs: tuple[str, ...]
    writes: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    continuation: bool = False
    weight: int = 4  # how often it is drawn


SUBJECTS: dict[str, Subject] = {}


def subject(name: str, target: str, kinds: str, command: tuple[str, ...], needs: str, **more: object) -> None:
    """Register a subject; kinds and needs are separated by commas and blanks."""
    listed = tuple(one.strip() for one in kinds.split(","))
    SUBJECTS[name] = Subject(name, target, listed, command, tuple(needs.split()), **more)  # type: ignore[arg-type]


def _train(name: str, source: str, kinds: str, needs: str, target: str = "", *more: str) -> None:
    """Training from a mutated table."""
    command = ("train", "arrays.yaml", f"data.source={source}", "data.test=0.2", *more, *SILENT)
    results = (f"runs/arrays/{MODEL}", "runs/arrays/history.csv")
    subject(
        f"train on {name}",
        target or source,
        kinds,
        command,
        f"arrays.yaml {needs}",
        writes=("runs*",),
        results=results,
    )


NUMBERS = ("data.target=y", "data.target_kind=numbers")
_train("CSV", "data/flowers.csv", "csv, csv, csv, any file", "data/flowers.csv")
_train("CSV of numbers", "data/points.csv", "csv, csv, any file", "data/points.csv", "", *NUMBERS)
_train("gzip", "data/packed.csv.gz", "gzip, any file", "data/packed.csv.gz")
_train("NPY", "data/points.npy", "npy, npy, any file", "data/points.npy", "", "data.target_kind=numbers")
_train("NPZ", "data/points.npz", "npz, npz, any file", "data/points.npz")
_train("Parquet", "data/points.parquet", "parquet, parquet, any file", "data/points.parquet", "", *NUMBERS)
_train("JSON lines", "data/points.jsonl", "json lines, any file", "data/points.jsonl", "", *NUMBERS)
_train("images", "data/images", "idx, idx, any file", "data/images", "data/images/train-images-idx3-ubyte")
_train("labels", "data/images", "gzip, any file", "data/images", "data/images/train-labels-idx1-ubyte.gz")

subject(
    "init",
    "data/flowers.csv",
    "csv, any file",
    ("init", "data/flowers.csv", "--out", "new.yaml"),
    "data/flowers.csv",
    writes=("new.yaml",),
)
for kind, file in (("csv", "flowers.csv"), ("gzip", "packed.csv.gz")):
    subject(
        f"predict {kind}",
        f"data/{file}",
        f"{kind}, any file",
        ("predict", RUN, f"data/{file}", "--out", "p.csv"),
        f"{RUN} data/{file}",
        writes=("p.csv",),
        results=("p.csv",),
    )
subject(
    "evaluate CSV",
    "data/flowers.csv",
    "csv, any file",
    ("evaluate", RUN, "data/flowers.csv", "--out", "e.json"),
    f"{RUN} data/flowers.csv",
    writes=("e.json",),
)

EXPERIMENTS = "data/flowers.csv"
subject("show", "rich.yaml", "yaml, yaml, any file", ("show", "rich.yaml"), f"rich.yaml {EXPERIMENTS}")
for name in ("flowers", "rich"):
    run = "a" if name == "flowers" else "rich"
    subject(
        f"train {name}",
        f"{name}.yaml",
        "yaml, yaml, any file",
        ("train", f"{name}.yaml", SHORT, *SILENT),
        f"{name}.yaml {EXPERIMENTS}",
        writes=("runs*",),
        results=(f"runs/{run}/{MODEL}", f"runs/{run}/history.csv"),
    )
subject(
    "sweep",
    "search.yaml",
    "yaml",
    ("sweep", "search.yaml", "--jobs", "1", "--trials", "2", SHORT, "--quiet"),
    f"search.yaml {EXPERIMENTS}",
    writes=("sweeps*",),
    results=("sweeps/s/trials.csv",),
)

_KINDS = {
    "checkpoint.safetensors": "safetensors, safetensors metadata, safetensors metadata, any file",
    "model.safetensors": "safetensors, safetensors metadata, any file",
    "history.csv": "history, history, any file",
    "config.yaml": "yaml, any file",
    "preprocessing.json": "json, any file",
    "summary.json": "json, any file",
    "timing.csv": "history, any file",
}
for file, kinds in _KINDS.items():
    subject(
        f"resume: {file}",
        f"{RUN}/{file}",
        kinds,
        MORE_EPOCHS,
        f"{RUN} data/flowers.csv",
        writes=(f"{RUN}/*",),
        results=(f"{RUN}/{MODEL}", f"{RUN}/history.csv"),
        continuation=file != "config.yaml",
    )
for file in ("model.safetensors", "preprocessing.json", "config.yaml", "summary.json", "history.csv"):
    subject(
        f"predict: {file}",
        f"{RUN}/{file}",
        _KINDS[file],
        ("predict", RUN, "data/flowers.csv", "--out", "p.csv"),
        f"{RUN} data/flowers.csv",
        writes=("p.csv",),
        results=("p.csv",),
        continuation=file in ("summary.json", "history.csv"),
    )
for file in ("model.safetensors", "preprocessing.json", "config.yaml", "summary.json"):
    subject(
        f"evaluate: {file}",
        f"{RUN}/{file}",
        _KINDS[file],
        ("evaluate", RUN, "--out", "e.json"),
        f"{RUN} data/flowers.csv",
        writes=("e.json",),
    )
for file in (
    "history.csv",
    "summary.json",
    "timing.csv",
    "config.yaml",
    "diagnostics.csv",
    "steps.csv",
    "evaluation.json",
):
    subject(
        f"report: {file}",
        f"runs/steps/{file}",
        {
            "diagnostics.csv": "history, any file",
            "steps.csv": "history, any file",
            "evaluation.json": "json, any file",
        }.get(file)
        or _KINDS[file],
        ("report", "runs/steps", "--out", "r.html"),
        "runs/steps data/flowers.csv",
        writes=("r.html",),
        weight=1,  # its pictures take more than a second
    )
subject(
    "predict calibrated",
    "runs/calibrated/postprocessing.json",
    "json, any file",
    ("predict", "runs/calibrated", "data/flowers.csv", "--out", "p.csv"),
    "runs/calibrated data/flowers.csv",
    writes=("p.csv",),
)
subject(
    "predict numbers",
    "runs/points/preprocessing.json",
    "json, any file",
    ("predict", "runs/points", "data/points.csv", "--out", "p.csv"),
    "runs/points data/points.csv",
    writes=("p.csv",),
)
subject(
    "export",
    f"{RUN}/{MODEL}",
    _KINDS[MODEL],
    ("export", RUN, "m.py"),
    f"{RUN} data/flowers.csv",
    writes=("m.py",),
)
COMPARE = ("compare", RUN, "runs/b", "--no-figures")
subject("list runs", "runs/b/summary.json", "json, any file", ("runs", "runs"), "runs/a runs/b")
subject("list folders", RUN, "run folder", ("runs", "runs", "--json"), "runs")
subject(
    "compare runs",
    "runs/b/summary.json",
    "json, any file",
    COMPARE,
    "runs/a runs/b data/flowers.csv",
    writes=("comparisons*",),
)
subject(
    "compare histories",
    "runs/b/history.csv",
    "history, any file",
    COMPARE,
    "runs/a runs/b data/flowers.csv",
    writes=("comparisons*",),
)

for name, command, writes, results in (
    ("resume", MORE_EPOCHS, (f"{RUN}/*",), (f"{RUN}/{MODEL}", f"{RUN}/history.csv")),
    ("predict", ("predict", RUN, "data/flowers.csv", "--out", "p.csv"), ("p.csv",), ()),
    ("report", ("report", RUN, "--out", "r.html"), ("r.html",), ()),
    ("evaluate", ("evaluate", RUN, "--out", "e.json"), ("e.json",), ()),
):
    subject(
        f"{name} a run folder",
        RUN,
        "run folder",
        command,
        "runs/a runs/b runs/wide runs/long runs/two data/flowers.csv",
        writes=writes,
        results=results,
        continuation=bool(results),
    )
FOLD = "runs/folds/folds/1"
for name, target, command, writes in (
    ("resume a fold", FOLD, ("resume", FOLD, "training.epochs=3", *SILENT), ("runs/folds/*",)),
    (
        "predict by folds",
        "runs/folds",
        ("predict", "runs/folds", "data/flowers.csv", "--out", "p.csv"),
        ("p.csv",),
    ),
    (
        "predict by a blend",
        "runs/blend",
        ("predict", "runs/blend", "data/flowers.csv", "--out", "p.csv"),
        ("p.csv",),
    ),
    ("resume a blend", "runs/blend", ("resume", "runs/blend", *SILENT), ("runs/blend/*",)),
):
    subject(
        name, target, "run folder", command, "runs/a runs/folds runs/blend data/flowers.csv", writes=writes
    )
subject(
    "resume an ensemble",
    "runs/two/checkpoint.safetensors",
    _KINDS["checkpoint.safetensors"],
    ("resume", "runs/two", "training.epochs=4", *SILENT),
    "runs/two data/flowers.csv",
    writes=("runs/two/*",),
    results=(f"runs/two/{MODEL}", "runs/two/history.csv"),
    continuation=True,
)

CONTINUED = ("sweep", "search.yaml", "--jobs", "1", "--trials", "5", "--quiet")
for file, kinds in (
    ("journal.jsonl", "json lines, json lines, any file"),
    ("summary.json", "json, any file"),
    ("", "run folder"),
):
    subject(
        f"continue a sweep: {file or 'folder'}",
        f"sweeps/s/{file}".rstrip("/"),
        kinds,
        CONTINUED,
        "search.yaml sweeps/s sweeps/t data/flowers.csv",
        writes=("sweeps/s*",),
        results=("sweeps/s/trials.csv", "sweeps/s/best.yaml"),
        continuation=bool(file),
    )
subject(
    "report a sweep",
    "sweeps/s/journal.jsonl",
    "json lines, any file",
    ("report", "sweeps/s", "--out", "r.html"),
    "sweeps/s data/flowers.csv",
    writes=("r.html",),
)

ALL = "flowers.yaml rich.yaml search.yaml data runs/a runs/b sweeps/s"
for name, command in (
    ("train", ("train", "flowers.yaml", SHORT, *SILENT)),
    ("show", ("show", "flowers.yaml")),
    ("predict", ("predict", RUN, "data/flowers.csv", "--out", "p.csv")),
    ("evaluate", ("evaluate", RUN, "data/flowers.csv", "--out", "e.json")),
    ("resume", (*MORE_EPOCHS, SHORT)),
    ("runs", ("runs", "runs")),
    ("export", ("export", RUN, "m.py")),
    ("report", ("report", RUN, "--out", "r.html")),
    ("init", ("init", "data/flowers.csv", "--out", "new.yaml")),
    ("sweep", ("sweep", "search.yaml", "experiment=x", "--jobs", "1", SHORT, "--quiet", "--trials", "2")),
    ("compare", ("compare", "runs/a", "runs/b", "--no-figures")),
    ("list", ("list", "optimizer", "adam")),
    ("schema", ("schema",)),
):
    subject(f"command line: {name}", "", "arguments", command, ALL, writes=("*",))
