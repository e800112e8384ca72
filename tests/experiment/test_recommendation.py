"""What is recommended for tables of every size, and the words for what was seen of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nettrain.data.guess import Guess, guess
from nettrain.data.time_order import TimeOrder
from nettrain.experiment.drafting.findings import percent, seen, task
from nettrain.experiment.drafting.recommendation import (
    EMBEDDING,
    OF_MANY,
    PLAIN,
    BlendedRecipe,
    Recommendation,
    RecommendedRecipe,
    recommend,
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Guess:
    """Rows of five numbers and a class."""
    draw, path = np.random.default_rng(0), tmp_path_factory.mktemp("rows") / "rows.csv"
    columns = {f"x{k}": draw.normal(size=60).round(3) for k in range(5)}
    pl.DataFrame({**columns, "kind": ["a", "b", "a"] * 20}).write_csv(path)
    return guess(str(path))


def test_a_small_network_learns_from_very_many_rows(table: Guess) -> None:
    assert replace(OF_MANY, batch_size=128) == recommend(replace(table, rows=100_000))
    assert not isinstance(recommend(replace(table, rows=99_999)), Recommendation)


def test_embeddings_are_learned_from_numbers_or_from_many_rows(table: Guess) -> None:
    def recommended(rows: int, kind: str) -> RecommendedRecipe | Recommendation:
        return recommend(replace(table, rows=rows, kind=kind))

    of_classes = RecommendedRecipe("mlp", folds=5, scaling="standard", blended=EMBEDDING)
    of_numbers = RecommendedRecipe("mlp_plr", folds=5, scaling="robust_clip", blended=PLAIN)
    assert (of_classes, of_numbers) == (recommended(999, "classes"), recommended(999, "numbers"))
    of_some = RecommendedRecipe("mlp_plr", folds=5, blended=BlendedRecipe("realmlp"))
    of_many = RecommendedRecipe("mlp_plr", folds=5)
    for kind in ("classes", "numbers"):
        assert [of_some, of_some, of_many] == [recommended(rows, kind) for rows in (1_000, 2_999, 3_000)]


def test_few_numbers_are_a_curve_and_few_columns_with_text_are_a_table(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    columns = {f"x{k}": draw.normal(size=60).round(3) for k in range(3)}
    pl.DataFrame({**columns, "y": draw.normal(size=60)}).write_csv(tmp_path / "space.csv")
    pl.DataFrame({**columns, "x2": ["u", "v"] * 30, "y": draw.normal(size=60)}).write_csv(
        tmp_path / "text.csv"
    )
    curve, text = (recommend(guess(str(tmp_path / name))) for name in ("space.csv", "text.csv"))
    assert isinstance(curve, Recommendation)
    assert [32, 32] == curve.hidden
    assert isinstance(text, RecommendedRecipe)
    assert "mlp_plr" == text.name


def test_two_recipes_are_blended_only_where_folds_weigh_them_and_there_are_numbers(table: Guess) -> None:
    words = replace(table, columns=tuple(replace(one, kind="text") for one in table.columns))
    single = replace(table, classes={f"c{k}": 1 for k in range(60)})
    for kind in ("classes", "numbers"):
        assert getattr(recommend(replace(table, kind=kind)), "blended", None) is not None
        assert getattr(recommend(replace(words, kind=kind)), "blended", "none") is None
    assert getattr(recommend(single), "blended", "none") is None


@pytest.mark.parametrize(("single", "folds"), [(1, 5), (30, 5), (31, 0)])
def test_folds_need_half_of_the_rows_in_classes_of_several(table: Guess, single: int, folds: int) -> None:
    rare = replace(table, classes={"a": 28, "b": 2} | {f"c{k}": 1 for k in range(single)})
    assert folds == getattr(recommend(rare), "folds", None)


def test_where_there_are_no_blocks_of_time_there_are_no_folds(table: Guess) -> None:
    in_time = {blocks: TimeOrder("time", ("when",), blocks) for blocks in (True, False)}
    folds = {blocks: recommend(replace(table, time=time)) for blocks, time in in_time.items()}
    assert {True: 5, False: 0} == {blocks: getattr(found, "folds", None) for blocks, found in folds.items()}


def test_wide_layers_see_large_images(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    pixels = draw.integers(0, 256, (40, 20, 20), dtype=np.uint8)
    np.savez(tmp_path / "digits.npz", x=pixels, y=np.arange(40) % 2)
    images = guess(str(tmp_path / "digits.npz"))
    many = recommend(replace(images, rows=10_000))
    assert isinstance(many, Recommendation)
    assert ([512, 512], 0.2, 128) == (many.hidden, many.dropout, many.batch_size)
    assert [512, 512] != getattr(recommend(replace(images, rows=9_999)), "hidden", None)


def test_how_much_there_is(table: Guess) -> None:
    large = replace(table, rows=2_000_000, sampled_rows=200_000, test_rows=1_000)
    assert (
        "2,000,000 rows, 6 columns, and 1,000 test rows of its own; numbers were sampled from 200,000 evenly "
        "spaced rows"
    ) == seen(large)


def test_what_the_targets_are(table: Guess, tmp_path: Path) -> None:
    assert '2 classes; always predicting "a" is right for 67 %' == task(table)
    draw = np.random.default_rng(0)
    x = draw.normal(size=(60, 4))
    for y, said in ((x > 0, "0 and 1 in several columns"), (x, "4 columns of them")):
        np.savez(tmp_path / "several.npz", x=x, y=y.astype(float))
        assert said == task(guess(str(tmp_path / "several.npz")))


def test_shares_are_none_or_all_only_where_they_are() -> None:
    shares = [percent(part, 1000) for part in (0, 1, 10, 440, 990, 999, 1000)]
    assert ["0 %", "under 1 %", "1 %", "44 %", "99 %", "over 99 %", "100 %"] == shares
