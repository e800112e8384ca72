"""A right gradient never fails: random architectures over the whole catalogue, at any weights."""

import json
from functools import cache

import numpy as np
import pytest

from nettrain.catalogue.activations import activations
from nettrain.catalogue.initializers import initializers
from nettrain.catalogue.losses import losses
from nettrain.checks.catalogue import other_values, penalties
from nettrain.checks.gradient import check
from nettrain.checks.options import CheckOptions
from nettrain.checks.small import small_problem
from nettrain.errors import SpecError
from nettrain.model.layers import norms

NETWORKS, QUICK = 200, 100  # in all, and in the quick suite
BLOCK = 20  # networks of one test, so that a failure names few


def entry(registry, name, generator):
    """An entry with some of its settings away from their defaults."""
    fields = [field for field in registry[name].model_fields if field != "name"]
    changed = [field for field in fields if generator.random() < 0.3]
    return {"name": name, **{field: other_values(registry[name], field)[0] for field in changed}}


def choice(generator, values):
    return list(values)[generator.integers(len(values))]


def layer(generator):
    hidden = [name for name, kind in activations.items() if not kind.outputs_only]
    return {
        "units": int(generator.integers(1, 9)),
        "activation": entry(activations, choice(generator, hidden), generator),
        "init": choice(generator, initializers),
        "bias": choice(generator, ["auto", True, False]),
        "norm": choice(generator, ["none", *norms]),
        "residual": bool(generator.random() < 0.3),
        "dropout": float(choice(generator, [0.0, 0.0, 0.2, 0.5])),
    }


def effective(block, kind):
    """The block of a loss without settings that do nothing for these targets, which are refused."""
    unused = losses[block["name"]](**block).unused_settings(kind)
    return {name: value for name, value in block.items() if name not in unused}


def random_overrides(number):
    """The overrides of a random network, the kind of its targets, and the noise on its initial weights."""
    generator = np.random.default_rng([7, number])
    loss = choice(generator, losses)
    kind = choice(generator, losses[loss].fits)
    layers = [layer(generator) for _ in range(generator.integers(0, 4))]
    overrides = [
        "model.hidden=null",
        f"model.layers={json.dumps(layers)}",
        f"model.bias={json.dumps(choice(generator, ['auto', False]))}",
        f"model.input_noise={choice(generator, [0.0, 0.0, 0.2])}",
        f"loss={json.dumps(effective(entry(losses, loss, generator), kind))}",
        f"seed={number}",
        f"training.batch_size={choice(generator, [2, 5, 11, 22])}",
        *(f"regularization.{name}=0.1" for name in penalties() if generator.random() < 0.3),
    ]
    output = entry(activations, choice(generator, activations), generator)
    return (
        kind,
        overrides,
        f"model.output_activation={json.dumps(output)}",
        choice(generator, [0.0, 0.1, 1.0]),
    )


@cache
def network(number):
    """The random network, without its output's activation where the loss brings one."""
    kind, overrides, output, perturbation = random_overrides(number)
    try:
        return small_problem(kind, [*overrides, output], number, perturbation)
    except SpecError:
        return small_problem(kind, overrides, number, perturbation)


@pytest.mark.parametrize(
    "first",
    [pytest.param(first, marks=[pytest.mark.slow] * (first >= QUICK)) for first in range(0, NETWORKS, BLOCK)],
)
def test_right_networks_pass(first):
    for number in range(first, first + BLOCK):
        comparison = check(network(number), CheckOptions(samples=12, seed=number))
        wrong = [(tensor.layer, tensor.name, tensor.dual_errors.max()) for tensor in comparison.failing]
        assert not comparison.fails, (number, wrong, random_overrides(number))


def test_the_networks_are_of_all_kinds():
    networks = [network(number).architecture for number in range(NETWORKS)]
    layers = [[node.layer for node in one.nodes] for one in networks]
    functions = {layer.function.name for one in layers for layer in one if layer.name == "activation"}
    assert set(activations) == functions
    assert {1, 2, 3, 4} == {len(one.widths) - 1 for one in networks}
    for kind in ("batch", "layer", "residual", "dropout"):
        assert {True, False} == {any(layer.name == kind for layer in one) for one in layers}, kind
    kinds = {random_overrides(number)[0] for number in range(NETWORKS)}
    assert {kind for name in losses for kind in losses[name].fits} == kinds
