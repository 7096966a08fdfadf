"""A ColumnMap turns one row of any spreadsheet into signals. It is a TOML file that somebody who knows the sheet writes.

Nothing is guessed: a cell that the map does not explain is a problem with its remedy, and a column that nobody maps is
left out and named. `columns/kenya_census.toml` is a map to copy from:

    [map]
    name = "Baseline census"
    participant = "id"                       # left out: the number of the row
    as_of = "interviewed"                    # left out: the day asked. The day on which the row was true
    constants = { business_running = true }  # true of every row, though no column says so

    [[column]]                               # a column may stand in several of these
    from = "businessage"
    to = "business_age_months"
    unit = "years"
    missing = ["", "NA", "-99"]              # unknown, which is neither no nor zero
"""

from training_data.columns.cells import CellProblem, Column, ColumnMap, Rate, as_text
from training_data.columns.maps import check_headers, plain_map, read_map

__all__ = ["CellProblem", "Column", "ColumnMap", "Rate", "as_text", "check_headers", "plain_map", "read_map"]
