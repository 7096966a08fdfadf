"""Referrals after any history: nobody has more opened than they may, and a lender never anything of another's.

Every route of referrals is asked by two lenders, both mentors and an operator. What is unsealed is seen in the key store itself,
and what is answered is held against the hand-written lists of fields. What may be is worked out anew, from the history alone.
"""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, field

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from api.accounts.guard import MATRIX
from api.participants.tables import PARTICIPANTS
from api.record.key_store import Vault
from api.referrals.queue import FILE
from tests.api.files.test_paper import read_paper
from tests.api.participants.test_gate import HISTORIES, PARTS
from tests.api.referrals.test_eyes import ANSWERED, EVENT, JUDGED, LISTED, PACKED, SIGNALS
from tests.installation import installation
from tests.referring import PRODUCT, Referring

LENDERS, OURS = ("officer", "rival"), ("mentor", "mentor2", "operator")
ROUTES = tuple(
    route.partition(" ")[2]
    for route, who in MATRIX.items()
    if route.startswith("GET ") and ("referral" in route or "lending" in route or "/refer" in route) and "lender" in who
)
BODIES = {
    "take_up": {}, "accept": {}, "decline": {"reasons": ["incomplete"]}, "ask_more": {"documents": ["NIB"]},
    "hold": {"reasons": ["hold_survey"]}, "mark_error": {"reasons": ["sent_twice"]},
}  # fmt: skip
SEALED = {"referrals", "referral_events"}


@dataclass
class Sent:
    """A referral as the history left it: `open` while the consent it was sent under stands; `wrong`: entered in error."""

    id: str
    lender: str
    open: bool = True
    wrong: bool = False


@dataclass
class Somebody:
    """A participant; `agreed`: by lender until which day, None where they do not."""

    id: str
    name: str
    mentor: str
    kept: bool = True
    erased: bool = False
    agreed: dict[str, object] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)


