"""The rows of the papers: california housing and adult, each cut into training, validation and test rows."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from papers.splits import Cut, cut, stratified_cut

SHARE = 0.2  # of the rows that are held out, by either cut
TEST_SEED, VALIDATION_SEED = 0, 1
MONEY = 100_000.0  # a unit of the target of california, in dollars
CALIFORNIA = ("cal_housing.data", "cal_housing.data.gz")
ADULT_TRAIN = ("adult-train.csv", "adult-train.csv.gz", "adult.data")
ADULT_TEST = ("adult-test.csv", "adult-test.csv.gz", "adult.test")
ADULT_COLUMNS = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week"),
    *("native_country", "income"),
)
NUMBERS = ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
TARGETS = {"california": "MedHouseVal", "adult": "income"}
COUNTS = {"california": 20_640, "adult": 32_561}


@dataclass(frozen=True)
class SplitRows:
    """A table as the papers cut it."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame

    def write(self, folder: Path) -> None:
        """Write test.parquet, validation.parquet and, as the last one, train.parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("test", "validation", "train"):
            getattr(self, name).write_parquet(folder / f"{name}.parquet")


def split_rows(table: str, source: Path) -> SplitRows:
    """The rows of a table, `california` or `adult`, read from files below `source`.

    Raises FileNotFoundError when they are not there, ValueError when they have other rows.
    """
    return {"california": california, "adult": adult}[table](source)


def california(source: Path) -> SplitRows:
    """scikit-learn's eight columns of the StatLib table in its order, and the target in 100,000 dollars."""
    raw = pl.read_csv(found(source, CALIFORNIA))
    check_rows(raw, "california")
    households = pl.col("households")
    table = raw.select(
        MedInc=pl.col("median_income"),
        HouseAge=pl.col("housing_median_age"),
        AveRooms=pl.col("total_rooms") / households,
        AveBedrms=pl.col("total_bedrooms") / households,
        Population=pl.col("population"),
        AveOccup=pl.col("population") / households,
        Latitude=pl.col("latitude"),
        Longitude=pl.col("longitude"),
        MedHouseVal=pl.col("median_house_value") / MONEY,
    )
    outer = cut(table.height, SHARE, TEST_SEED)
    inner = cut(len(outer.kept), SHARE, VALIDATION_SEED)
    return SplitRows(*parts(table[outer.kept], inner), table[outer.held_out])


def adult(source: Path) -> SplitRows:
    """The official training rows, cut with each part's share of both classes, and the official test rows."""
    table = read_adult(found(source, ADULT_TRAIN))
    check_rows(table, "adult")
    inner = stratified_cut(table["income"].to_numpy(), SHARE, VALIDATION_SEED)
    return SplitRows(*parts(table, inner), read_adult(found(source, ADULT_TEST)))


def read_adult(path: Path) -> pl.DataFrame:
    """A file of the UCI Machine Learning Repository; unknown cells stay "?", labels lose their dot."""
    raw = pl.read_csv(path, has_header=False, new_columns=list(ADULT_COLUMNS), comment_prefix="|")
    rows = raw.filter(pl.col("income").is_not_null())  # the files end with an empty line
    table = rows.with_columns(pl.col(pl.String).str.strip_chars())
    return table.with_columns(pl.col(NUMBERS).cast(pl.Int64), pl.col("income").str.strip_suffix("."))


def parts(table: pl.DataFrame, of: Cut) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that a cut keeps, and those that it holds out."""
    return table[of.kept], table[of.held_out]


def found(source: Path, names: tuple[str, ...]) -> Path:
    """The first file below a folder that has one of these names."""
    for name in names:
        for path in sorted(source.rglob(name)):
            return path
    raise FileNotFoundError(f"no {' or '.join(names)} below {source}")


def check_rows(table: pl.DataFrame, name: str) -> None:
    """Raise ValueError unless the table has its well-known number of rows."""
    if table.height != COUNTS[name]:
        raise ValueError(f"{name} has {table.height:,} rows, not {COUNTS[name]:,}")
