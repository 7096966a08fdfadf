"""How long an operator searches among 300,000 people, beside how long one page takes, in the same run.

    python benchmarks/searching.py [--quick]

An organisation of synthetic people is made without waiting for the disk: names are two to four of some 400 words, drawn as
unequally as names are, NIK and phone are each one's own, and hardly two people are alike. Then `kail serve` answers: an
operator searches by NIK, by phone, by the commonest word of a name, by two common words, by a word longer than what is
marked and by one that nobody has, each time for somebody else; between them a mentor looks at a person's page. All are
asked one after the other, so that a slow moment of the machine hits all. The disk is waited for as always.
--quick takes 20,000 people and fewer rounds.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from before import ROOT
from contention import served, signed_in

AT_MOST = 20
"""Times one page, of each search."""
BATCH = 500
SYLLABLES = "sri wa ti nur ha ya di bu su mar ni ku dar to ra le is man a jo".split()


def words(draw: random.Random) -> list[str]:
    """Some 400 words of names, the commonest first."""
    found = ["siti", "muhammad", "sri", "ahmad", "nur"]
    while len(found) < 400:
        word = "".join(draw.choice(SYLLABLES) for _ in range(draw.randint(2, 4)))
        if word not in found:
            found.append(word)
    return found


def names(draw: random.Random, some: list[str]) -> Iterator[str]:
    """Names of two to four words; of each word about as many as one over its rank."""
    weights = [1 / (rank + 3) for rank in range(len(some))]
    while True:
        yield " ".join(draw.choices(some, weights, k=draw.randint(2, 4))).title()


def fill(folder: Path, people: int) -> tuple[dict[str, str], list[dict[str, str]], list[str]]:
    """Make an operator and mentors with 250 people each; return passwords, some people and ids of the first."""
    sys.path.insert(0, str(ROOT))
    from sqlalchemy import event

    from api.accounts import service as accounts
    from api.accounts.passwords import new_password
    from api.accounts.tables import ACCOUNTS
    from api.consents.service import Agreement
    from api.participants.people import register_each
    from api.record.actor import Actor
    from api.record.live import utc_now
    from api.record.transaction import open_record

    record = open_record(folder, "", utc_now)
    for database in (record.database, record.vault.store):
        event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous = OFF"))
        database.engine.dispose()
    draw = random.Random(1)
    called = names(draw, words(draw))
    agreed = Agreement(("record", "recommendation"), "paper", utc_now().date(), "2026-11")
    passwords, known, first = {}, [], []
    with record.write() as tx:
        organisation = accounts.add_organisation(tx, "Synthetic")
        for login in ("operator", "mentor"):
            password = new_password()
            accounts.add_account(tx, organisation, login, login, login, password, one_time=False)
            passwords[login] = password.plain
        mentor = tx.one(ACCOUNTS.select().where(ACCOUNTS.c.login == "mentor"))
    for start in range(0, people, BATCH):
        new = []
        for number in range(start, min(start + BATCH, people)):
            born = f"{draw.randint(1, 28):02d}{draw.randint(1, 12):02d}{draw.randint(50, 99)}"
            nik = f"{310_000 + number // 10_000}{born}{number % 10_000:04d}"
            new.append({"name": next(called), "nik": nik, "phone": f"628{10**9 + number}"})
        with record.write() as tx:
            account = mentor.id
            if start:
                account = accounts.add_account(
                    tx, organisation, f"m{start}", "m", "mentor", password, one_time=False
                ).id
            actor = Actor(account, organisation, "mentor", "m")
            made = register_each(tx, actor, [(identity, "") for identity in new], agreed, [])
        first = first or [person.id for person in made]
        known += draw.sample(new, 3)
        if start // BATCH % 20 == 0:
            print(f"\r{start:,} people", end="", file=sys.stderr, flush=True)
    record.close()
    return passwords, known, first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer people and rounds, for a first look")
    given = parser.parse_args()
    people, rounds = (20_000, 15) if given.quick else (300_000, 40)
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        passwords, known, first = fill(data, people)
        print(f"\r{people:,} people; key store of {(data / 'persons.keys').stat().st_size / 1e6:.0f} MB")
        with served(ROOT, data) as service:
            measure(service.address, passwords, known, first, rounds)


def measure(
    address: str, passwords: dict[str, str], known: list[dict[str, str]], first: list[str], rounds: int
) -> None:
    """Print how long each search takes and how many pages that is."""
    draw = random.Random(2)
    operators, mentors = (signed_in(address, login, passwords[login]) for login in ("operator", "mentor"))
    with operators as operator, mentors as mentor:

        def search(wanted: str) -> str:
            answer = operator.post("/participants", data={"search": wanted, "of_mentor": ""})
            answer.raise_for_status()
            return answer.text

        def by(field: str) -> Callable[[], object]:
            def ask() -> None:
                one = draw.choice(known)
                assert one["name"] in search(one[field])

            return ask

        kinds: dict[str, Callable[[], object]] = {
            "page": lambda: mentor.get(f"/participants/{draw.choice(first)}").raise_for_status(),
            "nik": by("nik"),
            "phone": by("phone"),
            "commonest_word": lambda: search("siti"),
            "two_common_words": lambda: search("siti muhammad"),
            "whole_name": lambda: search(draw.choice(known)["name"]),
            "long_word_of_nobody": lambda: search("muhammadiyahx"),
            "nobody": lambda: search("zzz xyz"),
        }
        taken: dict[str, list[float]] = {kind: [] for kind in kinds}
        for number in range(rounds + 2):  # the first two are cold
            for kind, ask in kinds.items():
                start = time.perf_counter()
                ask()
                if number >= 2:
                    taken[kind].append(time.perf_counter() - start)
    page = median(taken["page"])
    print(f"one page: {1000 * page:.1f} ms")
    for kind, seconds in taken.items():
        if kind != "page":
            ratio = median(seconds) / page
            print(f"{kind}: {1000 * median(seconds):.1f} ms, at most {1000 * max(seconds):.1f}")
            print(f"figure search_{kind}_to_page {ratio:.2f} <={AT_MOST} {'met' if ratio <= AT_MOST else 'short'}")


if __name__ == "__main__":
    main()
