"""The gate: after any history of consent, withdrawal, objection and erasure nobody has more opened than they may.

Every route is asked by every role, and what is unsealed is seen in the key store itself. What may be is worked out anew
here, from the history alone.
"""

from __future__ import annotations

import ast
import gc
import random
from dataclasses import dataclass, field

import pytest

from api.accounts.guard import MATRIX
from api.assessments.rescreening import rescreen
from api.jobs.worker import do_all
from api.participants import gate
from api.participants.gate import CONTACT, RECOMMENDATION, RECORD, RIGHTS, NotGranted, may, may_further
from api.participants.tables import EVIDENCE, PARTICIPANTS
from api.record.key_store import Vault
from api.record.refusals import Refused
from tests.conftest import EXAMPLES, ROOT
from tests.installation import installation
from tests.keys import key_of
from tests.training_sets import made as training_set

HISTORIES = 2_000 if EXAMPLES >= 20_000 else 200
PARTS = 8
LOGINS = ("mentor", "mentor2", "operator", "other_mentor", "other_operator", "analyst", "lender")
FACTS = {"evidence"}
RECOMMENDED = {"assessments", "overrides"}
RIGHTS_ROUTES = ("/export",)
"""What hands somebody all that is held about them."""
NOT_ASKED = ("/erasure", "/mentor", "/consents", "/decision", "/objection", "/identity")
"""Ends of addresses whose POST changes what a history says: those are its events."""


@dataclass
class Somebody:
    """A participant as the history left them."""

    id: str
    own_id: str
    mentor: str = "mentor"
    agreed: dict[str, object] = field(default_factory=dict)
    frozen: bool = False
    erased: bool = False
    assessments: list[str] = field(default_factory=list)
    objection: str = ""

    def agrees(self, today, *purposes):
        return all(self.agreed.get(one) is not None and today <= self.agreed[one] for one in purposes)


