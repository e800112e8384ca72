"""Growing gradients: from layer to layer they get larger on their way back."""

from nettrain.checks.advice.evidence import Evidence
from nettrain.checks.advice.gradient_profile import gradient_profile, straighter_ways
from nettrain.checks.advice.registry import advice_line

GROWN = 1e2  # times the gradient of the last hidden layer


@advice_line("growing_gradients", needs_layers=True)
def growing_gradients(seen: Evidence) -> str | None:
    """The gradient of the first hidden layer is far larger than that of the layers behind it."""
    profile = gradient_profile(seen)
    if profile is None or not profile.first > GROWN * profile.last:
        return None
    return (
        f"the gradient is {profile.last:.1e} in {profile.last_name} and {profile.first:.1e} in"
        f" {profile.first_name}: it grows on its way back, by {profile.factor:.1f}× a layer;"
        f" try {' or '.join([*straighter_ways(seen), 'a smaller model.init.scale'])}"
    )
