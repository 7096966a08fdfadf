"""The job that goes over all chains and names every place where something was changed or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Table, func, select

from api.accounts.tables import ORGANISATIONS
from api.audit import verifying
from api.audit.chain import Chain, Fault, Walk, drop_check
from api.audit.noting import chain_of
from api.audit.tables import AUDIT, LOOKS
from api.consents.tables import CONSENTS
from api.participants.tables import PARTICIPANTS
from api.record.doing import Doing
from api.record.transaction import Record
from matcher.message import Message
from words.speaking import speaker

TABLES: Final = (AUDIT, CONSENTS, LOOKS)
"""The tables of chains."""
_ONLY_WITH_ENTRIES: Final = {AUDIT: ORGANISATIONS.c.id, CONSENTS: PARTICIPANTS.c.id}
"""What there is only where a table of chains has entries."""
MOST_AT_ONCE: Final = 1000
MOST_TOLD: Final = 100


def is_gone(record: Record, chain: Chain, entries: int) -> bool:
    """Whether a whole chain was taken away: it has no entry, but a note tells of it, or there is what has one in such."""
    if entries:
        return False
    if verifying.is_noted(record, chain):
        return True
    if chain.id or chain.table not in _ONLY_WITH_ENTRIES:
        return False
    with record.read() as tx:
        is_empty = tx.one(select(chain.table.c.seq).limit(1)) is None
        return is_empty and tx.one(select(_ONLY_WITH_ENTRIES[chain.table]).limit(1)) is not None


def count_entries(record: Record) -> int:
    """How many entries there are in all chains."""
    total = 0
    for table in TABLES:
        asked = select(func.count()).select_from(table)
        with record.read() as tx:
            rows = record.logs.find(tx.sql, asked) if table is LOOKS else tx.all(asked)
        total += sum(row[0] for row in rows)
    return total


def verify_chains(job: Doing) -> Mapping[str, Any]:
    """Go over all chains; return {chains: [{chain, id, entries, end, faults, told}]}, `told` the first hundred in words.

    Those of other organisations are one together.
    """
    if "chains" not in job.place:  # or one that began when there was one chain a table
        chains = verifying.all_chains(job.record, TABLES)
        job.total = count_entries(job.record)
        job.place = {"chains": [chain.name for chain in chains], "walks": [_kept(Walk()) for _ in chains], "over": 0}
    while job.place["over"] < len(job.place["chains"]):
        _go_on(job)
    return {"chains": _told(job)}


def _go_on(job: Doing) -> None:
    """Look at the next rows in a transaction that keeps nobody waiting, then keep how far it came."""
    number = job.place["over"]
    chain, before = chain_of(job.place["chains"][number]), job.place["walks"][number]
    walk = _walk(before)
    more = verifying.go_on(job.record, chain, walk, MOST_AT_ONCE)
    many = before["many"] + len(walk.faults) - len(before["faults"])
    gone = not more and is_gone(job.record, chain, walk.count)
    walks = list(job.place["walks"])
    walks[number] = _kept(walk, many) | {"gone": gone}
    with job.step() as tx:
        if walk.faults:
            drop_check(tx, chain)
        job.place = {**job.place, "walks": walks, "over": number if more else number + 1}
        job.done = sum(one["count"] for one in walks)


def _kept(walk: Walk, many: int = 0) -> dict[str, Any]:
    """What the next part needs, and of the faults so far the first, with how `many` there are."""
    faults = [[one.seq, one.what.code, dict(one.what.args)] for one in walk.faults[:MOST_TOLD]]
    kept = {"count": walk.count, "last": walk.last, "previous": walk.previous, "faults": faults, "many": many}
    return kept | {"gone": False}


def _walk(kept: Mapping[str, Any]) -> Walk:
    faults = [Fault(seq, Message(code, args)) for seq, code, args in kept["faults"]]
    return Walk(kept["count"], kept["last"], kept["previous"], faults)


def _told(job: Doing) -> list[dict[str, Any]]:
    """What is told of each chain; of those of other organisations together."""
    told, others = list[dict[str, Any]](), list[dict[str, Any]]()
    for name, walk in zip(job.place["chains"], job.place["walks"], strict=True):
        chain = chain_of(name)
        is_anothers = chain.table is not LOOKS and chain.id not in ("", job.actor.organisation_id)
        if walk["count"] or walk["many"] or walk["gone"]:
            (others if is_anothers else told).append(_said(job, chain, walk))
    if others:
        sums = {part: sum(one[part] for one in others) for part in ("entries", "faults")}
        told.append({"chain": "others", "id": "", "end": "", "told": [], **sums})
    return told


def _said(job: Doing, chain: Chain, walk: Mapping[str, Any]) -> dict[str, Any]:
    says = speaker(job.language)
    faults = _walk(walk).faults
    told = [says.sentence("terminal", "fault", number=str(one.seq), what=one.what) for one in faults]
    if walk["gone"]:
        told.append(says.sentence("terminal", "chain_gone"))
    return {
        "chain": _kind(chain),
        "id": chain.id,
        "entries": walk["count"],
        "end": f"{chain.name}:{walk['last'] or 0}:{walk['previous']}",
        "faults": walk["many"] + walk["gone"],
        "told": told,
    }


def _kind(chain: Chain) -> str:
    """The code of what a chain holds."""
    table: Table = chain.table
    return "installation" if table is AUDIT and not chain.id else str(table.name)
