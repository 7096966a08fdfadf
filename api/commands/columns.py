"""The commands about the columns of sheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from api.commands.failures import Failure, say
from api.commands.options import FILE
from api.commands.recommend import asking, job_of


@click.group()
def columns() -> None:
    """Look at what the columns of a sheet are read as."""


@columns.command("draft")
@click.argument("source", type=FILE, metavar="FILE")
@click.option(
    "-o", "--output", type=FILE, required=True, metavar="MAP", help="Where the map goes: a .toml that is not there yet."
)
@asking
def draft_map(source: Path, output: Path, **options: Any) -> None:
    """Write a column map of FILE by looking at it, to be read and corrected by whoever knows the sheet.

    What the columns are called and what stands in them decides; what has two readings is in the map as a question, and what
    nobody knows as a comment. `kail recommend FILE --columns MAP` reads with it.

    \b
    Example:
      kail columns draft people.xlsx -o people.toml
    """
    from api.advice.drafts import draft

    if output.exists():
        raise Failure("map_is_there", path=output)
    written = draft(job_of(options), source, source.stem)
    try:
        output.write_text(written, encoding="utf-8")
    except OSError as error:
        raise Failure("cannot_write_map", path=output, error=error.strerror or str(error)) from None
    click.echo(say("map_drafted", path=output))
