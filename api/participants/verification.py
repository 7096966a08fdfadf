"""The job that goes over the chains of audit and consents and names every place where something was changed or taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Table, func, select

from api.accounts.tables import ORGANISATIONS
from api.audit.chain import Fault, Walk, end_of
from api.audit.tables import AUDIT
from api.consents.tables import CONSENTS
from api.participants.tables import PARTICIPANTS
from api.record.doing import Doing
from api.record.transaction import Transaction
from matcher.message import Message
from words.speaking import speaker

CHAINS: Final = ((AUDIT, ORGANISATIONS.c.id), (CONSENTS, PARTICIPANTS.c.id))
"""Each chain, and what there is only where the chain has entries."""
MOST_AT_ONCE: Final = 1000
MOST_TOLD: Final = 100


def is_gone(tx: Transaction, table: Table, count: int) -> bool:
    """Whether a whole chain was taken away: it has no entry, but there is something that was entered in it."""
    only_with_entries = dict(CHAINS)[table]
    return count == 0 and tx.one(select(only_with_entries).limit(1)) is not None


def verify_chains(job: Doing) -> Mapping[str, Any]:
    """Go over both chains; return {chains: [{chain, entries, end, faults, told}]}, `told` the first hundred in words."""
    if not job.place:
        with job.record.read() as tx:
            counts = [tx.one(select(func.count()).select_from(table)) for table, _ in CHAINS]
        job.total = sum(count[0] for count in counts if count)
        job.place = {"walks": [_kept(Walk()) for _ in CHAINS], "over": []}
    for number, (table, _) in enumerate(CHAINS):
        while number not in job.place["over"]:
            _go_on(job, table, number)
    return {"chains": [_said(job, table, walk) for (table, _), walk in zip(CHAINS, job.place["walks"], strict=True)]}


def _go_on(job: Doing, table: Table, number: int) -> None:
    """Look at the next rows in a transaction that keeps nobody waiting, then keep how far it came."""
    before = job.place["walks"][number]
    walk = _walk(before)
    with job.record.read() as tx:
        more = walk.go_on(tx, table, MOST_AT_ONCE)
        gone, end = is_gone(tx, table, walk.count), end_of(tx, table)
    walks, over = list(job.place["walks"]), list(job.place["over"])
    many = before["many"] + len(walk.faults) - len(before["faults"])
    walks[number] = _kept(walk, many) | {"gone": gone, "end": f"{end[0]}:{end[1]}"}
    with job.step():
        job.place = {"walks": walks, "over": over if more else [*over, number]}
        job.done = sum(one["count"] for one in walks)


def _kept(walk: Walk, many: int = 0) -> dict[str, Any]:
    """What the next part needs, and of the faults so far the first, with how `many` there are."""
    faults = [[one.seq, one.what.code, dict(one.what.args)] for one in walk.faults[:MOST_TOLD]]
    return {"count": walk.count, "last": walk.last, "previous": walk.previous, "faults": faults, "many": many}


def _walk(kept: Mapping[str, Any]) -> Walk:
    faults = [Fault(seq, Message(code, args)) for seq, code, args in kept["faults"]]
    return Walk(kept["count"], kept["last"], kept["previous"], faults)


def _said(job: Doing, table: Table, walk: Mapping[str, Any]) -> dict[str, Any]:
    says = speaker(job.language)
    faults = _walk(walk).faults
    told = [says.sentence("terminal", "fault", number=str(one.seq), what=one.what) for one in faults]
    if walk["gone"]:
        told.append(says.sentence("terminal", "chain_gone"))
    faults_found = walk["many"] + walk["gone"]
    return {
        "chain": str(table.name),
        "entries": walk["count"],
        "end": walk["end"],
        "faults": faults_found,
        "told": told,
    }
