"""The best network of a search whose networks take over the weights of others, as a run in its folder."""

import shutil
from dataclasses import replace

import numpy as np

from nettrain.experiment.load import to_yaml
from nettrain.files import write_atomic
from nettrain.store.run_folder import RunFolder
from nettrain.sweep.kept_networks import ENDING, TrialNetwork, network_folder, read_ending
from nettrain.sweep.shared_data import map_shared
from nettrain.sweep.sweep import Sweep
from nettrain.workflow.tuning.candidates import KeptNetwork, stored_network
from nettrain.workflow.tuning.ensemble import measured_run


@np.errstate(all="ignore")  # what is not finite is reported in words
def write_best_network(sweep: Sweep) -> None:
    """Write the run folder of the best trial's network, and remove the files of all others.

    One whose files are gone has its folder from an earlier call.
    """
    kept = _kept(sweep) if sweep.best else None
    if kept is not None:
        whole = RunFolder(sweep.folder.path / ".best")
        shutil.rmtree(whole.path, ignore_errors=True)
        shutil.copytree(kept.files.path, whole.path, ignore=shutil.ignore_patterns(ENDING))
        write_atomic(whole.config, to_yaml(kept.experiment))
        measured_run(kept).save_results(whole)
        shutil.rmtree(sweep.folder.best_run, ignore_errors=True)
        whole.path.rename(sweep.folder.best_run)
    shutil.rmtree(sweep.folder.networks, ignore_errors=True)


def _kept(sweep: Sweep) -> KeptNetwork | None:
    """The best trial's network; None where its files are gone."""
    assert sweep.preparation is not None
    trial = sweep.best[0].trial
    network = TrialNetwork(trial, 0)
    files = network_folder(sweep.folder.networks, network, 1)
    ending = read_ending(files, network)
    if ending is None:
        return None
    named = replace(sweep.trials[trial - 1], experiment=sweep.experiment_of(trial))
    (job,) = sweep.preparation.jobs([named]).jobs
    (data,) = map_shared(job.data)
    experiment = job.experiments[0]
    return KeptNetwork(experiment, data, files, ending, stored_network(experiment, data, files))
