"""Where the inputs of a kind are, in front of embeddings and behind them."""

from nettrain.model.blocks import input_block
from nettrain.model.input_columns import EmbeddedColumns, SourceColumn
from nettrain.model.settings import ModelSettings

COLUMNS = (
    SourceColumn(("number", "indicator")),
    SourceColumn(("indicator",) * 3),
    SourceColumn(("category",), 12),
    SourceColumn(("number",)),
)


def test_an_embedding_moves_what_is_behind_it() -> None:
    before = EmbeddedColumns(COLUMNS)
    assert ((0, 6), (5,)) == (before.positions("number"), before.positions("category"))
    assert (2, 3, 1, 1) == before.per_column
    behind = before.embedded("number", 4)
    assert ((0, 9), (8,)) == (behind.positions("number"), behind.positions("category"))
    assert (5, 3, 1, 4) == behind.per_column
    both = behind.embedded("category", 8)
    assert (5, 3, 8, 4) == both.per_column


def test_the_input_block_embeds_numbers_and_then_categories() -> None:
    settings = ModelSettings(embeddings={"name": "linear_relu", "dimension": 4}, category_dimension=3)
    block = input_block(settings, COLUMNS)
    numbers, categories = block.layers
    assert ((0, 6), (8,), (12,)) == (numbers.positions, categories.positions, categories.categories)
    assert (5, 3, 3, 4) == block.columns.per_column
    assert sum(block.columns.per_column) == categories.width(numbers.width(7))


def test_without_numbers_nothing_is_embedded() -> None:
    settings = ModelSettings(embeddings={"name": "periodic"})
    assert () == input_block(settings, COLUMNS[1:2]).layers
