"""Connecting to a cluster of Dask: by its scheduler's address or file, or one that is started here."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nettrain
from nettrain.errors import NettrainError, SpecError
from nettrain.experiment.threads import available_cores
from nettrain.sweep.cluster.versions import (
    LIBRARIES,
    MISSING,
    ON_SCHEDULER,
    Machine,
    OtherVersions,
    differences,
    listed,
    versions_here,
)

if TYPE_CHECKING:
    from distributed import Client

INSTALL = "sweeps on a cluster need Dask: pip install 'nettrain[dask]'"
PATIENCE = 20  # seconds for a scheduler to answer
LOCAL = re.compile(r"local(?::(\d+))?")
HOST_AND_PORT = re.compile(r"[^:/\s]+:\d+")
ADDRESS = re.compile(r"[a-z]+://\S+")
FORMS = "tcp://HOST:PORT of a scheduler, or local:N for N workers on this machine"


@dataclass(frozen=True)
class Cluster:
    """A cluster that answers; `threads` of each worker that it has now, by address, of equal versions."""

    client: "Client"
    name: str
    threads: Mapping[str, int]

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on what its workers waste."""
        wasting = sorted(address for address, threads in self.threads.items() if threads > 1)
        if not wasting:
            return ()
        return (
            f"a worker trains with one of its threads, and {listed(wasting)} have more: "
            "start them with --nthreads 1 --nworkers N",
        )


@contextmanager
def open_cluster(where: object) -> Iterator[Cluster]:
    """Connect to a cluster: an address, `local:N`, the path of a scheduler's file, or an object of Dask.

    Raises SpecError when it is none of these or Dask is not installed, and NettrainError when no scheduler
    answers or its machines have other versions than this one.
    """
    try:
        import distributed
    except ImportError as error:
        raise SpecError(f"--cluster: {INSTALL} ({error})") from error
    with ExitStack() as stack:
        stack.enter_context(_silent())
        target, name = _target(where, stack)
        client = _connect(target, name, distributed)
        stack.callback(_close, client)
        threads = dict(client.sync(client.scheduler.ncores))
        _check_versions(client, name, list(threads))
        yield Cluster(client, name, threads)


@contextmanager
def _silent() -> Iterator[None]:
    """Without what a client logs when its scheduler goes, which one line of ours reports."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _target(where: object, stack: ExitStack) -> tuple[Mapping[str, object], str]:
    """Arguments of a client, and a name to show."""
    if isinstance(where, os.PathLike) or (isinstance(where, str) and where.endswith(".json")):
        path = Path(where)
        if not path.is_file():
            raise SpecError(f"--scheduler-file: {path} is not there")
        return {"scheduler_file": str(path)}, str(path)
    if isinstance(where, str):
        if (local := LOCAL.fullmatch(where)) is not None:
            workers = int(local[1]) if local[1] else available_cores()
            return {"address": stack.enter_context(_local_cluster(workers))}, f"local:{workers}"
        if HOST_AND_PORT.fullmatch(where):
            return {"address": f"tcp://{where}"}, f"tcp://{where}"
        if ADDRESS.fullmatch(where):
            return {"address": where}, where
        raise SpecError(f'--cluster: "{where}" is not {FORMS}')
    if hasattr(where, "scheduler_address"):  # a cluster
        return {"address": where}, str(where.scheduler_address)
    if hasattr(where, "scheduler") and hasattr(where, "security"):  # a client
        address = where.scheduler.address
        return {"address": address, "security": where.security}, str(address)
    raise SpecError(f"--cluster: {type(where).__name__} is not {FORMS}, nor a cluster or client of Dask")


@contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    """A cluster of processes on this machine, which Ctrl-C does not reach."""
    from distributed import LocalCluster

    if workers < 1:
        raise SpecError(f"--cluster: local:{workers} has no worker")
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs="CRITICAL"
    ) as cluster:
        yield cluster


def _connect(target: Mapping[str, object], name: str, distributed: Any) -> "Client":
    try:
        client: Client = distributed.Client(**target, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise NettrainError(f"cluster {name}: no scheduler answers: {reason}") from error
    return client


def _close(client: "Client") -> None:
    with suppress(Exception):  # the scheduler may have gone
        client.close(timeout=2)


def _check_versions(client: "Client", name: str, workers: Sequence[str]) -> None:
    """Raise NettrainError when the scheduler or a worker has other versions than this machine."""
    found = (*scheduler_differences(client).lines, *client.sync(worker_differences, client, workers).lines)
    if found:
        raise NettrainError("\n".join(f"cluster {name}: {line}" for line in found))


def scheduler_differences(client: "Client") -> OtherVersions:
    """What keeps the scheduler from reading our tasks."""
    try:
        versions = client.run_on_scheduler(versions_here)
    except Exception as error:
        versions = {"nettrain": _missing(error)}
    wanted = {name: versions[name] for name in versions if name in ON_SCHEDULER}
    return differences([Machine(f"the scheduler {client.scheduler.address}", wanted)], versions_here())


async def worker_differences(client: "Client", addresses: Sequence[str]) -> OtherVersions:
    """How these workers differ from this machine; those that have gone in the meantime are passed over."""
    found = {}
    if addresses:
        found = await client.run(versions_here, workers=list(addresses), on_error="return")
    errors = {address: one for address, one in found.items() if isinstance(one, Exception)}
    installed = await _installed(client, errors) if errors else {}
    versions = {address: one for address, one in found.items() if address not in errors} | installed
    return differences(starmap(Machine, versions.items()), versions_here())


async def _installed(client: "Client", errors: Mapping[str, Exception]) -> dict[str, dict[str, str]]:
    """The versions that are installed where nettrain itself could not tell them."""
    message = {"op": "versions", "packages": ["nettrain", *LIBRARIES]}
    told = await client.scheduler.broadcast(msg=message, workers=list(errors), on_error="ignore")
    versions = {}
    for address, one in told.items():
        packages = one["packages"]
        versions[address] = {name: packages[name] or MISSING for name in LIBRARIES}
        versions[address]["python"] = ".".join(str(packages["python"]).split(".")[:2])
        theirs = packages["nettrain"]
        known = theirs is not None and theirs != nettrain.__version__
        versions[address]["nettrain"] = theirs if known else _missing(errors[address])
    return versions


def _missing(error: Exception) -> str:
    return f"{MISSING} ({' '.join(str(error).split())})"
