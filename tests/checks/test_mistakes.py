"""Mistakes that people make in backpropagation, planted one at a time: each is detected, and located."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from nettrain.backend import product as finish
from nettrain.backend.numpy import NumpyBackend
from nettrain.catalogue.activations import activations
from nettrain.catalogue.losses import losses
from nettrain.checks.catalogue import CODES, kind_for_layer, layer_overrides
from nettrain.checks.diagnosis import backward_position, block_name, diagnosis
from nettrain.checks.gradient import check
from nettrain.checks.small import small_problem
from nettrain.model.layers import batch_norm, dense
from nettrain.model.layers.base import Context, Layer
from nettrain.model.layers.dropout import Dropout
from nettrain.model.network import Pass
from nettrain.training.step import update

INPUTS, ROWS = 5, 11
SQUARE = "model.hidden=[4, 4]"


class Planted:
    """A function instead of a kernel."""

    def __init__(self, body):
        self.body = body

    def bind(self, work, arrays):
        return partial(self.body, *arrays)


def derivative(name, body):
    """Another derivative: `body(delta, z, a)` gives ∂loss/∂z."""

    def write(delta, z, a, *rest):
        into = delta if delta.shape == z.shape else z
        into[...] = body(delta, z, a)

    return lambda m: m.setattr(activations[name], "backward_kernel", Planted(write))


def delta_by(name, change):
    """A loss whose delta is that of changed arguments (target, weight, numbers), and whose loss is right."""

    def plant(m):
        right = losses[name].kernel

        def spoiled(output, target, weight, numbers, delta, total):
            kernel, unused = right(target), np.zeros_like(total)
            kernel(output, *change(target, weight, numbers), delta, unused)
            kernel(output, target, weight, numbers, np.zeros_like(delta), total)

        m.setattr(losses[name], "kernel", classmethod(lambda cls, target: Planted(spoiled)))

    return plant


def zeroed(numbers, column):
    """Numbers (R, k) with one column 0."""
    changed = numbers.copy()
    changed[:, column] = 0
    return changed


def product(spoil):
    """Matrix products that `spoil(a, b, out)` may change; it knows them by their shapes."""

    def plant(m):
        right = NumpyBackend.product

        def spoiled(self, a, b, out, **rest):
            return self.capture([right(self, a, b, out, **rest), lambda: spoil(a, b, out)])

        m.setattr(NumpyBackend, "product", spoiled)

    return plant


def masked_products(spoil):
    """Products whose mask is left to `spoil(out, relu_mask)`: the backward of relu is in the product."""

    def plant(m):
        right = NumpyBackend.product

        def spoiled(self, a, b, out, *, relu_mask=None, **rest):
            made = right(self, a, b, out, **rest)
            return made if relu_mask is None else self.capture([made, lambda: spoil(out, relu_mask)])

        m.setattr(NumpyBackend, "product", spoiled)

    return plant


def unmasked_after_a_blas(m):
    """As for large products: a BLAS, then a pass that should apply the mask."""
    m.setattr("nettrain.backend.numpy.takes_tiles", lambda a, b: False)
    m.setattr(finish, "apply_relu_mask", Planted(lambda delta, relu_mask: None))


def to_transposed(a, b, out):
    """dW of hidden 2, 7 by 4, laid out as 4 by 7."""
    if out.shape[1:] == (7, 4):
        out.reshape(1, 4, 7)[...] = out.copy().swapaxes(1, 2)


def untransposed(m):
    """delta @ W instead of delta @ Wᵀ where W is square."""
    right = dense.transposed

    def transposed(tape, at, name):
        weight = at.parameter(name)
        return weight if weight.shape[1] == weight.shape[2] else right(tape, at, name)

    m.setattr(dense, "transposed", transposed)


def to_mean_bias(a, b, out):
    """The mean over the batch instead of the sum."""
    if a.shape[1:] == (1, ROWS):
        out /= ROWS


def backward_with(change):
    """The backward pass, changed by `change(right, self, …)`."""

    def plant(m):
        right = Pass.backward
        m.setattr(Pass, "backward", lambda self, *arrays: change(right, self, *arrays))

    return plant


def with_bias(signals):
    """The contexts of the layers with a bias, in their order."""
    return [at for at in signals.contexts.values() if at.layout.has(at.number, "bias")]


def wrong_bias(right, self, tape, delta, gradient):
    """The bias of hidden 1 gets the gradient of hidden 2's."""
    right(self, tape, delta, gradient)
    first, second, _ = with_bias(self)
    tape.call(np.copyto, first.gradient_of("bias"), second.gradient_of("bias"))


