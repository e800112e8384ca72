"""The networks of trials in files: what a run folder needs of a training, which ends in another process."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from nettrain.errors import StoredFileError
from nettrain.experiment.load import to_yaml
from nettrain.experiment.settings import Experiment
from nettrain.files import write_atomic
from nettrain.store.digest import content_digest
from nettrain.store.history import HistoryWriter
from nettrain.store.model_file import write_model
from nettrain.store.run_folder import RunFolder, write_json
from nettrain.store.seal import check_digest, check_files, file_digests
from nettrain.store.stored_file import read_stored
from nettrain.training.events import EpochDone, MemberStopped
from nettrain.training.resumption.state import StoppedMember
from nettrain.training.run import TrainingRun

ENDING = "ending.json"


@dataclass(frozen=True)
class TrialNetwork:
    """A trial on one fold of its data, by position; 0 where there are no folds."""

    trial: int
    fold: int


@dataclass(frozen=True)
class KeptEnding:
    """How the training of a network ended, and its share of the time (s): of the steps, and of all."""

    stopped: MemberStopped
    step_seconds: float
    seconds: float


@with_config(ConfigDict(extra="forbid"))
class KeptEndingJson(TypedDict):
    """`ending.json` of a kept network: also of which trial it is, and the digests of its files."""

    stopped: StoppedMember
    step_seconds: float
    seconds: float
    trial: int
    fold: int
    files: dict[str, str]
    digest: str


class KeptNetworks:
    """The networks of one population, each in a run folder `TRIAL/` or, of one of several folds, below it.

    A folder has the experiment, the history of its training and the model; the rest of a run's files is
    written for those that are used.
    """

    def __init__(self, folder: Path, folds: int) -> None:
        self._folder, self._folds = folder, folds
        self._events: list[EpochDone] = []
        self._exchanges: list[tuple[int, Sequence[int]]] = []  # how many events there were, and the parents

    def exchange(self, parents: Sequence[int]) -> None:
        """Each member has taken over the weights of its parent, and with them its history."""
        self._exchanges.append((len(self._events), parents))

    def _ancestor(self, member: int, event: int) -> int:
        """Whose figures of an event are in the history of a member."""
        for count, parents in reversed(self._exchanges):
            if event < count:
                member = parents[member]
        return member

    def add(self, event: EpochDone) -> None:
        """Keep an epoch of the population for the histories."""
        self._events.append(event)

    def write(
        self,
        network: TrialNetwork,
        stopped: MemberStopped,
        run: TrainingRun,
        experiment: Experiment,
        row: int,
    ) -> None:
        """Write a network that has stopped: that in this row of the run of its fold.

        Nothing stays of files that a worker wrote before it was killed, and whose trial is trained again.
        """
        files = network_folder(self._folder, network, self._folds)
        shutil.rmtree(files.path, ignore_errors=True)
        files.path.mkdir(parents=True, exist_ok=True)
        write_atomic(files.config, to_yaml(experiment))
        lines = [(event, self._ancestor(stopped.member, k)) for k, event in enumerate(self._events)]
        own = [part for event, member in lines if (part := _of(event, member)) is not None]
        history = HistoryWriter(files)
        for event in own:
            history.add(event)
        history.flush()
        final = (run.final.parameters[[row]], run.final.statistics[[row]])
        write_model(files.model, run.architecture, *final)
        times = (sum(event.step_seconds for event in own), sum(event.seconds for event in own))
        ending = KeptEnding(stopped, *times)
        content = {**asdict(ending), **asdict(network), "files": file_digests(files)}
        # the last file says that all are there
        write_json(files.path / ENDING, {**content, "digest": content_digest(content)})


def write_networks(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write what `KeptNetworks` wrote on another machine; `files` are by their path below the folder."""
    for network in {PurePosixPath(path).parts[0] for path in files}:
        shutil.rmtree(folder / network, ignore_errors=True)
    for path in sorted(files, key=lambda one: (one.endswith(ENDING), one)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / path, files[path])


def _of(event: EpochDone, member: int) -> EpochDone | None:
    """The epoch of one member alone, with its share of the time."""
    one = event.of_members(range(member, member + 1))
    if one is None:
        return None
    share = 1 / len(event.members)
    return replace(one, step_seconds=share * event.step_seconds, seconds=share * event.seconds)


def network_folder(folder: Path, network: TrialNetwork, folds: int) -> RunFolder:
    """The run folder of a network of a trial with so many folds."""
    files = RunFolder(folder / str(network.trial))
    return files if folds == 1 else files.fold(network.fold + 1)


def read_ending(files: RunFolder, network: TrialNetwork) -> KeptEnding | None:
    """How a kept network's training ended; None where the folder is not whole.

    Raises StoredFileError where it is of another network, or a file was changed.
    """
    path = files.path / ENDING
    if not path.is_file():
        return None
    content = read_stored(path, KeptEndingJson)
    way_out = f"restore it, or remove {files.path}: the network is then left out"
    rest = {key: value for key, value in content.items() if key != "digest"}
    check_digest(path, content["digest"], rest, way_out)
    if (content["trial"], content["fold"]) != (network.trial, network.fold):
        there = f"fold {content['fold'] + 1} of trial {content['trial']}"
        raise StoredFileError(f"{path}: is of {there}; {way_out}")
    check_files(files, content["files"], way_out)
    stopped = MemberStopped(**content["stopped"])
    return KeptEnding(stopped, content["step_seconds"], content["seconds"])