class History:
    """An installation with people to whom things happen; `opened` is what was unsealed, as (person, table)."""

    def __init__(self, kail, draw):
        self.kail, self.draw, self.people, self.opened, self.sessions = kail, draw, [], set(), {}
        self.trained = False

    @property
    def today(self):
        return self.kail.live.today

    def send(self, login, method, path, body=None):
        session = (login, self.kail.clock.now)
        headers = self.sessions[session] = self.sessions.get(session) or self.kail.headers(login)
        answer = self.client.request(method, path, headers=headers, json=body, follow_redirects=False)
        assert answer.status_code < 500, (method, path, answer.text)
        return answer

    def begin(self):
        number = len(self.people)
        consents = tuple(one for one in ("record", "recommendation", "training") if self.draw.random() < 0.9)
        if "record" not in consents:
            consents = ("record", *consents)
        one = Somebody(
            self.kail.participant(name=f"Bu {number}", own_id=f"K-{number}", consents=consents), f"K-{number}"
        )
        one.agreed = dict.fromkeys(consents, self.today.replace(year=2099))
        self.kail.evidence(one.id)
        self.people.append(one)
        return one

    # -- what happens ------------------------------------------------------------------------------------------------

    def happens(self, one):
        event = self.draw.choice(
            [self.says] * 4 + [self.is_assessed] * 3 + [self.objects] * 3 + [self.is_decided, self.moves]
        )
        event(one)
        if self.draw.random() < 0.07:
            self.is_erased(one)

    def version(self, one):
        return self.send("operator", "GET", f"/api/v1/participants/{one.id}").json()["version"]

    def says(self, one):
        purpose, given = self.draw.choice(["record", "recommendation", "training"]), self.draw.random() < 0.5
        until = self.draw.choice([None, self.today])
        said = {"purpose": purpose, "given": given, "channel": "paper", "said_on": self.today.isoformat()}
        if given and until:
            said["expires_on"] = until.isoformat()
        answer = self.send("operator", "POST", f"/api/v1/participants/{one.id}/consents", said)
        if answer.status_code == 201:
            one.agreed[purpose] = (until or self.today.replace(year=2099)) if given else None

    def is_assessed(self, one):
        answer = self.send(one.mentor, "POST", f"/api/v1/participants/{one.id}/assessments", {})
        assert (answer.status_code == 201) == self.may(one.mentor, one, "recommendation"), answer.text
        if answer.status_code == 201:
            one.assessments.append(answer.json()["id"])

    def objects(self, one):
        if one.assessments:
            path = f"/api/v1/assessments/{self.draw.choice(one.assessments)}/objection"
            answer = self.send(one.mentor, "POST", path, {"words": "Saya tidak setuju"})
            if answer.status_code == 201:
                one.frozen, one.objection = True, answer.json()["id"]

    def is_decided(self, one):
        if one.frozen:
            said = {"decision": "rejected", "reason": "sudah dilihat"}
            answer = self.send("operator", "POST", f"/api/v1/objections/{one.objection}/decision", said)
            one.frozen = one.frozen and answer.status_code != 200

    def moves(self, one):
        other = "mentor2" if one.mentor == "mentor" else "mentor"
        said = {"mentor_id": self.kail.actors[other].account_id, "version": self.version(one)}
        assert self.send("operator", "POST", f"/api/v1/participants/{one.id}/mentor", said).status_code == 200
        one.mentor = other

    def is_erased(self, one):
        said = {"version": self.version(one)}
        assert self.send("operator", "POST", f"/api/v1/participants/{one.id}/erasure", said).status_code == 200
        one.erased, one.frozen = True, False

    # -- what may be ---------------------------------------------------------------------------------------------------

    def reaches(self, login, one):
        return not one.erased and login in (one.mentor, "operator")

    def may(self, login, one, purpose):
        agreed = ("record", "recommendation") if purpose == "recommendation" else ("record",)
        return (
            self.reaches(login, one)
            and one.agrees(self.today, *agreed)
            and not (purpose == "recommendation" and one.frozen)
        )

    def is_right(self, login, one, table, path):
        if path.endswith(RIGHTS_ROUTES) or table not in FACTS | RECOMMENDED:
            return self.reaches(login, one)
        return self.may(login, one, "record") and (login != "operator" or table not in FACTS)

    def check(self, login, path):
        by_id = {one.id: one for one in self.people}
        for person, table in self.opened:
            assert self.is_right(login, by_id[person], table, path), (login, path, table, by_id[person])
        seen, self.opened = self.opened, set()
        return seen

    # -- who looks -----------------------------------------------------------------------------------------------------

    def is_looked_at(self, one, login):
        for route in MATRIX:
            method, _, pattern = route.partition(" ")
            if method not in ("GET", "POST") or (method == "POST" and pattern.endswith(NOT_ASKED)):
                continue
            if not any(part in pattern for part in ("participants", "assessments", "objections", "work-list")):
                continue
            for assessment in (one.assessments[-1:] or ["0" * 24]) if "assessment_id" in pattern else [""]:
                path = pattern.format(person_id=one.id, assessment_id=assessment, objection_id=one.objection or "0")
                self.opened.clear()
                answer = self.send(login, method, path, self.body_of(one, path) if method == "POST" else None)
                self.check(login, path)
                if answer.status_code == 201 and path.endswith("/assessments"):
                    one.assessments.append(answer.json()["id"])
                if path.startswith("/api/v1/assessments/") and answer.status_code == 200 and method == "GET":
                    found = answer.json()
                    if "answer" in found or path.endswith("/replay"):
                        assert bool(found["same"]) is False or self.may(login, one, "recommendation"), (login, path)

    def body_of(self, one, path):
        if path.endswith("/search"):
            return {"text": self.draw.choice([one.own_id, "Bu", "3171014101800001"])}
        if path.endswith("/evidence"):
            return {"signals": {"staff": self.draw.randrange(9)}}
        if path.endswith("/override"):
            return {"chosen": "nib", "code": "other_first", "note": "nanti"}
        return {}

    def jobs_go_over(self):
        """An export of each mentor, and everybody worked out anew: also who did not ask has nothing opened."""
        for login in ("mentor", "mentor2"):
            self.send(login, "POST", "/api/v1/jobs", {"kind": "export"})
            self.opened.clear()
            do_all(self.kail.record, self.kail.live, self.kail.settings.data)
            self.check(login, "job")
        self.opened.clear()
        list(rescreen(self.kail.record, self.kail.live, "id", keep=True))
        by_id = {one.id: one for one in self.people}
        for person, _ in self.opened:
            assert self.may(by_id[person].mentor, by_id[person], "recommendation"), by_id[person]
        self.opened.clear()
        login = self.draw.choice(["analyst", "operator"])
        training_set(self.kail, self.today, login=login)
        for person, table in self.opened:
            assert self.trains(by_id[person]), by_id[person]
            assert table in FACTS | RECOMMENDED  # and who they are stays closed
        self.trained |= bool(self.opened)

    def trains(self, one):
        return not (one.erased or one.frozen) and one.agrees(self.today, "record", "training")


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happened_nothing_is_opened_without_the_right(tmp_path, monkeypatch, part):
    draw = random.Random(part)
    with installation(tmp_path / "data") as kail:
        history = History(kail, draw)
        unseal_each = Vault.unseal_each

        def seen(vault, holder, person, sealed):
            listed = list(sealed)
            history.opened.update((person, place.partition(".")[0]) for _, place in listed)
            return unseal_each(vault, holder, person, listed)

        monkeypatch.setattr(Vault, "unseal_each", seen)
        looked = set()
        with kail.client() as history.client:
            for number in range(HISTORIES // PARTS):
                one = history.begin()
                for _ in range(draw.randrange(3, 8)):
                    if not one.erased:
                        history.happens(one)
                if draw.random() < 0.2:
                    kail.clock.forward(days=1)
                looked.add(login := LOGINS[number % len(LOGINS)])
                history.is_looked_at(one, login)
                history.is_looked_at(one, one.mentor)
                if number % 10 == 9:
                    history.jobs_go_over()
        assert looked == set(LOGINS)
        assert history.trained
        assert any(one.erased for one in history.people)
        assert any(one.frozen for one in history.people)
        assert any(not one.erased and not one.agrees(history.today, "record") for one in history.people)


# -- one gate ----------------------------------------------------------------------------------------------------------


def used_in(names):
    """Which modules of `api` use one of these names of the key store: {name: modules}."""
    found = {name: set() for name in names}
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            of_vault = isinstance(node, ast.Attribute) and node.attr in names and "vault" in ast.unparse(node.value)
            if of_vault:
                found[node.attr].add(path.relative_to(ROOT / "api").as_posix())
    return found


def test_only_the_gate_opens_and_seals_what_is_about_people():
    of_people = used_in({"hold", "seal", "unseal_each", "digest"})
    assert [*of_people.values()] == [{"participants/gate.py"}] * 4
    of_jobs = used_in({"make", "key", "keys_of"})
    of_webhooks = {"webhooks/service.py", "webhooks/delivering.py"}
    assert set().union(*of_jobs.values()) == {"record/jobs.py", "record/doing.py", "imports/sheets.py"} | of_webhooks


def test_a_persons_key_is_handed_out_to_nobody(small_kail):
    person = small_kail.participant()
    with small_kail.record.read() as tx:
        for ask in (tx.vault.key, tx.vault.make, lambda name: tx.vault.keys_of([name])):
            with pytest.raises(ValueError, match="leaves the key store to nobody"):
                ask(person)
        key = key_of(tx.vault, person)
        found = may(tx, small_kail.actors["mentor"], person, RECOMMENDATION)
        seen, left = set(), [found]
        while left:  # whatever can be reached from what the gate gives out
            one = left.pop()
            if id(one) not in seen and not isinstance(one, type):
                seen.add(id(one))
                assert one != key
                left += gc.get_referents(one)


@pytest.mark.parametrize(
    ("login", "purpose"), [("mentor", CONTACT), ("operator", CONTACT), ("operator", RECOMMENDATION)]
)
def test_what_was_not_asked_for_cannot_be_opened(small_kail, login, purpose):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.record.read() as tx:
        row = tx.one(EVIDENCE.select())
        closed = (tx, person, EVIDENCE.c.sealed, row.id, row.sealed)
        with pytest.raises(NotGranted):
            gate.unseal(*closed)
        with pytest.raises(NotGranted):
            gate.seal(tx, person, EVIDENCE.c.sealed, row.id, b"x")
        may(tx, small_kail.actors[login], person, purpose)
        with pytest.raises(NotGranted):
            gate.unseal(*closed)
        may(tx, small_kail.actors[login], person, RIGHTS)
        assert b"signal" in gate.unseal(*closed) or gate.unseal(*closed)
    with small_kail.record.read() as tx, pytest.raises(NotGranted):  # another transaction asks anew
        gate.unseal(tx, *closed[1:])


def test_an_operator_is_told_that_facts_are_not_theirs_to_see(small_kail):
    person, operator = small_kail.participant(), small_kail.actors["operator"]
    with small_kail.record.read() as tx:
        with pytest.raises(Refused, match="403"):
            may(tx, operator, person, RECORD)
        known = may(tx, operator, person, CONTACT)
        assert [why[0].code for why in may_further(tx, operator, [known], RECORD).values()] == ["not_allowed"]


def test_a_pseudonym_is_worked_out_for_training_alone(small_kail):
    person = small_kail.participant(consents=("record", "recommendation", "training"))
    with small_kail.record.read() as tx:
        for login, purpose in (("mentor", RECOMMENDATION), ("mentor", RIGHTS)):
            may(tx, small_kail.actors[login], person, purpose)
            with pytest.raises(NotGranted):
                gate.pseudonym(tx, person)
        for login in ("mentor", "lender"):
            with pytest.raises(Refused):
                may(tx, small_kail.actors[login], person, gate.TRAINING)
        may(tx, small_kail.actors["analyst"], person, gate.TRAINING)
        assert gate.pseudonym(tx, person) == gate.pseudonym(tx, person)
        with pytest.raises(Refused):
            may(tx, small_kail.actors["analyst"], person, CONTACT)


def test_nobody_is_begun_who_is_there_already_or_has_no_key(small_kail):
    person = small_kail.participant()
    with small_kail.record.write() as tx:
        for one in (person, "0" * 24):
            with pytest.raises(NotGranted):
                gate.begin(tx, [one])


def test_every_column_about_people_says_for_what_it_may_be_opened():
    from api.participants.rights import tables_of_people

    columns = {column for table in tables_of_people() for column in table.columns if column.info.get("sealed")}
    assert PARTICIPANTS.c.sealed in columns
    assert {column.info["purpose"] for column in columns} == {"contact", "record", "recommended", "referral"}