def off_by_one(m):
    """The view of hidden 1's dW starts one element too late."""
    right = Context.gradient_of

    def late(self, name):
        slope = right(self, name)
        if (self.number, name) != (0, "weight"):
            return slope
        m, n = slope.shape[1:]
        return self.gradient[:, 1 : 1 + m * n].reshape(-1, m, n)

    m.setattr(Context, "gradient_of", late)


def stale_activations(right, self, tape, delta, gradient):
    """dW of the output from hidden 2's signals before its activation."""
    *_, hidden, output = with_bias(self)
    output.buffers["x"] = hidden.buffers["out"]
    right(self, tape, delta, gradient)


def masks(change):
    """The backward pass of dropout, changed."""

    def plant(m):
        def backward(self, tape, at, delta):
            tape.add_call(lambda: change(delta, at.buffers["mask"]))
            return delta

        m.setattr(Dropout, "backward", backward)

    return plant


def norms(body):
    """Another backward pass of batch_norm: `body(delta, z, spread, gain)` gives ∂loss/∂(before it)."""

    def plant(m):
        def write(delta, z, moments, w, gradient, gain, shift):
            columns = delta.shape[2]
            gradient[0, gain : gain + columns] = (delta * z).sum(axis=1)
            gradient[0, shift : shift + columns] = delta.sum(axis=1)
            delta[...] = body(delta, z, moments[:, 1:2], w[0, gain : gain + columns])

        m.setattr(batch_norm, "normalise_backward", Planted(write))

    return plant


def stale_mean(delta, z, spread, gain):
    """As if the batch's mean did not depend on its rows."""
    return gain * spread * (delta - z * (delta * z).mean(axis=1, keepdims=True))


def no_gain(delta, z, spread, gain):
    return spread * (delta - delta.mean(axis=1, keepdims=True) - z * (delta * z).mean(axis=1, keepdims=True))


def no_variance(delta, z, spread, gain):
    return gain * spread * (delta - delta.mean(axis=1, keepdims=True))


def summed_slope(m):
    right = activations["prelu"].backward_kernel

    def backward(delta, z, a, numbers, w, gradient, starts):
        right(delta, z, a, numbers, w, gradient, starts)
        slopes = gradient[:, starts[0] : starts[0] + delta.shape[2]]
        slopes[...] = slopes.sum(axis=1, keepdims=True)

    m.setattr(activations["prelu"], "backward_kernel", Planted(backward))


def wrong_forward(m):
    """The forward kernel's slope is 0 below 0, which its definition does not say."""

    def forward(z, a, *rest):
        np.maximum(z, 0.0, out=a)

    m.setattr(activations["prelu"], "forward_kernel", Planted(forward))


def to_loser(delta, z, a):
    loses = z != np.concatenate([a, a], axis=2)
    return loses * np.concatenate([delta, delta], axis=2)


def penalised(weights_end):
    """The update penalises the first part of a row, of another length than the weight matrices have."""

    def plant(m):
        right = update.blocks

        def blocks(members, ranges, most):
            size = ranges[-1][1]
            return right(members, [(0, weights_end(size), 0), (weights_end(size), size, 1)], most)

        m.setattr(update, "blocks", blocks)

    return plant


def softmax_diagonal(delta, z, a):
    return delta * a * (1 - a)


def gelu_without_product_rule(delta, z, a):
    from scipy.special import ndtr

    return delta * ndtr(z)


@dataclass(frozen=True)
class Mistake:
    """What is planted in which network; the first wrong tensor in the backward pass; words of the diagnosis."""

    kind: str
    overrides: list[str]
    plant: object
    first: str
    words: list[str]


