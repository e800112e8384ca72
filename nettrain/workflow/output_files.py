"""Files that commands may write: never one of their inputs, of the run, or an experiment file."""

from collections.abc import Sequence
from pathlib import Path

from nettrain.data.reading.sources import source_files
from nettrain.data.settings import is_path
from nettrain.errors import SpecError
from nettrain.files import InputFile, refuse_overwriting
from nettrain.store.run_folder import RunFolder
from nettrain.store.trained_folds import Predictor

STDOUT = Path("/dev/stdout")  # which may have been redirected to the end of a file
STDIN = Path("/dev/stdin")
PICTURE = ".png"
EXPERIMENT_ENDINGS = (".yaml", ".yml")


def check_output_file(out: Path | None, trained: Predictor, source: str | None) -> None:
    """Raise SpecError when writing `out`, or standard output, would replace what must stay as it is.

    That is the `source`, the data of the run, the files of this or another run, and experiment files.
    """
    refuse_overwriting(out or STDOUT, [*_source_files(source), *_run_files(trained)])
    if out is None:
        return
    other = RunFolder(out.parent)
    if other.config.is_file():
        refuse_overwriting(out, _files_of(other))
    if out.suffix.lower() in EXPERIMENT_ENDINGS and out.exists():
        raise SpecError(f"--out: {out}: is a YAML file, perhaps an experiment, and is not overwritten")


def check_output_picture(picture: Path, trained: Predictor) -> None:
    """Raise SpecError when a picture is none by its name, or would replace what must stay as it is.

    Pictures may be replaced, also those of the run.
    """
    inputs = [file for file in _run_files(trained) if file.path.suffix.lower() != PICTURE]
    check_picture_file(picture, inputs)


def check_picture_file(picture: Path, inputs: Sequence[InputFile]) -> None:
    """Raise SpecError when a picture is none by its name, or would replace an input."""
    if picture.suffix.lower() != PICTURE:
        raise SpecError(f"--out: {picture}: is not a name for a picture, which ends with {PICTURE}")
    refuse_overwriting(picture, inputs)


def _source_files(source: str | None) -> list[InputFile]:
    if source is None or not is_path(source):
        return []
    path = STDIN if source == "-" else Path(source)
    return [InputFile(file, "is the data that is read") for file in source_files(path)]


def _run_files(trained: Predictor) -> list[InputFile]:
    role = f"holds the data of {trained.name}"
    data = [InputFile(path, role) for path in trained.experiment.data.files]
    folders = dict.fromkeys(one.folder for one in (trained, *trained.runs) if one.folder)
    return [*data, *(file for folder in folders for file in _files_of(folder))]


def _files_of(folder: RunFolder) -> list[InputFile]:
    return [InputFile(path, f"is a file of the run {folder.path}") for path in folder.files]
