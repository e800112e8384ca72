"""`preprocessing.json`: how cells become the inputs of a run's networks, and outputs its predictions."""

from pathlib import Path

from nettrain.data.preprocessing import Preprocessing, PreprocessingJson
from nettrain.errors import StoredContentError
from nettrain.store.run_folder import write_json
from nettrain.store.stored_file import parse_stored, read_limited, wrong_key


def write_preprocessing(path: Path, preprocessing: Preprocessing) -> None:
    """Write the file. Raises NettrainError when the disk refuses."""
    write_json(path, preprocessing.to_json())


def read_preprocessing(path: Path) -> Preprocessing:
    """The preprocessing in a file. Raises StoredFileError, with the key that is wrong."""
    return parse_preprocessing(read_limited(path), str(path))


def parse_preprocessing(text: bytes | str, place: str) -> Preprocessing:
    """The preprocessing in JSON that stands in a `place`, which begins the message of an error."""
    content = parse_stored(text, place, PreprocessingJson)
    try:
        return Preprocessing.from_json(content)
    except StoredContentError as error:
        raise wrong_key(place, error) from error