CLASSES, NUMBERS = "classes", "numbers"
SMOOTHED = "loss={name: cross_entropy, label_smoothing: 0.2}"
MISTAKES = {
    "a wrong sign": Mistake(
        CLASSES, [], derivative("tanh", lambda d, z, a: d * (a * a - 1)), "hidden 2 weight",
        ["only hidden 2 is wrong", "-1 times what it should be: the sign is wrong"],
    ),
    "a missing 1/B": Mistake(
        CLASSES, [], delta_by("cross_entropy", lambda y, w, n: (y, w, zeroed(n, 0))), "output weight",
        ["the delta of cross_entropy", "the sum of the rows' weights, so the mean over the batch is missing"],
    ),
    "a transposed product": Mistake(
        CLASSES, [], product(to_transposed), "hidden 2 weight",
        ["only the weight of hidden 2 is wrong", "is transposed"],
    ),
    "W in place of its transpose": Mistake(
        CLASSES, [SQUARE], untransposed, "hidden 1 weight",
        ["wrong from hidden 1 down", "delta @ Wᵀ of hidden 2"],
    ),
    "a forgotten mask": Mistake(
        CLASSES, ["model.dropout=0.3"], masks(lambda delta, mask: None), "hidden 2 weight",
        ["wrong from hidden 2 down", "the dropout mask"],
    ),
    "a missing dropout scale": Mistake(
        CLASSES, ["model.dropout=0.3"],
        masks(lambda delta, mask: np.multiply(delta, mask > 0, out=delta)), "hidden 2 weight",
        ["is 0.699997 times what it should be: the share of units that dropout keeps"],
    ),
    "a stale batch-norm mean": Mistake(
        CLASSES, ["model.batch_norm=true"], norms(stale_mean), "hidden 2 weight",
        ["the backward pass of its batch norm, whose gain and shift are right"],
    ),
    "a batch-norm gain left out": Mistake(
        CLASSES, ["model.batch_norm=true"], norms(no_gain), "hidden 2 weight",
        ["the backward pass of its batch norm"],
    ),
    "a batch-norm variance held still": Mistake(
        CLASSES, ["model.batch_norm=true"], norms(no_variance), "hidden 2 weight",
        ["the backward pass of its batch norm"],
    ),
    "l2 on biases": Mistake(
        NUMBERS, ["regularization.l2=0.3"], penalised(lambda size: size), "output bias",
        ["only bias is wrong, in 3 layers", "has an l2 penalty of 0.3 too much"],
    ),
    "no l2 at all": Mistake(
        NUMBERS, ["regularization.l2=0.3"], penalised(lambda size: 0), "output weight",
        ["only weight is wrong, in 3 layers", "lacks the l2 penalty"],
    ),
    "a wrong branch of elu": Mistake(
        CLASSES, ["model.activation=elu"],
        derivative("elu", lambda d, z, a: d * np.where(z > 0, 1, a)), "hidden 2 weight",
        ["wrong from hidden 2 down", "the derivative of elu"],
    ),
    "a wrong slope of leaky_relu": Mistake(
        CLASSES, ["model.activation=leaky_relu"],
        derivative("leaky_relu", lambda d, z, a: d * np.where(z > 0, 1, 0.02)), "hidden 2 weight",
        ["the derivative of leaky_relu"],
    ),
    "a forgotten product rule in gelu": Mistake(
        CLASSES, ["model.activation=gelu"], derivative("gelu", gelu_without_product_rule), "hidden 2 weight",
        ["the derivative of gelu"],
    ),
    "a relu that lets everything back": Mistake(
        CLASSES, ["model.activation=relu"], masked_products(lambda out, mask: None), "hidden 2 weight",
        ["wrong from hidden 2 down", "the derivative of relu"],
    ),
    "a relu the wrong way round": Mistake(
        CLASSES, ["model.activation=relu"],
        masked_products(lambda out, mask: np.multiply(out, mask <= 0, out=out)), "hidden 2 weight",
        ["wrong from hidden 2 down", "the derivative of relu"],
    ),
    "a relu of other rows": Mistake(
        CLASSES, ["model.activation=relu"],
        masked_products(lambda out, mask: np.multiply(out, np.roll(mask, 1, axis=1) > 0, out=out)), "hidden 2 weight",
        ["wrong from hidden 2 down", "the derivative of relu"],
    ),
    "a relu that lets everything back after a BLAS": Mistake(
        CLASSES, ["model.activation=relu"], unmasked_after_a_blas, "hidden 2 weight",
        ["wrong from hidden 2 down", "the derivative of relu"],
    ),
    "half of sigmoid's derivative": Mistake(
        NUMBERS, ["model.output_activation=sigmoid"], derivative("sigmoid", lambda d, z, a: d * a),
        "output weight", ["wrong from output down", "the derivative of sigmoid or the delta of mse"],
    ),
    "a swapped label": Mistake(
        CLASSES, [], delta_by("cross_entropy", lambda y, w, n: (np.array([1, 0, 2])[y], w, n)),
        "output weight", ["wrong from output down", "the delta of cross_entropy"],
    ),
    "smoothing forgotten in delta": Mistake(
        CLASSES, [SMOOTHED], delta_by("cross_entropy", lambda y, w, n: (y, w, zeroed(n, 1))),
        "output weight", ["the delta of cross_entropy"],
    ),
    "row weights forgotten in delta": Mistake(
        NUMBERS, [], delta_by("mse", lambda y, w, n: (y, np.ones_like(w), n)), "output weight",
        ["the delta of mse"],
    ),
    "a square without its 2": Mistake(
        NUMBERS, [], product(lambda a, b, out: None if out.shape[1:] != (4, 2) else out.__imul__(0.5)),
        "output weight", ["only the weight of output is wrong", "0.5 times what it should be: a factor 2 is missing"],
    ),
    "softmax's diagonal only": Mistake(
        NUMBERS, ["model.output_activation=softmax"], derivative("softmax", softmax_diagonal),
        "output weight", ["the derivative of softmax or the delta of mse"],
    ),
    "prelu's slope summed over units": Mistake(
        CLASSES, ["model.activation=prelu"], summed_slope, "hidden 2 slope",
        ["only slope is wrong, in 2 layers", "has the same value everywhere, as if summed over its units"],
    ),
    "maxout to the loser": Mistake(
        CLASSES, ["model.activation=maxout"], derivative("maxout", to_loser), "hidden 2 weight",
        ["the derivative of maxout"],
    ),
    "the bias gradient of another layer": Mistake(
        CLASSES, [SQUARE], backward_with(wrong_bias), "hidden 1 bias",
        ["only the bias of hidden 1 is wrong", "has the gradient of the bias of hidden 2"],
    ),
    "a mean over rows in a bias": Mistake(
        CLASSES, [], product(to_mean_bias), "output bias",
        ["only bias is wrong, in 3 layers", "1 over the number of rows"],
    ),
    "an off-by-one in the views": Mistake(
        CLASSES, [], off_by_one, "hidden 1 weight",
        ["only the weight of hidden 1 is wrong", "is one element too late"],
    ),
    "signals from before the activation": Mistake(
        CLASSES, ["model.activation=tanh"], backward_with(stale_activations), "output weight",
        ["only the weight of output is wrong: look at what writes it"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_planted_mistake_is_detected(name, monkeypatch):
    mistake = MISTAKES[name]
    problem = small_problem(mistake.kind, mistake.overrides)
    right = check(problem)
    assert not right.fails
    assert [] == diagnosis(problem, right)
    mistake.plant(monkeypatch)
    spoiled = check(problem)
    first = min(spoiled.failing, key=backward_position)
    assert mistake.first == f"{block_name(problem, first.layer)} {first.name}"
    assert first.dual_errors.max() > 1e-3  # both methods detect it
    assert first.difference_errors.max() > 1e-3
    text = " / ".join(diagnosis(problem, spoiled))
    assert [] == [words for words in mistake.words if words not in text], text
    assert spoiled.directional.fails


def layer_cases():
    """For every kind of layer with an array that is learned before it, a network in which it is."""
    found = {}
    for overrides in (*layer_overrides().values(), *COMBINED):
        problem = small_problem(kind_for_layer(overrides), overrides)
        learned = False
        for node in problem.architecture.nodes:
            if learned and node.layer.backward_step() and node.layer.name != "activation":  # see MISTAKES
                found.setdefault(node.layer.name, (problem, node.layer))
            learned = learned or bool(node.layer.arrays(node.inputs))
    return found


EMBEDDED = "model.embeddings=pbld"
COMBINED = [(EMBEDDED, "model.sub_members=3"), (EMBEDDED, *CODES, "model.input_scale=true")]
LAYER_CASES = layer_cases()


def spoil(m, kind):
    """A backward pass that makes delta half as large again."""
    right = kind.backward

    def backward(self, tape, ctx, delta):
        before = right(self, tape, ctx, delta)
        if ctx.needs_delta:
            tape.add_call(lambda: np.multiply(before, 1.5, out=before))
        return before

    m.setattr(kind, "backward", backward)


@pytest.mark.parametrize("name", LAYER_CASES)
def test_a_mistake_in_every_layer_is_located(name, monkeypatch):
    problem, layer = LAYER_CASES[name]
    spoil(monkeypatch, type(layer))
    text = " / ".join(diagnosis(problem, check(problem)))
    assert layer.backward_step() in text


def test_a_derivative_that_is_no_number_is_located(monkeypatch):
    problem = small_problem("classes", [])
    derivative("tanh", lambda d, z, a: d * np.nan)(monkeypatch)
    spoiled = check(problem)
    first = min(spoiled.failing, key=backward_position)
    assert ("hidden 2", True) == (block_name(problem, first.layer), spoiled.directional.fails)
    assert "the derivative of tanh" in " ".join(diagnosis(problem, spoiled))


def test_a_layer_that_does_not_name_its_step_is_named(monkeypatch):
    problem, layer = LAYER_CASES["batch"]
    monkeypatch.setattr(type(layer), "backward_step", Layer.backward_step)
    spoil(monkeypatch, type(layer))
    text = " / ".join(diagnosis(problem, check(problem)))
    assert "the backward pass of its batch, whose gain and shift are right" in text


def test_a_wrong_forward_pass_is_distinguished_from_a_wrong_derivative(monkeypatch):
    problem = small_problem("classes", ["model.activation=prelu"])
    wrong_forward(monkeypatch)
    sentences = diagnosis(problem, check(problem))
    assert "the objective itself differs, training computes" in sentences[0]


def test_a_lower_limit_that_relu_does_not_have_is_distinguished_too(monkeypatch):
    problem, right = small_problem("classes", ["model.activation=relu"]), NumpyBackend.product
    assert not check(problem).fails

    def lower(self, a, b, out, *, clamp_min=None, **rest):
        return right(self, a, b, out, clamp_min=None if clamp_min is None else clamp_min - 0.1, **rest)

    monkeypatch.setattr(NumpyBackend, "product", lower)
    sentences = diagnosis(problem, check(problem))
    assert "the objective itself differs, training computes" in sentences[0]


def test_at_least_fifteen_mistakes():
    assert len(MISTAKES) >= 15


SLIGHTLY = 1 + 1e-8  # what differences alone would not see


@pytest.mark.parametrize("name", [name for name in activations if not activations[name].identity])
def test_a_slight_error_of_every_activation_is_detected(name, monkeypatch):
    outputs = activations[name].outputs_only
    used = f"model.output_activation={name}" if outputs else f"model.activation={name}"
    problem, kind = small_problem("numbers", [used]), activations[name]
    body = kind.backward_kernel

    def backward(delta, z, a, *rest):
        body(delta, z, a, *rest) if body else kind().backward(np, delta, z, a)
        into = delta if delta.shape == z.shape else z
        into *= SLIGHTLY

    monkeypatch.setattr(kind, "backward_kernel", Planted(backward))
    comparison = check(problem)
    first = min(comparison.failing, key=backward_position)
    assert ("output" if outputs else "hidden 2") == block_name(problem, first.layer)


@pytest.mark.parametrize("name", losses)
def test_a_slight_error_of_every_loss_is_detected(name, monkeypatch):
    problem, right = small_problem(losses[name].fits[0], [f"loss={name}"]), losses[name].kernel

    def kernel(cls, target):
        def spoiled(output, target, weight, numbers, delta, total):
            right(target)(output, target, weight, numbers, delta, total)
            delta *= SLIGHTLY

        return Planted(spoiled)

    monkeypatch.setattr(losses[name], "kernel", classmethod(kernel))
    comparison = check(problem)
    assert "output" == block_name(problem, min(comparison.failing, key=backward_position).layer)
