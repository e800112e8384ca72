"""Seals: digests of the files of a run that has ended, by which others that build on it know them again.

A cross-validation that goes on keeps the folds that have ended, and a search the networks of its trials.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from nettrain.errors import StoredFileError
from nettrain.store.data_fingerprint import DataFingerprint
from nettrain.store.digest import content_digest, file_digest
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.stored_file import read_stored


@with_config(ConfigDict(extra="forbid"))
class FoldSeal(TypedDict):
    """`ended.json` of a fold: the digests of its files by name, its data, and the digest of both."""

    files: dict[str, str]
    data: DataFingerprint
    digest: str


def file_digests(folder: RunFolder) -> dict[str, str]:
    """The digests of the files of a run that others build on, by name."""
    sealed = (folder.config, folder.history, folder.model, folder.preprocessing)
    both = (*sealed, folder.postprocessing, folder.summary)
    return {path.name: file_digest(path) for path in both if path.is_file()}


def check_files(folder: RunFolder, digests: Mapping[str, str], way_out: str) -> None:
    """Raise StoredFileError, which ends with a way out, at the first file that is not as it was."""
    there = file_digests(folder)
    for name in dict.fromkeys([*digests, *there]):
        if digests.get(name) != there.get(name):
            what = "is gone" if name not in there else "was changed" if name in digests else "was added"
            raise StoredFileError(f"{folder.path / name}: {what} since it was written; {way_out}")


def seal_fold(folder: RunFolder, data: DataFingerprint) -> None:
    """Write that a fold has ended, after all of its files."""
    content = {"files": file_digests(folder), "data": data}
    write_json(folder.ended, {**content, "digest": content_digest(content)})


def read_seal(folder: RunFolder) -> FoldSeal | None:
    """The seal of a fold, None when it has not ended, or its summary is gone, which is then written anew.

    Raises StoredFileError when a file was changed since.
    """
    if not (folder.ended.is_file() and folder.summary.is_file()):
        return None
    way_out = f"restore it, or remove {folder.path}: the fold is then trained again"
    seal = read_stored(folder.ended, FoldSeal)
    content = {"files": seal["files"], "data": seal["data"]}
    check_digest(folder.ended, seal["digest"], content, way_out)
    check_files(folder, seal["files"], way_out)
    return seal


def check_digest(path: Path, digest: str, content: object, way_out: str) -> None:
    """Raise StoredFileError when the content of a file is not that which its own digest is of."""
    if digest != content_digest(content):
        raise StoredFileError(f"{path}: was changed since it was written; {way_out}")
