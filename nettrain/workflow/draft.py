"""A commented experiment file for some data."""

import os
import shlex
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nettrain.data.giveaways import giveaways
from nettrain.data.guess import Guess, guess
from nettrain.data.prepare import Prepared
from nettrain.data.reading.streams import refuse_stream
from nettrain.data.settings import is_path
from nettrain.errors import DataError, SpecError
from nettrain.experiment.document import Document, parse
from nettrain.experiment.drafting.draft import DraftFile, draft
from nettrain.experiment.drafting.recommendation import mostly_single
from nettrain.experiment.load import validate
from nettrain.experiment.resolution import read_and_resolve, resolve
from nettrain.files import safe_name, write_atomic


@dataclass(frozen=True)
class WrittenDraft:
    """The experiment file that was written, and the guess that it is based on."""

    file: Path
    guess: Guess


def write_draft(data: str, target: str | None = None, out: Path | None = None) -> WrittenDraft:
    """Look at the data and write an experiment file that is ready to train.

    `target` is the column to predict, by default a guess; `out` is the file, by default named after the data.
    Raises SpecError when the file exists or no reader takes such a source, DataError when the data cannot be
    read or trained on.
    """
    refuse_unknown(data)
    file = out or Path(f"{stem(data)}.yaml")
    if file.exists():
        raise SpecError(f"{file}: is there already, and not overwritten; --out FILE writes another")
    drafted = proven_draft(guess(data, target), data, target, file)
    write_atomic(file, drafted.text)
    return WrittenDraft(file, drafted.guess)


def role(guessed: Guess, name: str) -> str:
    """The role of a column, with the reason if it is not obvious."""
    if name in (target.name for target in guessed.targets):
        return "target"
    if name in guessed.ignored:
        return f"ignored: {guessed.ignored[name]}"
    reasons = [one[name] for one in (guessed.categorical, guessed.worded, guessed.giveaways) if name in one]
    return f"input: {'; '.join(reasons)}" if reasons else "input"


def stem(data: str) -> str:
    """A name for data: `iris` for builtin:iris, `housing` for housing.csv.gz, `mnist` for a folder."""
    name = Path(data).absolute().name if is_path(data) else data.partition(":")[2]
    return safe_name(name.lstrip(".").split(".")[0] or name)


def refuse_unknown(data: str) -> None:
    """Raise SpecError when no reader takes such a source, DataError when it can be read only once."""
    validate(Document({"data": {"source": data}}))
    if is_path(data):
        refuse_stream(data)


@dataclass(frozen=True)
class ProvenDraft:
    """The text of an experiment file, and the guess that it is made from."""

    text: str
    guess: Guess


@np.errstate(all="ignore")  # what is not finite is reported in words
def proven_draft(guessed: Guess, data: str, target: str | None, file: Path) -> ProvenDraft:
    """The file as guessed, which was tried on the data unless they are large.

    Rows in the order of time are held out in blocks. Where that leaves a class without training rows, the
    latest rows are held out, and where that does too, rows at random. Raises DataError when the data cannot
    be trained on.
    """
    time = guessed.time
    if time.order != "random":
        for way in (time, replace(time, blocks=False)):
            with suppress(DataError):
                return tried_draft(replace(guessed, time=way), data, target, file)
        guessed = replace(guessed, time=replace(time, order="random"))
    return tried_draft(guessed, data, target, file)


def tried_draft(guessed: Guess, data: str, target: str | None, file: Path) -> ProvenDraft:
    """The file as guessed, and what the data showed in training.

    Raises DataError when the data cannot be trained on so.
    """
    command = shlex.join(["nettrain", "init", data, *target_option(target)])
    drafted = DraftFile(str(file), stem(str(file)), source_beside(file, data), command)
    text = draft(guessed, drafted)
    if guessed.sampled_rows < guessed.rows and not may_lose_class(guessed):
        return ProvenDraft(text, guessed)  # trying it would take as long as the start of a run
    prepared = prove(text, data)
    guessed = replace(guessed, giveaways=giveaways(prepared.preprocessing, prepared.train))
    return ProvenDraft(draft(guessed, drafted), guessed)


def may_lose_class(guessed: Guess) -> bool:
    """Whether a class may have no training row."""
    return bool(guessed.classes) and (guessed.time.order != "random" or mostly_single(guessed))


def target_option(target: str | None) -> list[str]:
    """The command's option that names the target, if there is one."""
    return [] if target is None else ["--target", target]


def source_beside(file: Path, data: str) -> str:
    """The source relative to the folder of the file."""
    if not is_path(data):
        return data
    path = Path(os.path.relpath(data, file.parent)).as_posix()
    return f"{path}/" if Path(data).is_dir() else path


def prove(text: str, data: str) -> Prepared:
    """The data, read and split like those of a run. Raises DataError when that fails."""
    experiment = resolve(validate(parse(text, "draft")))
    settings = experiment.data.model_copy(update={"source": data})
    return read_and_resolve(experiment.model_copy(update={"data": settings}))[1]
