"""Monte Carlo dropout: mean and standard deviation of predictions with units dropped as in training.

Pass s draws its masks under the run's `training.noise_seed` (network r of several under noise_seed + r) with
the counter (s, layer + 2^16, row, unit // 8), which no training step uses, so that the same rows in the same
order have the same predictions each time. Batch normalization uses its running averages, and inputs have no
noise.
Source: Gal & Ghahramani 2016, "Dropout as a Bayesian approximation", section 4.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nettrain.backend.base import Floats, HostArray
from nettrain.backend.philox import key_words
from nettrain.backend.pool import Pool
from nettrain.catalogue.losses.distributional import DistributionalLoss
from nettrain.catalogue.losses.target_distribution import TargetDistribution
from nettrain.errors import SpecError
from nettrain.inference.model import TrainedNetworks
from nettrain.inference.outputs import in_units, to_predictions
from nettrain.inference.predict import collect_outputs, inputs_of, row_chunks
from nettrain.model.layers.base import DropoutState

PURPOSE = 1 << 16  # larger than the number of any layer


@dataclass(frozen=True)
class SampleMoments:
    """Mean and standard deviation (N, K), which is divided by one less, of so many samples."""

    mean: Floats
    sd: Floats
    samples: int


def joined_moments(each: Sequence[SampleMoments]) -> tuple[Floats, Floats]:
    """Mean and standard deviation (N, K) of the samples of several sets of networks, all taken together."""
    if len(each) == 1:
        return each[0].mean, each[0].sd
    counts = np.array([one.samples for one in each])
    mean = np.average([one.mean for one in each], axis=0, weights=counts)
    within = sum((one.samples - 1) * one.sd**2 for one in each)
    between = sum(one.samples * (one.mean - mean) ** 2 for one in each)
    return mean, np.sqrt((within + between) / (counts.sum() - 1))


def mc_predictions(networks: TrainedNetworks, x: HostArray, samples: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation (N, K) of the predictions for x (N, D) over `samples` passes.

    Every network does so many passes, each calibrated where the run does that. The deviation is divided by
    one less than their total number. Raises SpecError when the network has no dropout.
    """
    model, rule, mean, spread = networks.model, networks.rule, np.zeros(()), np.zeros(())
    for count, output in enumerate(_passes(networks, x, samples), 1):
        # Welford 1962: no difference of large sums
        predictions = rule.calibrated(model.task, to_predictions(model.loss, model.task, output))
        change = predictions - mean
        mean = mean + change / count
        spread = spread + change * (predictions - mean)
    return mean, np.sqrt(spread / (samples * len(networks) - 1))


def mc_distribution(networks: TrainedNetworks, x: HostArray, samples: int) -> TargetDistribution | None:
    """The distributions of the targets for x (N, D) over `samples` passes of every network.

    The passes are put together like networks that predict together. None for losses that predict one number
    of each target.
    """
    loss, passes = networks.model.loss, _passes(networks, x, samples)
    if not isinstance(loss, DistributionalLoss):
        return None
    described = (loss.distribution(output) for output in passes)
    return in_units(next(described).combined(described), networks.model.task)


def _passes(networks: TrainedNetworks, x: HostArray, samples: int) -> Iterator[HostArray]:
    """The raw outputs (N, K) of every network in pass after pass; later ones leave them as they are.

    Raises SpecError when the network has no dropout.
    """
    model, backend = networks.model, networks.backend
    if not any(layer.dropout for layer in model.experiment.model.hidden_layers()):
        raise SpecError("--mc-samples: this network has no dropout, all passes would be the same")
    network, state = networks.network(), _dropout_state(networks)
    chunks = row_chunks(network, inputs_of(backend, x), Pool(backend), state)
    for sample in range(samples):
        state.step[0] = sample
        yield from collect_outputs(network, chunks, len(x))


def _dropout_state(networks: TrainedNetworks) -> DropoutState:
    """The keys of all networks; the number of the pass is written to `step`."""
    seed = networks.model.experiment.training.noise_seed or 0
    keys = np.array([key_words(seed + r) for r in range(len(networks))], dtype=np.uint64)
    backend = networks.backend
    return DropoutState(backend.from_host(keys), backend.zeros((1,), np.uint64), purpose=PURPOSE)
