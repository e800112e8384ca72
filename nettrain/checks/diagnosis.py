"""What to look at when a gradient is wrong: where in the backward pass it begins, and what it looks like.

Backpropagation goes from the output down. Whatever it computed before the first wrong tensor is right, so the
mistake lies between the two; and the wrong numbers often show what was done to the right ones.
"""

from nettrain.checks.comparison import GradientComparison, TensorComparison
from nettrain.checks.patterns import WrongTensor, describe
from nettrain.checks.problem import GradientProblem
from nettrain.model.architecture import Node
from nettrain.model.layers.dropout import DRAWS, dropped_draws
from nettrain.model.layers.residual import Residual


def diagnosis(problem: GradientProblem, comparison: GradientComparison) -> list[str]:
    """Sentences that say where to look; none when everything is right."""
    sentences = []
    if comparison.objective_fails:
        sentences.append(
            f"the objective itself differs, training computes {comparison.objective:.10g} and its definition"
            f" gives {comparison.definition:.10g}: look at the forward pass and the loss first"
        )
    if comparison.failing:
        sentences += wrong_tensors(problem, comparison)
    elif comparison.directional.fails:
        sentences.append(
            "every derivative that was compared is right, but a directional derivative over all parameters is"
            " not: compare more with --all"
        )
    if comparison.empty:
        sentences.append(
            "these weights lie on kinks, where the derivatives from the left and from the right differ:"
            " check other weights, such as those of a trained run"
        )
    return sentences


def wrong_tensors(problem: GradientProblem, comparison: GradientComparison) -> list[str]:
    """Where the first wrong tensor is, and what it looks like if that is known."""
    first = min(comparison.failing, key=backward_position)
    pattern = describe(wrong_tensor(problem, comparison, first))
    known = [f"the {first.name} of {block_name(problem, first.layer)} {pattern}"] if pattern else []
    return [location(problem, comparison, first), *known]


def backward_position(tensor: TensorComparison) -> int:
    """Sorts tensors in the order of backpropagation: from the output down."""
    return -tensor.layer


def block_name(problem: GradientProblem, layer: int) -> str:
    """The block of a layer: `hidden 1`, …, `output`."""
    return problem.architecture.nodes[layer].block.name


def location(problem: GradientProblem, comparison: GradientComparison, first: TensorComparison) -> str:
    """Which tensors are wrong, and what stands between them and the right ones."""
    failing, block = comparison.failing, block_name(problem, first.layer)
    below = [
        tensor
        for tensor in comparison.tensors
        if backward_position(tensor) >= backward_position(first) and tensor.checked
    ]
    if len(failing) == 1 < len(below):
        return f"only the {first.name} of {block} is wrong: look at what writes it"
    if len({tensor.name for tensor in failing}) == 1 and len(failing) < len(below):
        return f"only {first.name} is wrong, in {len(failing)} layers: look at what writes it"
    if len(_blocks(problem, failing)) == 1 < len(_blocks(problem, below)):
        return f"only {block} is wrong and all below it is right: look at what writes this layer's gradients"
    return f"wrong from {block} down: look at {backward_path(problem, first)}"


def _blocks(problem: GradientProblem, tensors: list[TensorComparison]) -> set[str]:
    return {block_name(problem, tensor.layer) for tensor in tensors}


def backward_path(problem: GradientProblem, first: TensorComparison) -> str:
    """What delta has passed through since the last right tensor: the layers behind, up to one that learns."""
    passed = []
    for node in problem.architecture.nodes[first.layer + 1 :]:
        learns = bool(node.layer.arrays(node.inputs))
        text = node.layer.backward_step() or (_named(node) if learns else "")
        other = node.block is not problem.architecture.nodes[first.layer].block
        passed += [f"{text} of {node.block.name}" if other else text] if text else []
        if learns and other:
            return " or ".join([*passed, *_around(problem, node)])
        if learns:
            return f"{passed[-1]}, whose {_learned(node)} right"
    return " or ".join([*passed, f"the delta of {problem.loss.name}"])


def _around(problem: GradientProblem, node: Node) -> list[str]:
    """What backward does in the skip connection around a layer, through which delta passes too."""
    return [
        f"{other.layer.backward_step()} of {other.block.name}"
        for other in problem.architecture.nodes
        if other.block is node.block and other is not node and isinstance(other.layer, Residual)
    ]


def _named(node: Node) -> str:
    """What backward does, of a layer that does not say it."""
    return f"the backward pass of its {node.layer.name.replace('_', ' ')}"


def _learned(node: Node) -> str:
    """The arrays that a layer learns, with the verb that agrees."""
    names = list(node.layer.arrays(node.inputs))
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def wrong_tensor(
    problem: GradientProblem, comparison: GradientComparison, tensor: TensorComparison
) -> WrongTensor:
    """A tensor that is wrong, with what may explain it."""
    slot, others = tensor.slot, (other for other in comparison.tensors if other is not tensor)
    part = slice(slot.start, slot.start + slot.size)
    return WrongTensor(
        tensor,
        comparison.gradient[part],
        problem.point[part],
        known_factors(problem),
        {f"{other.name} of {block_name(problem, other.layer)}": other for other in others},
        {name: problem.penalty(name, slot.group) for name in ("l2", "l1")},
    )


def known_factors(problem: GradientProblem) -> list[tuple[float, str]]:
    """Factors that get lost or doubled in this network, and what that means."""
    rows, outputs = float(len(problem.rows)), float(problem.architecture.outputs)
    weight = float(problem.data.train.weight[problem.rows].sum())
    factors = [
        (rows, "the number of rows, so the mean over the batch is missing"),
        (1 / rows, "1 over the number of rows, so the batch is averaged twice, or should be summed"),
        (weight, "the sum of the rows' weights, so the mean over the batch is missing"),
        (outputs, "the number of outputs, so the mean over them is missing"),
        (1 / outputs, "1 over the number of outputs, which should be summed"),
    ]
    for rate in {block.dropout for block in problem.experiment.model.hidden_layers() if block.dropout}:
        kept = 1 - float(dropped_draws(rate)) / DRAWS
        factors.append((kept, "the share of units that dropout keeps, so a mask is not scaled"))
        factors.append((1 / kept, "1 over the share of units that dropout keeps, so a mask scales twice"))
    return factors
