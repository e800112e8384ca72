"""Vanishing gradients: from layer to layer less of them arrives."""

from nettrain.checks.advice.evidence import Evidence
from nettrain.checks.advice.gradient_profile import gradient_profile, straighter_ways
from nettrain.checks.advice.registry import advice_line

FLATTENING = {"sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign"}  # with slopes below 1
GONE = 1e-3  # the gradient of the first hidden layer, relative to that of the last one


@advice_line("vanishing_gradients", unless=("identical_units",), needs_layers=True)
def vanishing_gradients(seen: Evidence) -> str | None:
    """The gradient of the first hidden layer is far smaller than that of the layers behind it."""
    profile = gradient_profile(seen)
    if profile is None or not profile.first < GONE * profile.last:
        return None
    return (
        f"the gradient is {profile.last:.1e} in {profile.last_name} and {profile.first:.1e} in"
        f" {profile.first_name}: it vanishes on its way back, by {1 / profile.factor:.1f}× a layer;"
        f" {_knobs(seen)}"
    )


def _knobs(seen: Evidence) -> str:
    hidden = seen.experiment.model.hidden_layers()
    bends = ["model.activation=relu"] if {layer.activation.name for layer in hidden} & FLATTENING else []
    starts = ["model.init=auto"] if {layer.init.name for layer in hidden} != {"auto"} else []
    return f"try {' or '.join([*bends, *straighter_ways(seen), *starts]) or 'fewer layers'}"
