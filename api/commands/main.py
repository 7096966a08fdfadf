"""The command line. Each command imports what it needs when it runs, so that `kail serve` never loads what trains."""

from __future__ import annotations

import click

from api import __version__
from api.commands.columns import columns
from api.commands.exporting import export
from api.commands.failures import Commands
from api.commands.organisations import organisation
from api.commands.programme import programme
from api.commands.recommend import explain, recommend
from api.commands.record import account, audit, demo, keys, rescreen
from api.commands.serve import serve
from api.commands.training import cohort, train


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="kail")
def cli() -> None:
    """Kail reads how ready a small entrepreneur is for capital and says what to do next.

    \b
    kail serve                          start the service and its pages
    kail recommend participants.csv     answer for every row of a file
    kail explain participants.csv --row 3
                                        say everything about one row, in plain words
    kail columns draft FILE -o MAP      write a column map of a sheet by looking at it
    kail programme check FOLDER         see whether a programme's files are in order
    kail cohort -n 10000 -o people.parquet
                                        make people who never lived, to try things on
    kail demo --data DIR                a record full of people who never lived, with mentors
    kail organisation add NAME --lender PROVIDER --data DIR
                                        add a lender, bound to providers of the programme
    kail rescreen --data DIR            who gained or lost what after the rules changed
    kail export --known-at DATE -o rows.parquet --data DIR --as LOGIN
                                        training rows: what was known on a past day, and what came of it
    kail audit verify --data DIR        whether anything in the record was tampered with

    Every command explains itself: kail recommend --help
    """


for command in (
    serve,
    recommend,
    explain,
    columns,
    programme,
    cohort,
    train,
    demo,
    account,
    organisation,
    rescreen,
    export,
    audit,
    keys,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line."""
    cli(prog_name="kail")


if __name__ == "__main__":
    main()
