"""A ColumnMap turns one row of any spreadsheet into signals. It is a TOML file that somebody who knows the sheet writes.

Nothing is guessed: a cell that the map does not explain is a problem with its remedy, and a column that nobody maps is
left out and named. `kenya_census.toml`, beside this file, is a map to copy from:

    [map]
    name = "Baseline census"
    participant = "id"                       # left out: the number of the row
    as_of = "interviewed"                    # the day on which the row was true; left out: the day asked
    as_of_format = "%d/%m/%Y"                # left out: YYYY-MM-DD
    constants = { business_running = true }  # true of every row, though no column says so

    [[column]]                               # a column may stand in several of these, a signal in one
    from = "businessage"
    to = "business_age_months"
    unit = "years"                           # years, months, weeks, days; for money thousands, millions
    missing = ["", "NA", "-99"]              # unknown, which is neither no nor zero

    [[column]]
    from = "sex"
    to = "gender"
    values = { F = "woman", M = "man" }      # every cell there may be; any other is a problem

    [[column]]
    from = "profit"
    to = "monthly_profit"
    thousands = "."                          # 5.000.000; left out: digits alone
    currency = "KES"                         # without a rate the value stays unknown, and the summary says so
    rate = { idr_per_unit = 120.5, date = 2014-10-01, url = "https://..." }

    [[column]]
    from = "certificate"
    to = "training_certificate_on"
    date_format = "%d/%m/%Y"                 # left out: YYYY-MM-DD

    [[column]]
    from = "born"
    to = "age"                               # of months or years: how long it has been since that day
    date_format = "%d/%m/%Y"                 # or since = true, where the days are written in several ways

    [[column]]
    from = "loans"
    to = "existing_credit"
    separator = "|"                          # left out: a semicolon; the word none is the empty list

    [[column]]                               # one answer spread over several yes/no columns
    to = "sector"
    choices = { sells_food = "food", mends_things = "services", does_other_things = "" }  # "": no code of ours says it

A yes or no may be written ya, tidak, yes, no, true, false, 1, 0, Y, T (tidak) or N.
"""

from training_data.columns.cells import CellProblem, Column, ColumnMap, Rate, as_text
from training_data.columns.maps import check_headers, plain_map, read_map
from training_data.columns.tables import MOST_BYTES, read_table, table_of, wrong_map

__all__ = [
    "MOST_BYTES", "CellProblem", "Column", "ColumnMap", "Rate",
    "as_text", "check_headers", "plain_map", "read_map", "read_table", "table_of", "wrong_map",
]  # fmt: skip
