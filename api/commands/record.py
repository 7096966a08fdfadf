"""The commands that work on a record: a demo, accounts, re-screening, checking the chains, changing the master key."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.failures import Failure, failure_of, language, say
from api.commands.options import acting, as_days, as_option, check_language, language_option
from api.commands.progress import progress_bar
from api.commands.verifying import as_ends, verify_record

if TYPE_CHECKING:
    from api.accounts.service import NewAccount
    from api.assessments.rescreening import Rescreened
    from api.record.live import Live
    from api.record.transaction import Record

CHAIN_BROKEN = 3
NOWHERE = "-"
"""The id of an organisation that there is not."""


def on_a_record(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that works on a record."""
    for option in (
        language_option,
        click.option("--keys", default="", envvar="KAIL_KEYS", metavar="URL", help="Another one for the key store."),
        click.option("--database", default="", envvar="KAIL_DATABASE", metavar="URL", help="A PostgreSQL database instead."),
        click.option(
            "--data", type=click.Path(path_type=Path, file_okay=False), required=True, envvar="KAIL_DATA", metavar="DIR",
            help="The data folder, with the keys and, on SQLite, the database.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@contextmanager
def opened(
    data: Path, database: str, keys: str, *, new: bool = False, model: str = "", programme: Path | None = None
) -> Iterator[tuple[Record, Live]]:
    """Open the record of a data folder, with the programme and scorecard it is served with."""
    from sqlalchemy.exc import SQLAlchemyError

    from api.participants.lookups import settle
    from api.record.key_file import KeyProblem
    from api.record.live import go_live, utc_now
    from api.record.transaction import KEY_FILE, open_record
    from api.settings import Settings

    if not new and not (data / KEY_FILE).exists():
        raise Failure("no_data_folder", path=data)
    live = go_live(Settings(data=data, model=model, programme=programme), utc_now)
    try:
        record = open_record(data, database, utc_now, keys)
    except KeyProblem as error:
        raise failure_of(error) from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Failure("no_database", error=reason) from None
    try:
        with progress_bar("people") as progress:
            settle(record, progress=progress)
        yield record, live
    finally:
        record.close()


def prepare_record(data: Path, database: str, keys: str) -> None:
    """Make the folder, the keys and the tables before any worker starts, so that what is wrong is told once.

    Raises:
        ClickException: with what to do.
    """
    with opened(data, database, keys, new=True):
        pass


def noted(record: Record, login: str, job: str) -> str | None:
    """Note in whose name a command does what takes long; return their organisation, None without a login."""
    from api.audit.service import note

    with record.write() as tx:
        actor = acting(tx, login)
        if actor is None:
            return None
        note(tx, actor, "asked_for_job", "organisation", actor.organisation_id, job=job)
    return actor.organisation_id


@click.command()
@on_a_record
@click.option(
    "-n", "people", type=click.IntRange(1, 20_000), default=120, show_default=True, metavar="N", help="How many."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed gives the same people."
)
def demo(data: Path, database: str, keys: str, people: int, seed: int) -> None:
    """Fill a fresh record with SYNTHETIC people, two mentors, two operators, three lenders and referrals.

    The passwords are printed once, here; nobody can read them again.

    \b
    Example:
      kail demo --data my-data
    """
    from api.commands.demo import NotEmpty, fill
    from training_data.cohort import make_cohort

    with opened(data, database, keys, new=True) as (record, live):
        rows = make_cohort(people, random_state=seed, programme=live.programme)
        who = [(rows.values("as_of")[place], rows.signals(place)) for place in range(len(rows))]
        try:
            with progress_bar("people") as progress:
                found = fill(record, live, who, seed, progress)
        except NotEmpty:
            raise Failure("people_there", path=data) from None
    click.echo(say("demo_made", people=found.people, assessed=found.assessed, referred=found.referred))
    click.echo(say("sign_in_with") + "\n")
    for role, account in found.accounts:
        click.echo(f"  {role:<9} {account.login:<12} {account.password}")
    click.echo("")


@click.group()
def account() -> None:
    """Add the accounts that no page can add: the first operator of an organisation."""


@account.command("add")
@on_a_record
@click.argument("login")
@click.option("--role", type=click.Choice(["mentor", "lender", "analyst", "operator"]), required=True)
@click.option(
    "--organisation", required=True, metavar="NAME", help="Its name; it is added if there is none of that name."
)
@click.option("--name", default="", help="The person's name; without it the login.")
@click.option(
    "--as", "operator", default="", metavar="LOGIN",
    help="In whose name: an operator's of that organisation. Another operator may then have to approve it.",
)  # fmt: skip
def account_add(
    data: Path, database: str, keys: str, login: str, role: str, organisation: str, name: str, operator: str
) -> None:
    """Add an account; its password is printed once.

    \b
    Example:
      kail account add budi --role operator --organisation "OK OCE Koja" --data my-data
    """
    from sqlalchemy import select

    from api.accounts.passwords import new_password
    from api.accounts.service import add_account, add_colleague, add_organisation
    from api.accounts.tables import ORGANISATIONS
    from api.record.approvals import Waits
    from api.record.refusals import Refused

    login, organisation = login.strip(), organisation.strip()
    if not 1 <= len(login) <= 100 or not 1 <= len(organisation) <= 200:
        raise Failure("login_length")
    with opened(data, database, keys, new=True) as (record, _):
        password = new_password()
        made: NewAccount | Waits
        try:
            with record.write() as tx:
                found = tx.one(select(ORGANISATIONS.c.id).where(ORGANISATIONS.c.name == organisation))
                if actor := acting(tx, operator, found.id if found else NOWHERE):
                    made = add_colleague(tx, actor, login, name or login, role, password)
                else:
                    number = found.id if found else add_organisation(tx, organisation)
                    made = add_account(tx, number, login, name or login, role, password)
        except Refused as error:
            said = error.problems(language())[0]
            raise Failure("failed", what=said["message"], remedy=said["remedy"]) from None
    if isinstance(made, Waits):
        click.echo(say("account_waits", login=login, at=made.approval.ends_at.date()))
        return
    told = {
        "login": made.login,
        "role": role,
        "organisation": organisation,
        "password": made.password,
        "days": made.days,
    }
    click.echo(say("account_made", **told))


@click.command()
@on_a_record
@click.option(
    "--model", default="", metavar="VERSION|FILE", help="The scorecard; without it the one that comes with Kail."
)
@click.option(
    "--programme",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="A programme's folder, the one that is served; without it the one in --data, else OK OCE.",
)
@click.option("--keep", is_flag=True, help="Store the new recommendation of everybody for whom something changed.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a CSV file instead."
)
@as_option
def rescreen(
    data: Path,
    database: str,
    keys: str,
    model: str,
    programme: Path | None,
    keep: bool,
    output: Path | None,
    login: str,
) -> None:
    """List who gained or lost what since they were last worked out, and why: rules that changed, or facts and time.

    \b
    Run it after a rule, a product or the model changed:
      kail rescreen --data my-data -o changes.csv
      kail rescreen --data my-data --keep
    """
    from sqlalchemy.exc import OperationalError

    from api.assessments.rescreening import rescreen as everybody
    from api.record.database import is_busy

    columns = ("participant", "mentor", "kind", "id", "gained", "text", "why", "because")
    lines: list[tuple[Any, ...]] = []
    found = gained = stored = 0
    with opened(data, database, keys, model=model, programme=programme) as (record, live):
        check_language(live.programme.languages)
        home = noted(record, login, "rescreening")
        try:
            with progress_bar("people") as progress:
                for one in everybody(record, live, language(), keep=keep, progress=progress, organisation_id=home):
                    lines += _rows(one)
                    found, stored = found + 1, stored + one.stored
                    gained += any(e["gained"] and e["because"] == "rules" for e in one.entries)
        except OperationalError as error:
            if not is_busy(error):
                raise
            raise Failure("somebody_writes", people=found, stored=stored) from None
        finally:  # who was stored is told, however it ended: a second run would not name them again
            with output.open("w", newline="", encoding="utf-8") if output else nullcontext(sys.stdout) as file:
                csv.writer(file).writerows([columns, *lines])
    code = "rescreened_kept" if keep else "rescreened"
    click.echo(say(code, people=found, gained=gained, stored=stored), err=True)


def _rows(one: Rescreened) -> list[tuple[Any, ...]]:
    return [
        (one.participant, one.mentor, e["kind"], e["id"], e["gained"], e["text"], " ".join(e["why"]), e["because"])
        for e in one.entries
    ]


@click.group()
def audit() -> None:
    """Look after the record of who saw and changed what."""


@audit.command("verify")
@on_a_record
@click.option(
    "--end",
    "ends",
    metavar="CHAIN:N:HASH",
    multiple=True,
    callback=as_ends,
    help="Where a chain ended when you last noted it down; give it once for each.",
)
@click.option(
    "--from-checked", is_flag=True, help="Only what was added since a chain was last found whole; else all of it."
)  # fmt: skip
@as_option
def audit_verify(
    data: Path, database: str, keys: str, ends: list[tuple[str, int, str]], from_checked: bool, login: str
) -> None:
    """Go over all chains, of changes, looks and consents; name every place where something was changed, taken out or moved.

    \b
    Note down, somewhere else, the ends that are printed: --end shows whether everything was put back to an older state.

    Exit code: 0 all in order, 3 not.
    """
    with opened(data, database, keys) as (record, _):
        with record.read() as tx:
            acting(tx, login)
        broken = verify_record(record, ends, from_checked=from_checked)
        noted(record, login, "verification")  # afterwards: an entry would be a new chain where the whole one is gone
    if broken:
        raise click.exceptions.Exit(CHAIN_BROKEN)


@click.group()
def keys() -> None:
    """Look after the key file and the persons' keys of a data folder."""


@keys.command("rotate")
@on_a_record
@as_option
def keys_rotate(data: Path, database: str, keys: str, login: str) -> None:
    """Make a new master key, wrap every person's key with it and drop the old one; and a new key to find people by.

    Stop the service first, on every host; then copy the key file to the others and replace your last copy of it. A
    PostgreSQL database keeps for a while, in its files, what was destroyed: after this nothing of it can be read.
    """
    from api.audit.service import note
    from api.record.key_store import rotate
    from api.record.transaction import KEY_FILE

    with opened(data, database, keys) as (record, _):
        with record.write() as tx:
            note(tx, acting(tx, login), "rotated_keys", "keys", "")
        number, people = rotate(data / KEY_FILE, record.vault.store)
    with opened(data, database, keys):  # by the new key everybody is found again
        pass
    click.echo(say("key_rotated", number=number, people=people, file=KEY_FILE))


@keys.command("list")
@on_a_record
def keys_list(data: Path, database: str, keys: str) -> None:
    """List the keys that are nobody's, with the day since which there are.

    An import that was cut off leaves some. After an older database was put back they are of people who are not in it: they
    may come back with the newer one, and cannot be read without.
    """
    from api.participants.rights import nobodys

    with opened(data, database, keys) as (record, _):
        found = nobodys(record)
    for person, made in found.items():
        click.echo(f"{person}  {made.date().isoformat()}")
    click.echo(say("keys_of_nobody", number=len(found)), err=True)


@keys.command("sweep")
@on_a_record
@click.option(
    "--older-than",
    required=True,
    callback=as_days,
    metavar="DAYS",
    help="Only keys there are since longer than that: 30d.",
)
@as_option
def keys_sweep(data: Path, database: str, keys: str, older_than: timedelta, login: str) -> None:
    """Destroy the keys that are nobody's and older than so many days. `kail keys list` shows them all.

    \b
    Nothing brings them back. Never do it with an older database put back for a while:
      kail keys sweep --older-than 30d --data my-data
    """
    from api.audit.service import note
    from api.participants.rights import nobodys

    with opened(data, database, keys) as (record, live):
        with record.read() as tx:
            actor = acting(tx, login)
        last = live.clock() - older_than
        old = [person for person, made in nobodys(record).items() if made <= last]
        record.vault.destroy(old)
        with record.write() as tx:
            note(tx, actor, "swept_keys", "keys", "", rows=len(old))
    click.echo(say("keys_swept", number=len(old)))