class History:
    """An installation with people to whom things happen; `opened`: what was unsealed, as (person, table, row)."""

    def __init__(self, kail, client, draw):
        self.referring, self.kail, self.client, self.draw = Referring(kail), kail, client, draw
        self.people, self.opened, self.sessions, self.visited = [], set(), {}, set()
        self.looked = set()
        self.banks = dict(zip(LENDERS, (self.referring.bank, self.referring.other_bank), strict=True))

    @property
    def today(self):
        return self.kail.live.today

    def send(self, login, method, path, body=None, **more):
        session = (login, self.kail.clock.now)
        headers = self.sessions[session] = self.sessions.get(session) or self.kail.headers(login)
        self.client.cookies.clear()
        answer = self.client.request(method, path, headers=headers, json=body, follow_redirects=False, **more)
        assert answer.status_code < 500, (method, path, answer.text)
        return answer

    def begin(self):
        number, mentor = len(self.people), self.draw.choice(("mentor", "mentor2"))
        name = f"Bu N{number:04d}X"
        signals = {"nib": self.draw.choice([True, None])}
        person = self.referring.trader(mentor, agrees=False, name=name, signals=signals)
        self.people.append(one := Somebody(person, name, mentor))
        self.is_sent(one)
        return one

    # -- what happens ------------------------------------------------------------------------------------------------

    def happens(self, one):
        self.kail.clock.forward(minutes=self.draw.randrange(1, 90))
        event = self.draw.choice(
            [self.agrees] * 2 + [self.is_sent] * 4 + [self.takes_back] * 2 + [self.is_moved] * 4 + [self.changes_mentor,
            self.is_frozen, self.is_not_kept, self.days_pass]
        )  # fmt: skip
        event(one)
        if self.draw.random() < 0.05:
            self.is_erased(one)

    def agrees(self, one, given=True, login=""):
        login = login or self.draw.choice(LENDERS)
        until = self.today if given and self.draw.random() < 0.2 else None
        self.kail.clock.forward(seconds=1)
        said = {"purpose": "referral", "recipient": self.banks[login], "given": given, "channel": "paper",
                "said_on": self.today.isoformat()} | ({"expires_on": until.isoformat()} if until else {})  # fmt: skip
        answer = self.send("operator", "POST", f"/api/v1/participants/{one.id}/consents", said)
        if answer.status_code == 201:
            self.ends(one, login, lambda: not given or not self.agree(one, login))
            one.agreed[login] = (until or self.today.replace(year=2099)) if given else None

    def ends(self, one, login, over):
        for sent in one.sent:
            if sent.lender == login and over():
                sent.open = False

    def agree(self, one, login):
        until = one.agreed.get(login)
        return until is not None and self.today <= until

    def takes_back(self, one):
        self.agrees(one, given=False)

    def is_sent(self, one):
        login = self.draw.choice(LENDERS)
        if self.draw.random() < 0.8:  # they are asked where they stand
            self.agrees(one, login=login)
        asked = {"product": PRODUCT, "lender_id": self.banks[login]}
        made = self.send(one.mentor, "POST", f"/api/v1/participants/{one.id}/referrals", asked)
        if made.status_code != 201:
            return
        preview = self.send(one.mentor, "POST", f"/api/v1/participants/{one.id}/referrals/preview", asked)
        path = f"/api/v1/referrals/{made.json()['id']}/moves/"
        sent = self.send(one.mentor, "POST", f"{path}send", {"version": 1, "shown": preview.json()["shown"]})
        if sent.status_code == 200:
            assert self.agree(one, login)
            assert one.kept
            one.sent.append(Sent(made.json()["id"], login))
        else:  # a draft would stand in the way of the next one
            self.send(one.mentor, "POST", f"{path}withdraw", {"version": 1, "reasons": ["too_dear"]})

    def is_moved(self, one):
        for sent in one.sent[-2:]:
            told = self.send(sent.lender, "GET", f"/api/v1/referrals/{sent.id}").json()
            moves = [name for name in told["moves"] if name in BODIES]
            if moves:
                name = self.draw.choice(moves)
                body = BODIES[name] | {"version": told["version"]}
                answer = self.send(sent.lender, "POST", f"/api/v1/referrals/{sent.id}/moves/{name}", body)
                sent.wrong |= answer.status_code == 200 and name == "mark_error"
            self.send(sent.lender, "POST", f"/api/v1/referrals/{sent.id}/notes", {"note": f"Tentang {one.name}"})

    def changes_mentor(self, one):
        other = "mentor2" if one.mentor == "mentor" else "mentor"
        found = self.send("operator", "GET", f"/api/v1/participants/{one.id}").json()
        said = {"mentor_id": self.kail.actors[other].account_id, "version": found["version"]}
        assert self.send("operator", "POST", f"/api/v1/participants/{one.id}/mentor", said).status_code == 200
        one.mentor = other

    def is_frozen(self, one):
        """An objection waits, or is decided: what was sent stays as it is."""
        with self.kail.record.write() as tx:
            tx.run(update(PARTICIPANTS).where(PARTICIPANTS.c.id == one.id).values(frozen=self.draw.random() < 0.5))

    def is_not_kept(self, one):
        given = self.draw.random() < 0.5
        said = {"purpose": "record", "given": given, "channel": "phone", "said_on": self.today.isoformat()}
        self.send("operator", "POST", f"/api/v1/participants/{one.id}/consents", said)
        for sent in one.sent:
            sent.open &= given or not one.kept
        if not given:
            for sent in one.sent:
                sent.open = False
        one.kept = given

    def days_pass(self, one):
        self.kail.clock.forward(days=1)
        for other in self.people:
            for login in LENDERS:
                self.ends(other, login, lambda other=other, login=login: not self.agree(other, login))

    def is_erased(self, one):
        found = self.send("operator", "GET", f"/api/v1/participants/{one.id}").json()
        said = {"version": found["version"]}
        assert self.send("operator", "POST", f"/api/v1/participants/{one.id}/erasure", said).status_code == 200
        one.erased = True

    # -- who looks -----------------------------------------------------------------------------------------------------

    def is_open(self, login, one, sent):
        """Whether a pack may be opened by somebody, as the history says."""
        if one.erased:
            return False
        if login in LENDERS:
            return sent.lender == login and sent.open and self.agree(one, login) and one.kept
        return login == one.mentor and one.kept

    def check(self, login, answer, path):
        text = text_of(answer)
        for one in self.people:
            rows = {sent.id: sent for sent in one.sent}
            for person, table, row in self.opened:
                if person != one.id:
                    continue
                if login in LENDERS:
                    assert table in SEALED, (path, table)
                if table == "referrals":
                    assert self.is_open(login, one, rows[row]), (login, path, one)
                    assert not (login in LENDERS and rows[row].wrong), (login, path, one)
                elif table in SEALED:
                    assert any(self.is_open(login, one, sent) for sent in one.sent), (login, path, one)
            if login in LENDERS and one.name in text:
                assert any(self.is_open(login, one, sent) and not sent.wrong for sent in one.sent), (login, path, one)
        if login in LENDERS and not answer.headers["content-type"].startswith("text/html"):
            assert not JUDGED.search(text), path
        self.opened.clear()

    def is_looked_at(self, one, login):
        for pattern in ROUTES:
            mine = [
                sent for sent in one.sent if sent.lender == login or login not in LENDERS or self.draw.random() < 0.3
            ]
            sent = self.draw.choice(mine or one.sent or [Sent("f" * 24, "officer")])
            path = pattern.format(referral_id=sent.id)
            self.opened.clear()
            answer = self.send(login, "GET", path)
            self.visited.add((login, pattern))
            if "{" in pattern and sent.lender == login:
                self.looked.add((login, self.is_open(login, one, sent)))
            self.check(login, answer, path)
            if login in LENDERS and "{" in pattern and sent.lender != login:
                assert answer.status_code == 404, path
            if login in LENDERS and answer.status_code == 200:
                fields_are_listed(pattern, answer)


