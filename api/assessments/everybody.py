"""The job that works everybody of an organisation out anew: how many gained or lost what, and with `keep` it is stored.

It counts and names nobody: whose recommendation is another one stands on their mentor's work list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.assessments.batches import how_many
from api.assessments.rescreening import BY_RULES, Rescreened, rescreen_page
from api.record.doing import Doing


def rescreen_everybody(job: Doing) -> Mapping[str, Any]:
    """Re-screen everybody of the operator's organisation.

    Returns {people, changed, gained (by the rules), stored, products: [{id, gained, lost}]}.
    """
    home, keep = job.actor.organisation_id, bool(job.given["keep"])
    if not job.place:
        with job.record.read() as tx:
            job.total = how_many(tx, home)
        job.place = {"after": "", "people": 0, "changed": 0, "gained": 0, "stored": 0, "products": {}}
    while job.place["after"] is not None:
        _go_on(job, keep, home)
    place = job.place
    products = [{"id": name, "gained": won, "lost": lost} for name, (won, lost) in sorted(place["products"].items())]
    return {name: place[name] for name in ("people", "changed", "gained", "stored")} | {"products": products}


def _go_on(job: Doing, keep: bool, home: str) -> None:
    """Do a page. Whoever is stored is counted in the transaction that stores them, the others with the page."""
    counted: set[str] = set()

    def kept(said: Rescreened) -> None:
        counted.add(said.participant)
        _count(job.place, said)

    page = rescreen_page(
        job.record,
        job.live,
        job.language,
        job.place["after"],
        keep=keep,
        organisation_id=home,
        write=job.step,
        kept=kept,
    )
    with job.step():
        for said in page.found:
            if said.participant not in counted:
                _count(job.place, said)
        job.place |= {"after": page.after, "people": job.place["people"] + page.gone_over}
        job.done = job.place["people"]


def _count(place: dict[str, Any], said: Rescreened) -> None:
    won = [entry for entry in said.entries if entry["gained"]]
    place["changed"] += 1
    place["gained"] += any(entry["because"] == BY_RULES for entry in won)
    place["stored"] += said.stored
    for entry in said.entries:
        if entry["kind"] == "product" and entry["gained"] is not None:
            both = place["products"].setdefault(entry["id"], [0, 0])
            both[0 if entry["gained"] else 1] += 1
