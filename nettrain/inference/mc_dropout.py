"""Monte Carlo dropout: the mean and spread of passes in which units are dropped as in training.

Pass s draws its masks under the run's `training.noise_seed` (member r of several under noise_seed + r) from
the counter (s, layer + 2^16, row, unit // 8), which no training step uses: the same rows in the same order
get the same answer each time. batch_norm goes by its running averages, inputs have no noise.
Source: Gal & Ghahramani 2016, "Dropout as a Bayesian approximation", section 4.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from nettrain.backend.base import HostArray
from nettrain.backend.philox import key_words
from nettrain.errors import SpecError
from nettrain.experiment.task import loss_of
from nettrain.inference.measure import apply_output
from nettrain.inference.predict import RowChunk, chunks, collect_outputs, given, stored_network
from nettrain.inference.predictions import TrainedNetwork
from nettrain.model.layers.base import DropoutState
from nettrain.model.network import Network

PURPOSE = 1 << 16  # beyond every layer's number
Responses = npt.NDArray[np.float64]


def mc_predictions(run: TrainedNetwork, x: HostArray, samples: int) -> tuple[Responses, Responses]:
    """Mean and standard deviation (N, K) of the responses to x (N, D) over so many passes of every member.

    The deviation is that of a sample, divided by one less than the passes. Raises SpecError when nothing is
    dropped.
    """
    rates = [layer.dropout for layer in run.experiment.model.hidden_layers()]
    if not any(rates):
        raise SpecError("--mc-samples: this network has no dropout, all passes would be the same")
    loss, step = loss_of(run.experiment), run.pool.take("mc.step", (1,), np.uint64)
    mean = spread = np.zeros(())
    net = stored_network(run.backend, run.architecture, run.parameters, run.statistics)
    parts = _passes(run, net, x)
    for sample in range(samples):
        step[0] = sample
        outputs = collect_outputs(net, parts, len(x))
        for k, output in enumerate(outputs):
            # Welford 1962: no difference of large sums
            response = apply_output(loss, run.task, output)
            change = response - mean
            mean = mean + change / (sample * len(outputs) + k + 1)
            spread = spread + change * (response - mean)
    return mean, np.sqrt(spread / (samples * len(outputs) - 1))


def _passes(run: TrainedNetwork, net: Network, x: HostArray) -> Iterable[RowChunk]:
    """The chunks of a pass; which pass it is stands in the pool's `mc.step`."""
    backend, size = run.backend, len(run.parameters)
    seed = run.experiment.training.noise_seed or 0
    keys = backend.from_host(np.array([key_words(seed + r) for r in range(size)], dtype=np.uint64))
    step = run.pool.take("mc.step", (1,), np.uint64)
    return chunks(net, given(backend, x), run.pool, DropoutState(keys, step, purpose=PURPOSE))
