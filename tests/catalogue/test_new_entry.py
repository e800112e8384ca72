"""A new family of entries is one new file in the package of its kind; without an oracle a test says what to add."""

import json
import re
import sys

import pytest

from nettrain.catalogue.registry import Registry, Variant
from nettrain.experiment.reference.kinds import REGISTRIES
from tests.catalogue.oracles import ORACLES, assert_oracles
from tests.cli.command import ROOT, copied_package, ended

FAMILIES = {
    "activation": (
        "activations",
        '''
from nettrain.catalogue.activations.base import Activation, activations

@activations.register("new", source="Nobody 2001")
class New(Activation):
    """f(z) = z²."""

    def forward(self, xp, z, a):
        xp.square(z, out=a)
''',
    ),
    "initializer": (
        "initializers",
        '''
from nettrain.catalogue.initializers.base import Initializer, initializers, uniform

@initializers.register("new", source="Nobody 2001")
class New(Initializer):
    """U(±1/m)."""

    def draw(self, generator, m, n, slope=0.0):
        return uniform(generator, 1 / m, m, n)
''',
    ),
    "loss": (
        "losses",
        '''
from nettrain.catalogue.losses.base import Loss, losses
from nettrain.catalogue.losses.errors import squares_step

@losses.register("new", source="Nobody 2001")
class New(Loss):
    """(ŷ-y)²."""

    fits = ("numbers",)
    train = squares_step

    def rows(self, xp, output, target):
        return xp.square(output - target).mean(axis=-1)
''',
    ),
    "metric": (
        "metrics",
        '''
from nettrain.catalogue.metrics.base import Metric, metrics
from nettrain.catalogue.metrics.numbers import Squares

@metrics.register("new", source="Nobody 2001")
class New(Metric[Squares]):
    """The mean squared error."""

    fits = ("numbers",)
    statistic = Squares

    @staticmethod
    def value(statistic):
        return statistic.mean
''',
    ),
    "optimizer": (
        "optimizers",
        '''
from nettrain.catalogue.optimizers.base import Rule, optimizers
from nettrain.catalogue.optimizers.descent import sgd_step
from nettrain.catalogue.settings import number

@optimizers.register("new", source="Nobody 2001")
class New(Rule):
    """w -= αγg."""

    gamma: float = number(0.5, "factor on the step", gt=0)

    def coefficients(self, rate, t):
        return [rate * self.gamma]

    def step(self):
        return sgd_step
''',
    ),
    "schedule": (
        "schedules",
        '''
from nettrain.catalogue.schedules.base import Schedule, schedules

@schedules.register("new", source="Nobody 2001")
class New(Schedule):
    """α₀/2."""

    def rate(self, base, clock, length):
        return base / 2 + 0 * clock
''',
    ),
    "momentum schedule": (
        "schedules",
        '''
from nettrain.catalogue.schedules.momentum import MomentumSchedule, momentum_schedules

@momentum_schedules.register("new", source="Nobody 2001")
class New(MomentumSchedule):
    """μ/2."""

    def value(self, base, steps, length):
        return base / 2 + 0 * steps
''',
    ),
    "calibration": (
        "calibrations",
        '''
from nettrain.catalogue.calibrations.base import Calibration, Calibrator, calibrations

@calibrations.register("new", source="Nobody 2001")
class New(Calibration):
    """p itself."""

    @classmethod
    def fit(cls, probabilities, y, weight):
        return Calibrator()
''',
    ),
    "distribution": (
        "distributions",
        '''
from nettrain.catalogue.distributions.base import Distribution, distributions

@distributions.register("new", source="Nobody 2001")
class New(Distribution):
    """u itself."""

    def draw(self, u):
        return u

    def ends(self):
        return [0.1, 0.9]
''',
    ),
    "search method": (
        "searches",
        '''
from nettrain.catalogue.searches.base import SearchMethod, search_methods

@search_methods.register("new", source="Nobody 2001")
class New(SearchMethod):
    """The middle of every range."""

    def sampler(self, space):
        return Middle(space)


class Middle:
    def __init__(self, space):
        self.space = space

    def values(self, trial, told):
        return self.space.draw(lambda key: 0.5)
''',
    ),
}
EXPERIMENT = """
data: {source: 'synthetic:sine', validation: 0.2}
model: {hidden: [8], activation: new, init: new}
loss: new
optimizer: {name: new, gamma: 0.25}
schedule: new
training: {early_stopping: {monitor: val_new}}
sweep: {method: new, metric: {name: val_new, goal: minimize}, parameters: {optimizer.learning_rate: {distribution: new}}}
"""
MOMENTUM = """
data: {source: 'synthetic:sine'}
optimizer: {name: momentum, momentum_schedule: new}
"""
CALIBRATED = """
data: {source: 'builtin:iris'}
calibration: new
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package with one new file for each kind."""
    folder = copied_package(tmp_path_factory.mktemp("copy"))
    for kind, (package, text) in FAMILIES.items():
        name = f"zz_{kind.replace(' ', '_')}.py"
        (folder / "nettrain" / "catalogue" / package / name).write_text(text.lstrip(), encoding="utf-8")
    return folder


