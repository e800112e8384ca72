"""Command lines: overrides, options and paths that nobody expects."""

from random import Random

from fuzzing import hostile
from fuzzing.mutation import Arguments, argument_mutation

KEYS = (
    *(
        "model.hidden",
        "training.epochs",
        "optimizer",
        "optimizer.learning_rate",
        "data.source",
        "data",
        "seed",
        "loss",
        "sweep",
    ),
    *(
        "schedule",
        "backend.threads",
        "model",
        "training",
        "data.scaling",
        "data.columns",
        "data.missing",
        "experiment",
        "data.test",
    ),
    *(
        "training.early_stopping",
        "model.activation",
        "data.folds",
        "training.repeat",
        "model.layers",
        "regularization.l2",
    ),
    *(
        "data.separator",
        "data.names",
        "data.target",
        "data.dates",
        "model.embeddings",
        "calibration",
        "threshold",
        "recipe",
    ),
)
OPTIONS = (
    *(
        "--out",
        "--member",
        "--part",
        "--worst",
        "--metric",
        "--interval",
        "--keep",
        "--format",
        "--mc-samples",
        "--shuffles",
    ),
    *(
        "--seed",
        "--jobs",
        "--trials",
        "--folds",
        "--sort",
        "--vary",
        "--repeat",
        "--device",
        "--backend",
        "--strict",
        "--json",
    ),
    *(
        "--quiet",
        "--importance",
        "--diagnostics",
        "--profile",
        "--tensorboard",
        "--no-figures",
        "--help",
        "--version",
        "--",
    ),
    *("-", "-x", "--nosuch", "--out=", "--member=-1", "--ou", "--cluster", "--dtype", "--of", "--minutes"),
)
PATHS = (
    *(
        "nowhere",
        "nowhere/x.csv",
        ".",
        "..",
        "/dev/null",
        "/dev/zero",
        "/dev/full",
        "/proc/self/mem",
        "runs",
        "runs/a",
        "data",
    ),
    *(
        "data/flowers.csv",
        "data/flowers.csv/x",
        "data/flowers.csv/",
        "a" * 300,
        "a/" * 3000,
        "~",
        "",
        "-",
        "x.csv",
        "x.parquet",
    ),
    *(
        "runs/a/model.safetensors",
        "runs/a/config.yaml",
        "flowers.yaml",
        "x\ny.csv",
        "\x1b[2J.csv",
        "é.csv",
        "x.docx",
        "loop",
    ),
    *(
        "builtin:iris",
        "builtin:",
        "builtin:nosuch",
        "synthetic:moons",
        "memory:train",
        "http://localhost/x.csv",
        "s3://x/y.csv",
    ),
    *("x.onnx", "x.py", "x.c", "./x/../y.csv", "file:///etc/passwd", "*", "data/*.csv", "sweeps/s", "pipe"),
)


def spelled_value(draw: Random) -> str:
    """A value as people and YAML spell it."""
    some = [
        "[",
        "{",
        "{a: ",
        "[1, 2",
        "'",
        '"',
        "*a",
        "&a",
        "!!python/name:os.system",
        "[8]",
        "[8, 8]",
        "{name: adam}",
        "|",
    ]
    if draw.random() < 0.4:
        return draw.choice(some)
    value = hostile.value(draw)
    return hostile.with_raw_text(str(value))[:50_000].replace("\0", "")


@argument_mutation
def a_setting_is_overridden(arguments: Arguments, draw: Random) -> Arguments:
    """`key=value` with any value, or several."""
    return [
        *arguments,
        *(f"{draw.choice(KEYS)}={spelled_value(draw)}" for _ in range(draw.choice([1, 1, 2, 5]))),
    ]


@argument_mutation
def an_override_is_misspelled(arguments: Arguments, draw: Random) -> Arguments:
    """Keys that do not exist, paths through values, no value, no key."""
    key = draw.choice(KEYS)
    forms = [
        f"{key}x=1",
        f"{key}.x=1",
        f".{key}=1",
        f"{key}.=1",
        f"{key}",
        f"={key}",
        f"{key}==",
        f"{key}.0=1",
        f"{key}[0]=1",
    ]
    forms += [
        f"{key}.name.name=1",
        f"{key}:1",
        f"{key}.{'a.' * 2000}b=1",
        f" {key} = 1",
        f"{key}=1={key}",
        f"--{key}",
        f"{key.upper()}=1",
    ]
    return [*arguments, draw.choice(forms)]


@argument_mutation
def an_option_is_added(arguments: Arguments, draw: Random) -> Arguments:
    """Options of this or another command, with or without a value."""
    values: list[list[str]] = [
        [],
        [spelled_value(draw)],
        [draw.choice(PATHS)],
        [str(hostile.number(draw))[:60]],
    ]
    at = draw.randrange(len(arguments) + 1)
    return [*arguments[:at], draw.choice(OPTIONS), *draw.choice(values), *arguments[at:]]


@argument_mutation
def an_argument_is_another(arguments: Arguments, draw: Random) -> Arguments:
    """A path or a text in the place of an argument."""
    at = draw.randrange(1, max(2, len(arguments)))
    other = draw.choice([*PATHS, *(text[:1000].replace("\0", "") for text in hostile.TEXTS)])
    return [*arguments[:at], other, *arguments[at + 1 :]]


@argument_mutation
def an_argument_is_missing(arguments: Arguments, draw: Random) -> Arguments:
    """One argument goes away."""
    at = draw.randrange(len(arguments))
    return arguments[:at] + arguments[at + 1 :]


@argument_mutation
def an_argument_is_there_twice(arguments: Arguments, draw: Random) -> Arguments:
    """One argument comes twice."""
    at = draw.randrange(len(arguments))
    return arguments[: at + 1] + arguments[at:]


@argument_mutation
def arguments_change_places(arguments: Arguments, draw: Random) -> Arguments:
    """All arguments but the command in another order."""
    rest = arguments[1:]
    draw.shuffle(rest)
    return arguments[:1] + rest


@argument_mutation
def there_are_many_arguments(arguments: Arguments, draw: Random) -> Arguments:
    """Thousands of overrides or files."""
    return arguments + [draw.choice(["seed=1", "training.epochs=2", "x", "runs/a"])] * draw.choice([30, 3000])


@argument_mutation
def the_data_are_elsewhere(arguments: Arguments, draw: Random) -> Arguments:
    """Other sources for an experiment."""
    return [*arguments, f"data.source={draw.choice(PATHS)}"]


@argument_mutation
def results_go_elsewhere(arguments: Arguments, draw: Random) -> Arguments:
    """Files and folders that cannot be written, or may not."""
    kept = [one for k, one in enumerate(arguments) if one != "--out" and arguments[k - 1 : k] != ["--out"]]
    return [*kept, "--out", draw.choice(PATHS)]
