"""What to look at when a gradient is wrong: where on the way back it begins, and what the numbers look like.

Backpropagation goes from the output down. All that it has computed before the first wrong tensor is right, so
the mistake lies between the two; and often the wrong numbers still show what was done to the right ones.
"""

from nettrain.checks.comparison import Compared, Comparison
from nettrain.checks.forms import Suspect, form
from nettrain.checks.problem import Problem
from nettrain.model.architecture import Node


def diagnosis(problem: Problem, comparison: Comparison) -> list[str]:
    """Sentences that say where to look; none when all is right."""
    sentences = []
    if comparison.objective_fails:
        sentences.append(
            f"the objective itself differs, training computes {comparison.objective:.10g} and its definition"
            f" gives {comparison.definition:.10g}: look at the forward pass and the loss first"
        )
    if comparison.failing:
        first = min(comparison.failing, key=way_back)
        what = form(suspect(problem, comparison, first))
        sentences.append(place(problem, comparison, first))
        sentences += [f"the {first.name} of {layer_name(problem, first.layer)} {what}"] if what else []
    elif comparison.directional.fails:
        sentences.append(
            "all numbers that were compared are right, but a derivative along a direction of all is not:"
            " compare more of them with --all"
        )
    if comparison.empty:
        sentences.append(
            "these weights lie upon kinks, where slopes have two sides: check others, as of a trained run"
        )
    return sentences


def way_back(tensor: Compared) -> int:
    """Sorts tensors as backpropagation meets them: from the output down."""
    return -tensor.layer


def layer_name(problem: Problem, layer: int) -> str:
    """The block of a layer: `hidden 1`, …, `output`."""
    return problem.architecture.nodes[layer].block.name


def place(problem: Problem, comparison: Comparison, first: Compared) -> str:
    """Which tensors are wrong, and what stands between them and the right ones."""
    failing, name = comparison.failing, layer_name(problem, first.layer)
    below = [other for other in comparison.tensors if way_back(other) >= way_back(first) and other.checked]
    if len(failing) == 1 < len(below):
        return f"only the {first.name} of {name} is wrong: look at what writes it"
    if len({other.name for other in failing}) == 1 and len(failing) < len(below):
        return f"only {first.name} is wrong, in {len(failing)} layers: look at what writes it"
    if (
        len({block(problem, other) for other in failing})
        == 1
        < len({block(problem, other) for other in below})
    ):
        return f"only {name} is wrong and all below it is right: look at what writes this layer's gradients"
    return f"wrong from {name} down: look at {between(problem, first)}"


def block(problem: Problem, tensor: Compared) -> str:
    """The block to which a tensor belongs."""
    return layer_name(problem, tensor.layer)


def between(problem: Problem, first: Compared) -> str:
    """What delta has passed since the last right tensor: the layers behind, up to one that learns."""
    passed = []
    for node in problem.architecture.nodes[first.layer + 1 :]:
        text = node.layer.backward_step()
        other = node.block is not problem.architecture.nodes[first.layer].block
        passed += [f"{text} of {node.block.name}" if other else text] if text else []
        if node.layer.arrays(node.inputs):
            return " or ".join(passed) if other else f"{passed[-1]}, whose {_learned(node)} right"
    return " or ".join([*passed, f"the delta of {problem.loss.name}"])


def _learned(node: Node) -> str:
    """What a layer learns, with the verb that goes with it."""
    names = list(node.layer.arrays(node.inputs))
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"


def suspect(problem: Problem, comparison: Comparison, tensor: Compared) -> Suspect:
    """A wrong tensor, and what might have been done to it."""
    slot = tensor.slot
    part = slice(slot.start, slot.start + slot.size)
    return Suspect(
        tensor,
        comparison.gradient[part],
        problem.point[part],
        known_factors(problem),
        {f"{t.name} of {layer_name(problem, t.layer)}": t for t in comparison.tensors if t is not tensor},
        {name: problem.penalty(name, slot.group) for name in ("l2", "l1")},
    )


def known_factors(problem: Problem) -> list[tuple[float, str]]:
    """Numbers that get lost or doubled in a network, and what that means."""
    rows, outputs = float(len(problem.rows)), float(problem.architecture.outputs)
    weight = float(problem.data.train.weight[problem.rows].sum())
    found = [
        (rows, "the number of rows, so the mean over the batch is missing"),
        (1 / rows, "one by the number of rows, so the batch is averaged twice, or should be summed"),
        (weight, "the sum of the rows' weights, so the mean over the batch is missing"),
        (outputs, "the number of outputs, so the mean over them is missing"),
        (1 / outputs, "one by the number of outputs, which should be summed"),
    ]
    for rate in {block.dropout for block in problem.experiment.model.hidden_layers() if block.dropout}:
        found.append((1 - rate, "the share of units that dropout keeps, so a mask is not scaled"))
        found.append((1 / (1 - rate), "one by the share of units that dropout keeps, so a mask scales twice"))
    return found
