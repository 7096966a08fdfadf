"""The commands that look after a programme's folder."""

from __future__ import annotations

from pathlib import Path

import click

from api.commands.failures import language, say
from api.commands.options import FOLDER, existing, language_option
from words.catalogues import check_catalogues
from words.speaking import speaker


@click.group()
def programme() -> None:
    """Look after a programme: the folder of TOML files with its steps, signals, interventions, products and tiers."""


@programme.command()
@click.argument("folder", type=FOLDER, metavar="DIR")
@language_option
def check(folder: Path) -> None:
    """Read the programme in DIR and name all that is wrong with it at once, each with file, entry and remedy.

    \b
    Example:
      kail programme check my-city

    Exit code: 0 in order, 2 not.
    """
    from matcher.programme.loading import load_programme

    found = load_programme(existing(folder))
    check_catalogues(found.languages)
    says = speaker(language())
    parts = ("steps", "signals", "interventions", "products", "tiers")
    click.echo(
        say("programme_in_order", path=folder, told=[says.counted(name, len(getattr(found, name))) for name in parts])
    )
    click.echo(say("digest", digest=found.digest))
