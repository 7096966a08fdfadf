"""Options that several commands have, and how what is typed for them is read."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from api.commands.failures import Failure, language
from words.catalogues import languages

if TYPE_CHECKING:
    from api.record.actor import Actor
    from api.record.transaction import Transaction

LEAST_MEMORY: Final = 256_000_000
"""With less a child that reads a file does not even start."""
FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)

model_option = click.option(
    "--model", default="", metavar="VERSION|FILE",
    help='The scorecard for scores: a version, a file, or "none"; without it the one that comes with Kail (synthetic).',
)  # fmt: skip
programme_option = click.option(
    "--programme", type=FOLDER, metavar="DIR", help="A programme's folder; without it OK OCE."
)


language_option = click.option(
    "--language", type=click.Choice(languages()), default="en", show_default=True, envvar="KAIL_LANGUAGE",
    callback=lambda context, parameter, value: keep_language(context, value), expose_value=False, is_eager=True,
    help="Language of the sentences; KAIL_LANGUAGE sets it for good.",
)  # fmt: skip


_SIZES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def as_bytes(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    """How many bytes a size such as 512MB is.

    Raises:
        click.BadParameter: if it is none, or too little for anything to be read in.
    """
    if value is None:
        return None
    found = re.fullmatch(r"([0-9]{1,12}) ?([kmg]?)b?", value.lower())
    size = int(found[1]) * _SIZES[found[2]] if found else 0
    if size < LEAST_MEMORY:
        raise click.BadParameter(f"{value!r} is no size of {LEAST_MEMORY // 10**6}MB or more, such as 512MB or 2GB.")
    return size


def as_days(context: click.Context, parameter: click.Parameter, value: str) -> timedelta:
    """How long a span such as 30d is.

    Raises:
        click.BadParameter: if it is none.
    """
    found = re.fullmatch(r"([1-9][0-9]{0,4})d", value.strip().lower())
    if found is None:
        raise click.BadParameter(f"{value!r} is no number of days such as 30d.")
    return timedelta(days=int(found[1]))


def as_day(context: click.Context, parameter: click.Parameter, value: datetime | None) -> date | None:
    """The day of a moment that was typed as a day."""
    return None if value is None else value.date()


_NETWORKS = {
    "trusted_proxy": "Write the address of your proxy such as 10.0.0.5, or a network in which there are only proxies.",
    "webhook_network": "Write the address of a receiver such as 10.0.0.5, or a network in which there are only receivers.",
}


def as_networks(context: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """The networks that were named, an address being a network of one.

    Of IPv4 also as a server that listens on IPv6 sees them (::ffff:10.0.0.5).

    Raises:
        click.BadParameter: naming every one that is none.
    """
    found, wrong = [], []
    for value in values:
        try:
            network = ipaddress.ip_network(value)
        except ValueError as error:
            wrong.append(f"{error}.")
            continue
        if not network.prefixlen:
            wrong.append(f"{value} is everybody.")
        found.append(str(network))
        if network.version == 4:
            found.append(f"::ffff:{network.network_address}/{96 + network.prefixlen}")
    if wrong:
        raise click.BadParameter(" ".join([*wrong, _NETWORKS[parameter.name or ""]]))
    return tuple(found)


def keep_language(context: click.Context, value: str) -> None:
    """Keep the language for whatever is said; `failures.language` tells it."""
    context.find_root().meta["kail.language"] = value


def check_language(spoken: Sequence[str]) -> None:
    """See that a programme speaks the language of the command, before anything is done in it.

    Raises:
        Failure: if it does not.
    """
    if language() not in spoken:
        raise Failure("language_of_no_programme", language=language(), allowed=spoken)


as_option = click.option(
    "--as", "login", default="", metavar="LOGIN",
    help="In whose name it is done: an operator's. Without it the audit says that Kail did it.",
)  # fmt: skip


def acting(tx: Transaction, login: str, organisation: str = "") -> Actor | None:
    """The operator in whose name a command acts; None without a login: Kail itself. `organisation`: whose they must be.

    Raises:
        Failure: where that is no operator's account, or a closed one.
    """
    from api.accounts.sessions import actor_of_login

    if not login:
        return None
    actor = actor_of_login(tx, login)
    if actor is None or actor.role != "operator" or organisation not in ("", actor.organisation_id):
        raise Failure("no_operator", login=login)
    return actor


def existing(path: Path) -> Path:
    """A folder that is there.

    Raises:
        Failure: if it is not.
    """
    if not path.is_dir():
        raise Failure("no_such_folder", path=path)
    return path