def text_of(answer):
    """What an answer says, whatever it is."""
    kind = answer.headers["content-type"]
    if answer.status_code != 200 or "text" in kind or "json" in kind:
        return answer.text
    if kind == "application/pdf":
        return " ".join(" ".join(read_paper(answer.content)).split())
    rows = load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    return "\n".join(",".join(str(cell) for cell in row) for row in rows)


def fields_are_listed(pattern, answer):
    """What a lender receives has the fields of the hand-written lists and no other."""
    if pattern == "/api/v1/referrals/{referral_id}":
        told = answer.json()
        assert set(told) == ANSWERED
        assert told["participant"] is None
        assert all(set(event) == EVENT for event in told["events"])
        pack = told["pack"]
        assert (pack is None) or set(pack) == set(PACKED)
        assert {one["signal"] for one in (pack or {}).get("evidence", ())} <= set(SIGNALS)
        assert (told["pack"] is None) == (told["area"] is None and told["amount_idr"] is None) or told["agreed"]
    elif pattern == "/api/v1/referrals":
        assert all(set(line) == LISTED for line in answer.json()["items"])
    elif pattern == "/referrals/file":
        [header, *_] = csv.reader(io.StringIO(answer.text.removeprefix("\N{BYTE ORDER MARK}")))
        assert tuple(header) == FILE
    elif pattern == "/referrals/workbook":
        assert tuple(text_of(answer).partition("\n")[0].split(",")) == FILE
    elif pattern == "/api/v1/lending/figures":
        told = answer.json()
        assert set(told) == {"since", "declined", "products", "left_out"}
        for one in told["products"]:
            assert set(one) == {"product", "counted", "met", "otherwise", "conditions"}
            assert all(set(cost) == {"condition", "relaxed", "more"} for cost in one["conditions"])


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happened_to_referrals_nothing_is_opened_without_the_right(tmp_path, monkeypatch, part):
    draw = random.Random(1000 + part)
    with installation(tmp_path / "data") as kail, kail.client() as client:
        history = History(kail, client, draw)
        unseal_each = Vault.unseal_each

        def seen(vault, holder, person, sealed):
            listed = list(sealed)
            for _, place in listed:
                column, _, row = place.partition(":")
                history.opened.add((person, column.partition(".")[0], row))
            return unseal_each(vault, holder, person, listed)

        monkeypatch.setattr(Vault, "unseal_each", seen)
        for number in range(HISTORIES // PARTS):
            one = history.begin()
            for _ in range(draw.randrange(4, 10)):
                if not one.erased:
                    history.happens(one)
            history.is_looked_at(one, LENDERS[number % 2])
            if number % 4 == 3:
                history.is_looked_at(one, draw.choice(OURS))
        sent = [sent for one in history.people for sent in one.sent]
        assert {one.lender for one in sent} == set(LENDERS)
        assert any(one.open for one in sent)
        assert any(not one.open for one in sent)
        assert {is_open for _, is_open in history.looked} == {True, False}
        for login in LENDERS:
            assert {pattern for who, pattern in history.visited if who == login} == set(ROUTES)


def test_every_route_by_which_a_lender_reads_of_referrals_is_among_them():
    assert set(ROUTES) >= {
        "/api/v1/referrals", "/api/v1/referrals/{referral_id}", "/api/v1/referrals/{referral_id}/pack.pdf",
        "/api/v1/lending/figures", "/referrals", "/referrals/file", "/referrals/workbook", "/referrals/{referral_id}",
        "/referrals/{referral_id}/pack.pdf", "/lending", "/lending/figures",
    }  # fmt: skip