def run(copy, *arguments):
    done = ended([sys.executable, "-m", "nettrain", *arguments], copy, PYTHONPATH=str(copy))
    assert 0 == done.code, done.err
    return done.out


def test_every_kind_of_the_catalogue_is_here():
    entries = {kind: next(iter(registry.items()))[1] for kind, registry in REGISTRIES.items()}
    kinds = {kind for kind, entry in entries.items() if entry.__module__.startswith("nettrain.catalogue.")}
    assert kinds == set(FAMILIES) == set(ORACLES)


def test_a_new_family_is_listed(copy):
    listed = json.loads(run(copy, "list", "--json"))
    for kind in FAMILIES:
        assert "new" == listed[kind][-1]["name"], kind
        assert "Nobody 2001" == listed[kind][-1]["source"]
    sgd, new = (
        {one["name"] for one in entry["numbers"]}
        for entry in listed["optimizer"]
        if entry["name"] in ("sgd", "new")
    )
    assert {"gamma"} == new - sgd


@pytest.mark.parametrize("text", [EXPERIMENT, MOMENTUM, CALIBRATED])
def test_an_experiment_file_takes_a_new_family(copy, text):
    (copy / "new.yaml").write_text(text, encoding="utf-8")
    assert "name: new" in run(copy, "show", "new.yaml")


def test_the_ranges_of_a_new_entry_are_checked(copy):
    (copy / "wrong.yaml").write_text(EXPERIMENT.replace("0.25", "-1"), encoding="utf-8")
    done = ended([sys.executable, "-m", "nettrain", "show", "wrong.yaml"], copy, PYTHONPATH=str(copy))
    assert 2 == done.code
    assert "wrong.yaml:5: optimizer.gamma: -1 is not above 0" in done.err


@pytest.mark.parametrize("kind", ORACLES)
def test_an_entry_without_an_oracle_fails_with_what_to_add_and_where(kind):
    registry: Registry[Variant] = Registry(kind)
    registry.register("new")(type("New", (Variant,), {}))
    with pytest.raises(AssertionError) as caught:
        assert_oracles(registry, [])
    first, advice = str(caught.value).splitlines()[:2]
    assert f'{kind} "new" has no oracle' == first
    files = re.findall(r"[\w/]+\.py", advice)
    assert files
    assert [] == [file for file in files if not (ROOT / file).is_file()]
    for table, file in re.findall(r"([A-Z_]{3,}) in ([\w/]+\.py)", advice):
        assert re.search(rf"^{table}\b", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), (
            table,
            file,
        )
    assert_oracles(registry, ["new"])


def test_an_oracle_of_no_entry_is_named():
    with pytest.raises(AssertionError, match=r'^"old" has an oracle but is no loss$'):
        assert_oracles(Registry("loss"), ["old"])
