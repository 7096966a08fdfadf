"""The commands that make training rows and learn a scorecard from them. What trains is imported when they run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from api.commands.failures import Failure, language, say
from api.commands.options import FILE, FOLDER, existing, language_option, programme_option
from api.commands.progress import progress_bar
from words.speaking import speaker


@click.command()
@click.option("-n", "people", type=click.IntRange(1, 2_000_000), required=True, metavar="N", help="How many people.")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same people."
)
@click.option(
    "--others", type=click.IntRange(0), metavar="M", help="Keep all who were referred for capital and only M others."
)
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE", help="Where to: .parquet, .csv or .csv.gz.")
@language_option
def cohort(people: int, seed: int, others: int | None, output: Path) -> None:
    """Make N SYNTHETIC people: nobody of them ever lived. Their steps follow the counts published on 2021-10-27.

    Each row says what was known of a person on that day and, for the few who were referred for capital, what came of it.
    Referrals, loans and repayment are invented: training_data/datasheet.md says what is not.

    \b
    Examples:
      kail cohort -n 284164 --seed 1 -o people.parquet
      kail cohort -n 120000 --seed 2018 --others 640 -o sample.parquet
    """
    from training_data.cohort import enrich, make_cohort
    from training_data.schema import ENDINGS, OUTCOMES, rows_for, write_rows

    if not output.name.endswith(ENDINGS):
        raise Failure("unknown_ending", path=output, endings=ENDINGS)
    with progress_bar() as progress:
        rows = make_cohort(people, random_state=seed, progress=progress)
    if others is not None:
        rows = enrich(rows, others=others, random_state=seed)
    write_rows(output, rows)
    number = speaker(language()).number
    whole = ", ".join(f"{name} {number(len(rows_for(rows, name)))}" for name in OUTCOMES)
    click.echo(say("synthetic_rows", path=output))
    click.echo(say("rows_made", read=len(rows), referred=int(rows.known("referred_on").sum())))
    click.echo(say("rows_that_train", told=whole))


@click.command()
@click.option(
    "--rows", type=FILE, metavar="FILE", help="Training rows; without it the synthetic sample that comes along."
)
@click.option("--outcome", type=click.Choice(["funded", "kept"]), default="funded", show_default=True)
@click.option(
    "-o", "--output", type=FOLDER, metavar="DIR", help="Where the version's folder goes; needed unless --check."
)
@click.option("--version", metavar="NAME", help="The version's name; it is never overwritten.")
@click.option("--check", "wanted", metavar="VERSION", help="Train VERSION again, write nothing, compare the digests.")
@programme_option
@language_option
def train(
    rows: Path | None,
    outcome: str,
    output: Path | None,
    version: str | None,
    wanted: str | None,
    programme: Path | None,
) -> None:
    """Learn a scorecard from training rows and write it as a new version: points table, card, manifest.

    Or, with --check, learn a version again from the same rows and see whether the same points come out. The outcome is then
    that of the version.

    \b
    Examples:
      kail train --rows outcomes.parquet --outcome funded -o models --version funded-2027-1
      kail train --check funded-synthetic-1

    Exit code: 0 written, or the digests are equal; 2 nothing done, or they differ.
    """
    if wanted is None and (output is None or version is None):
        raise Failure("nothing_to_do")
    from matcher.programme.loading import OKOCE, load_programme
    from models import train as training
    from models.registry import ARTIFACTS, new_folder
    from training_data.schema import read_rows

    loaded = load_programme(existing(programme or OKOCE))
    artifacts = output or ARTIFACTS
    if wanted is None:
        new_folder(str(version), artifacts)  # told before the work, not after
    read = training.read_sample(loaded) if rows is None else read_rows(rows, loaded)
    if wanted is not None:
        checked = training.check(read, wanted, artifacts, _stage)
        found = checked.trained
    else:
        found = training.train(read, outcome, str(version), _stage)
        folder = training.save(found, artifacts, rows_name=rows.name if rows else None)
    for line in training.report(found, language()):
        click.echo(line)
    if wanted is None:
        click.echo(say("written", path=folder))
    elif checked.equal:
        click.echo(say("equal", version=wanted))
    else:
        raise Failure("not_equal", version=wanted, digest=checked.wanted, why=checked.why)


def _stage(stage: str) -> None:
    """Say on the error channel what is being done, if somebody is there to see it."""
    if sys.stderr.isatty():
        click.echo(f"{speaker(language()).name('stage', stage)} ...", err=True)
