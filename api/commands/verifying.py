"""Going over all chains from the command line, and holding them against ends that were noted down elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from api.commands.failures import Failure, say
from api.commands.progress import progress_bar

if TYPE_CHECKING:
    from api.record.transaction import Record

MOST_TOLD = 100
End = tuple[str, int, str]
"""The name of a chain, a number in it and the hash there."""


def as_ends(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> list[End]:
    """Read ends. One without the name of a chain was noted down when there was one of the audit: it is the first."""
    return [_as_end(one) for one in given]


def _as_end(written: str) -> End:
    name, _, rest = ("audit:" + written if written.count(":") == 1 else written).rpartition(":")[0].rpartition(":")
    link = written.rpartition(":")[2]
    if not name or not rest.isascii() or not rest.isdigit() or len(rest) > 15 or not link:
        raise Failure("no_end", end=written)
    return name, int(rest), link


def verify_record(record: Record, ends: Sequence[End], *, from_checked: bool) -> bool:
    """Go over all chains and print what was found; return whether anything is wrong. What is whole is kept as checked."""
    from api.audit import verifying
    from api.participants.verification import TABLES, count_entries

    chains = verifying.all_chains(record, TABLES)
    walks: list[tuple[Any, Any]] = []
    with progress_bar("entries") as progress:
        total, done = count_entries(record), 0
        for chain in chains:
            walk = verifying.begin(record, chain, from_check=from_checked)
            while verifying.go_on(record, chain, walk):
                progress(done + walk.count, total)
            done += walk.count
            walks.append((chain, walk))
    broken = [_print(record, *one) for one in walks]
    verifying.keep(record, walks)
    return any(broken) | any([_is_missing(record, end) for end in ends])


def _print(record: Record, chain: Any, walk: Any) -> bool:
    """Print what was found of a chain, if there is one; return whether anything is wrong."""
    from api.participants.verification import is_gone

    gone = is_gone(record, chain, walk.count)
    if not (walk.count or walk.faults or gone):
        return False
    end = f"{chain.name}:{walk.last or 0}:{walk.previous}"
    click.echo(say("chain", table=chain.name, entries=walk.count, faults=len(walk.faults), end=end))
    for fault in walk.faults[:MOST_TOLD]:
        click.echo(say("fault", number=str(fault.seq), what=fault.what))
    if gone:
        click.echo(say("chain_gone"))
    return bool(walk.faults) or gone


def _is_missing(record: Record, end: End) -> bool:
    """Whether an entry that was noted down is not there any more; then that is printed."""
    from api.audit.chain import hash_at
    from api.audit.noting import chain_of
    from api.audit.verifying import reading

    name, seq, link = end
    try:
        chain = chain_of(name)
    except KeyError:
        raise Failure("no_end", end=f"{name}:{seq}:{link}") from None
    with reading(record, chain) as tx:
        if tx is not None and hash_at(tx, chain, seq) == link:
            return False
    click.echo(say("end_gone", table=name, end=f"{seq}:{link}"))
    return True
