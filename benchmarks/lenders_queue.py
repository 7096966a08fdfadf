"""How long a lender's queue takes with 20,000 referrals, beside the same with 20, in the same run.

    python benchmarks/lenders_queue.py [--quick]

Two records of synthetic people, no two alike, each with one lender: 20 referrals and 20,000, of five products, of amounts,
areas and states as unequal as life. Each pack is what `referrals.pack` makes of one of 40 people, with the name and amount
of its own. Both are served by `kail serve` at once and asked in turns by an officer: the first page, sorted by the amount,
filtered by product and area, and a page far down. --quick takes 2,000 and fewer rounds.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from statistics import median

import httpx
from before import ROOT
from contention import served, signed_in
from searching import names, words

AT_MOST = 3
BATCH, MADE = 250, 40
PRODUCTS = ("kur_super_mikro", "kur_mikro", "kur_kecil", "kur_khusus", "kur_pmi")


def fill(folder: Path, referrals: int) -> str:
    """Make a record with so many referrals that lie with one lender; return its officer's password."""
    sys.path.insert(0, str(ROOT))
    from sqlalchemy import event, insert

    from api.accounts import service as accounts
    from api.accounts.passwords import new_password
    from api.audit.service import enter
    from api.consents import service as consents
    from api.consents.purposes import documents
    from api.consents.service import Agreement
    from api.consents.tables import CONSENTS
    from api.participants import evidence
    from api.participants.gate import RECORD, let_lender, may, seal_json
    from api.participants.people import register_each
    from api.record.actor import Actor
    from api.record.live import go_live, utc_now
    from api.record.transaction import new_id, open_record
    from api.referrals.lenders import bind
    from api.referrals.pack import pack_of
    from api.referrals.tables import REFERRALS
    from api.settings import Settings
    from tests.installation import A_TRADER

    record = open_record(folder, "", utc_now)
    for database in (record.database, record.vault.store):
        event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        database.engine.dispose()
    draw, rules = random.Random(referrals), go_live(Settings()).rules
    called, areas = names(draw, words(draw)), list(rules.signals["kecamatan"].values)
    states = [state for state in rules.referrals.states if state.id != rules.referrals.first.to]
    password = new_password()
    with record.write() as tx:
        home, bank = accounts.add_organisation(tx, "Synthetic"), accounts.add_organisation(tx, "Bank")
        mentor = accounts.add_account(tx, home, "mentor", "m", "mentor", new_password(), one_time=False)
        accounts.add_account(tx, bank, "officer", "o", "lender", password, one_time=False)
        bind(tx, None, rules, bank, ["KUR (program nasional)"])
    actor, packs = Actor(mentor.id, home, "mentor", "m"), []
    text = list(documents())[-1]
    agreed = Agreement(("record", "recommendation"), "paper", utc_now().date(), text)
    for start in range(0, referrals, BATCH):
        new = [
            ({"name": next(called), "phone": f"628{10**9 + start + n}"}, "")
            for n in range(min(BATCH, referrals - start))
        ]
        with record.write() as tx:
            people = register_each(tx, actor, new, agreed, [])
            said = {"channel": "paper", "said_on": date.today(), "recipient": bank, "text_version": text}
            rows = [consents._entry(tx, actor, one.id, "referral", given=True, **said) for one in people]
            enter(tx, CONSENTS, home, *rows)
            for one in people[: MADE - len(packs)]:
                facts = A_TRADER | {
                    "nib": True,
                    "monthly_profit": draw.randint(10, 90) * 100_000,
                    "kecamatan": draw.choice(areas),
                }
                evidence.add(tx, actor, may(tx, actor, one.id, RECORD), rules, facts, "en")
                packs.append(pack_of(tx, actor, one, rules, draw.choice(PRODUCTS), bank, None).pack)
            let_lender(tx, bank, [one.id for one in people])
            lines = []
            for one in people:
                sent, amount = tx.now - timedelta(minutes=draw.randint(1, 60_000)), draw.randint(1, 400) * 250_000
                state = draw.choices(states, [5, 4, 2, 1, 2, 6, 2, 1, 2, 1, 2, 1, 1][: len(states)])[0]
                pack = {**draw.choice(packs), "amount_idr": amount, "person": {**one.identity, "nik": None}}
                number = new_id()
                lines.append(
                    {
                        **{"id": number, "participant_id": one.id, "organisation_id": home, "lender_id": bank},
                        **{"product": draw.choice(PRODUCTS), "state": state.id, "version": 2, "drafted_at": sent},
                        **{"sent_at": sent, "since": sent, "heard_at": sent, "queued_at": sent, "amount_idr": amount},
                        **{"area": draw.choice(areas), "complete": draw.randint(0, 20) * 5},
                        "due_at": tx.now + timedelta(minutes=draw.randint(60, 40_000)),
                        "pack": seal_json(tx, one.id, REFERRALS.c.pack, number, pack),
                    }
                )
            tx.sql.execute(insert(REFERRALS), lines)
        print(f"\r{start + len(people):,} referrals", end="", file=sys.stderr, flush=True)
    record.close()
    return password.plain


def farther(officer: httpx.Client, pages: int) -> str:
    """The address of a page so many pages on."""
    address = "/referrals"
    for _ in range(pages):
        found = re.search(r'<a href="([^"]+)" rel="next"', officer.get(address).text)
        if found is None:
            break
        address = unescape(found[1])
    return address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer referrals and rounds, for a first look")
    quick = parser.parse_args().quick
    many, rounds = (2_000, 15) if quick else (20_000, 60)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        officers = []
        for number in (20, many):
            data = Path(name) / str(number)
            password = fill(data, number)
            service = stack.enter_context(served(ROOT, data))
            officers.append(stack.enter_context(signed_in(service.address, "officer", password)))
        print(f"\r{many:,} referrals beside 20")
        measure(officers[0], officers[1], rounds, far=20 if quick else 200)


def measure(few: httpx.Client, many: httpx.Client, rounds: int, far: int) -> None:
    """Print how long each page of the queue takes, with many referrals and with few."""
    kinds = {
        "first": ("/referrals", "/referrals"),
        "by_amount": ("/referrals?sort=-amount_idr",) * 2,
        "filtered": ("/referrals?product=kur_mikro&turn=lender&complete_from=50",) * 2,
        "by_area": ("/referrals?sort=area&state=sent",) * 2,
        "far_down": (farther(few, far), farther(many, far)),
    }
    taken: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds + 2):  # the first two are cold
        for kind, addresses in kinds.items():
            for side, officer in enumerate((few, many)):
                start = time.perf_counter()
                officer.get(addresses[side]).raise_for_status()
                if number >= 2:
                    taken.setdefault((kind, side), []).append(time.perf_counter() - start)
    for kind in kinds:
        with_few, with_many = median(taken[kind, 0]), median(taken[kind, 1])
        print(f"{kind}: {1000 * with_many:.1f} ms with many, {1000 * with_few:.1f} with 20")
        ratio = with_many / with_few
        print(f"figure queue_{kind}_many_to_few {ratio:.2f} <={AT_MOST} {'met' if ratio <= AT_MOST else 'short'}")


if __name__ == "__main__":
    main()
