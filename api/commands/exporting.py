"""The command that writes a training set: what was known on a past day, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.commands.failures import NOTHING_DONE, Failure, language, say
from api.commands.options import FILE, as_day
from api.commands.progress import progress_bar
from api.commands.record import on_a_record, opened

if TYPE_CHECKING:
    from api.record.actor import Actor
    from api.record.transaction import Transaction

OWNERS_ALONE = 0o600


@click.command()
@on_a_record
@click.option(
    "--known-at", "known_at", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="DATE", callback=as_day,
    help="As it was known at the end of this day, which is over: YYYY-MM-DD.",
)  # fmt: skip
@click.option(
    "--outcome", type=click.Choice(["funded", "kept"]),
    help="Only what may train a scorecard for it; without it everybody who agrees.",
)  # fmt: skip
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE", help="A new file: .parquet, .csv or .csv.gz.")
@click.option("--as", "login", required=True, metavar="LOGIN", help="In whose name: an analyst's or an operator's.")
def export(
    data: Path, database: str, keys: str, known_at: datetime, outcome: str | None, output: Path, login: str
) -> None:
    """Write training rows: what was known of each referral when it was sent, and how it ended as far as that was known.

    Only of people who agree, today, to training; under pseudonyms, which are still personal data. FILE.manifest.json tells
    what was made of what, and how many were left out and why. The same day gives the same file again, but for who was erased
    or took their consent back since. Where there is a second operator, one of them approves it first, on the pages.

    \b
    Example:
      kail export --known-at 2027-06-30 --outcome funded -o rows.parquet --data my-data --as rini
      kail train --rows rows.parquet --outcome funded -o models --version funded-2027-1
    """
    from api.outcomes import service
    from api.outcomes.known import Asked
    from api.outcomes.sets import written
    from api.record.approvals import Waits
    from api.record.refusals import Refused
    from training_data.schema import ENDINGS

    ending = next((one for one in ENDINGS if output.name.endswith(one)), None)
    if ending is None:
        raise Failure("unknown_ending", path=output, endings=ENDINGS)
    manifest = output.with_name(f"{output.name}.manifest.json")
    for path in (output, manifest):
        if path.exists():
            raise Failure("file_exists", path=path)
    if not output.parent.is_dir():
        raise Failure("export_nowhere", path=output.parent)
    asked = Asked(known_at, outcome or "", ending)
    with opened(data, database, keys) as (record, live):
        try:
            with record.write() as tx:
                actor = _acting(tx, login)
                allowed = service.permit(tx, actor, live, asked)
        except Refused as error:
            said = error.problems(language())[0]
            raise Failure("failed", what=said["message"], remedy=said["remedy"]) from None
        if isinstance(allowed, Waits):
            click.echo(say("export_waits", at=allowed.approval.ends_at.date()), err=True)
            raise click.exceptions.Exit(NOTHING_DONE)
        with progress_bar("people") as progress:
            made = service.make(record, live, actor, asked, allowed, progress)
    _write({manifest: written(made.manifest).encode(), output: made.content})
    left_out = sum(made.manifest["left_out"]["people"].values())
    told = {"path": output, "rows": made.manifest["rows"], "people": made.manifest["people"]}
    click.echo(say("export_made", **told, left_out=left_out, manifest=manifest))
    if made.manifest["basis"] == "synthetic":
        click.echo(say("export_synthetic"))


def _acting(tx: Transaction, login: str) -> Actor:
    from api.accounts.sessions import actor_of_login
    from api.outcomes.service import ROLES

    actor = actor_of_login(tx, login)
    if actor is None:
        raise Failure("no_such_login", login=login)
    if actor.role not in ROLES:
        raise Failure("no_analyst", login=login)
    return actor


def _write(files: Mapping[Path, bytes]) -> None:
    """Write new files that nobody else of the machine reads: a pseudonym is no anonymity.

    Each is whole or not there: it has its name only once all of them are on the disk. What was made meanwhile stays.
    """
    partial = {path: path.with_name(f".{path.name}.{os.getpid()}.partial") for path in files}
    placed: list[Path] = []
    try:
        for path, content in files.items():
            with open(os.open(partial[path], os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNERS_ALONE), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            os.link(partial[path], path)  # unlike a renaming it replaces nothing
            placed.append(path)
    except BaseException as error:
        for path in placed:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise Failure("file_exists", path=next(path for path in files if path not in placed)) from None
        if isinstance(error, OSError):
            raise Failure("cannot_use", path=next(iter(files)).parent, error=error.strerror or "") from None
        raise
    finally:
        for path in partial.values():
            path.unlink(missing_ok=True)
