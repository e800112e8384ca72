"""What mattered as it is shown: sentences to the letter, a table for 80 columns, a panel for each parameter."""

from dataclasses import replace
from io import BytesIO, StringIO
from math import nan

import numpy as np
from matplotlib.image import imread
from rich.console import Console

from nettrain.output.figures.canvas import svg
from nettrain.output.figures.effects import effects_picture
from nettrain.output.importance_table import show_importance
from nettrain.output.importance_words import lines
from nettrain.sweep.anova.analysis import (
    Anova,
    Effect,
    Interaction,
    NoAnova,
    PartialEffect,
    Share,
    WhyNoAnova,
)
from nettrain.sweep.influence import Influence


def effect(key, share, values, *, told=True, is_range=True):
    ranks = np.linspace(0.2, 0.8, len(values))
    partial = PartialEffect(values, ranks, ranks - 0.1, ranks + 0.1, ranks)
    return Effect(key, Share(share, share / 2, share * 1.2), told, partial, is_range, log=is_range)


ANOVA = Anova(
    "val_loss",
    64,
    64,
    Share(0.65, 0.48, 0.8),
    [
        effect("optimizer.learning_rate", 0.6, [0.001, 0.01, 0.1]),
        effect("model.activation", 0.05, ["relu", "tanh"], told=False, is_range=False),
    ],
    [
        Interaction(("optimizer.learning_rate", "model.activation"), Share(0.2, 0.1, 0.3), is_told=True),
        Interaction(("model.activation", "optimizer.learning_rate"), Share(0.1, 0.0, 0.3), is_told=False),
    ],
    0.1,
    is_first_ahead=True,
    figure_at=lambda rank: rank / 2,
)
KNOWN = [
    Influence("optimizer.learning_rate", 0.45, 1, None, 64),
    Influence("model.activation", 0.1, 0, {"tanh": 0.2, "relu": 0.25}, 64),
]
EXPLAINED = (
    "A random forest on 64 trials explains 65 % (48–80 %) of how unseen trials rank by val loss; shares are of"
    " the variance of its predictions."
)
CHANCE = "May be chance: model.activation."


def shown(influences, mattered):
    out = StringIO()
    show_importance(Console(file=out, width=80), influences, mattered)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_table_of_80_columns_to_the_letter():
    assert [
        "",
        " what mattered      share of variance      95 %   rank corr.   what is better",
        " ──────────────────────────────────────────────────────────────────────────────",
        " learning_rate      ██████      60 %    30–72 %         0.45   larger",
        " activation                      5 %      2–6 %         0.10   tanh 0.2000,",
        "                                                               relu 0.2500",
        " learning_rate ×    ██          20 %    10–30 %                together",
        " activation",
        "",
    ] == shown(KNOWN, [ANOVA])[:9]


def test_further_goals_have_their_names_and_no_rank_correlations():
    both = shown(KNOWN, [ANOVA, replace(ANOVA, metric="val_accuracy")])
    assert any(line.startswith(" what mattered for val accuracy   share of variance") for line in both)
    assert 1 == sum("rank corr." in line for line in both)


def test_what_can_be_said():
    assert [EXPLAINED, CHANCE] == list(lines(ANOVA))
    sure = [replace(one, is_told=True) for one in ANOVA.effects]
    assert [EXPLAINED] == list(lines(replace(ANOVA, effects=sure)))
    behind = replace(ANOVA, is_first_ahead=False)
    assert [
        EXPLAINED,
        "Which mattered most, optimizer.learning_rate or model.activation, cannot be said from so many trials.",
        CHANCE,
    ] == list(lines(behind))
    assert not behind.is_first_told
    weak = replace(ANOVA, explained=Share(0.4, 0.1, 0.6))
    assert (
        "As it explains less than half, something else may have mattered more than optimizer.learning_rate."
        in list(lines(weak))
    )
    assert [ANOVA.is_first_told, weak.is_first_told] == [True, False]
    drawn = next(lines(replace(ANOVA, trials=1000, of_trials=12000)))
    assert drawn.startswith("A random forest on 1,000 trials drawn from 12,000 explains 65 %")


def test_what_cannot_be_said():
    few = replace(ANOVA, explained=Share(-0.1, -0.3, 0.08))
    assert [
        "64 trials are too few to say what mattered, or nothing did: a random forest explains 0 % (at most 8 %)"
        " of how unseen trials rank by val loss, which may be none at all."
    ] == list(lines(few))
    assert " what mattered             how much                    what is better" in shown(KNOWN, [few])
    reasons = {one: list(lines(NoAnova("val_loss", 5, one))) for one in WhyNoAnova}
    assert ["What mattered cannot be said from 5 trials."] == reasons[WhyNoAnova.FEW_TRIALS]
    assert "pip install 'nettrain[sklearn]'" in reasons[WhyNoAnova.NOT_INSTALLED][0]
    assert [
        "What mattered cannot be divided into shares, as trials change their values while they train."
    ] == reasons[WhyNoAnova.EVOLVES]


def blue(picture):
    """Whether the left and the right of a picture have something in the colour of effects that are told."""
    image = imread(BytesIO(picture))
    dark = np.abs(image[..., :3] - np.array([0x1F, 0x4E, 0x9C]) / 255).max(axis=-1) < 0.02
    third = image.shape[1] // 3
    return bool(dark[:, :third].any()), bool(dark[:, -third:].any())


def test_the_picture_has_a_panel_for_each_parameter_and_grey_ones_that_may_be_chance():
    assert (True, False) == blue(effects_picture(ANOVA, "what mattered"))
    both = [ANOVA.effects[0], replace(ANOVA.effects[1], is_told=True)]
    assert (True, True) == blue(effects_picture(replace(ANOVA, effects=both), "what mattered"))


def test_a_value_that_is_not_searched_by_its_logarithm_has_a_linear_axis():
    linear = replace(effect("model.dropout", 0.6, [0.0, 0.2, 0.4]), log=False)
    drawn = effects_picture(replace(ANOVA, effects=[linear]), "", render=svg).decode()
    assert [True] * 3 == [f">{tick}<" in drawn for tick in ("0", "0.2", "0.4")]


def test_ranks_are_labels_where_trials_did_not_train_to_their_end():
    def labels(anova):
        return effects_picture(anova, "", render=svg).decode()

    assert "val loss at the mean rank" in labels(ANOVA)
    stopped = replace(ANOVA, figure_at=lambda rank: rank if rank < 0.5 else nan)
    assert "mean rank by val loss" in labels(stopped)
    assert "at the mean rank" not in labels(stopped)


def test_heights_of_times_have_units_and_a_figure_of_many_ranks_is_written_once():
    timed = replace(ANOVA, metric="seconds_per_epoch", figure_at=lambda rank: 4e-4 if rank < 0.5 else 7e-4)
    drawn = effects_picture(timed, "", render=svg).decode()
    assert [1, 1] == [drawn.count(f">{one}<") for one in ("400 µs", "700 µs")]
    assert "epoch time at the mean rank" in drawn
