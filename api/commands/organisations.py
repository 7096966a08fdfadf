"""The commands about organisations: adding one, and saying for which of the programme's providers it lends."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.failures import Failure, language, say
from api.commands.options import acting, as_option
from api.commands.record import on_a_record, opened

if TYPE_CHECKING:
    from api.record.live import Live
    from api.record.transaction import Record


@click.group()
def organisation() -> None:
    """Organisations: add one, bind a lender to the providers for whom it lends, list them."""


@organisation.command("add")
@on_a_record
@click.argument("name")
@click.option(
    "--lender", "providers", multiple=True, metavar="PROVIDER",
    help="It lends for this provider of the programme; may be given several times. What was bound before goes.",
)  # fmt: skip
@click.option(
    "--sandbox", is_flag=True,
    help="Make it a sandbox: with SYNTHETIC people and referrals, for a bank to try its system on. Again: more of them.",
)  # fmt: skip
@as_option
def organisation_add(
    data: Path, database: str, keys: str, name: str, providers: tuple[str, ...], sandbox: bool, login: str
) -> None:
    """Add an organisation, or bind one that is there to other providers.

    \b
    Example:
      kail organisation add "Bank DKI" --lender "Bank DKI" --lender "KUR (program nasional)" --data my-data
      kail account add sari --role lender --organisation "Bank DKI" --data my-data
    """
    from sqlalchemy import select

    from api.accounts.service import add_organisation
    from api.accounts.tables import ORGANISATIONS
    from api.record.refusals import Refused
    from api.referrals.lenders import bind

    name = name.strip()
    if not 1 <= len(name) <= 200:
        raise Failure("organisation_length")
    with opened(data, database, keys, new=True) as (record, live):
        try:
            if sandbox:
                _add_sandbox(record, live, name, providers, login)
                return
            with record.write() as tx:
                actor = acting(tx, login)
                found = tx.one(select(ORGANISATIONS.c.id).where(ORGANISATIONS.c.name == name))
                number = found.id if found else add_organisation(tx, name, actor)
                if providers:
                    bind(tx, actor, live.rules, number, providers)
        except Refused as error:
            said = error.problems(language())[0]
            raise Failure("failed", what=said["message"], remedy=said["remedy"]) from None
    told: dict[str, Any] = {"organisation": name, "providers": ", ".join(providers)}
    click.echo(say("organisation_lends" if providers else "organisation_made", **told))


def _add_sandbox(record: Record, live: Live, name: str, providers: tuple[str, ...], login: str) -> None:
    from api.commands.sandbox import add_sandbox
    from training_data.cohort import make_cohort

    rows = make_cohort(SANDBOX_PEOPLE, random_state=secrets.randbelow(10**6), programme=live.programme)
    people = [(rows.values("as_of")[place], rows.signals(place)) for place in range(len(rows))]
    called, count = add_sandbox(record, live, name, providers, people, login)
    click.echo(say("sandbox_made", organisation=called, count=count))


SANDBOX_PEOPLE = 80


@organisation.command("list")
@on_a_record
def organisation_list(data: Path, database: str, keys: str) -> None:
    """List the organisations that lend, and every provider of today's programme."""
    from api.referrals.lenders import lenders, providers_in

    with opened(data, database, keys) as (record, live):
        with record.read() as tx:
            found = lenders(tx)
        bound = {
            provider: [one["name"] for one in found if provider in one["providers"]]
            for provider in providers_in(live.rules)
        }
    for provider, names in bound.items():
        click.echo(f"{provider}: {', '.join(names) or '-'}")
