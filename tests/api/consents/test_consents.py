"""Consents: whatever was said in whatever order, nothing is processed without the consent that stands at that moment."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from api.assessments import service
from api.assessments.rescreening import rescreen
from api.assessments.tables import ASSESSMENTS
from api.assessments.work_list import work_list
from api.consents import service as consents
from api.consents.service import Agreement
from api.consents.tables import CONSENTS
from api.files.cage import InProcess
from api.imports.service import ask_for
from api.jobs.worker import do_all
from api.participants import agreements, evidence
from api.participants.gate import RECORD, may
from api.participants.tables import EVIDENCE
from api.record.jobs import see_job
from api.record.refusals import Refused
from tests.conftest import EXAMPLES
from tests.installation import MORNING, installation
from tests.staged import upload
from words.telling import teller

HISTORIES = EXAMPLES // 2
"""A thousand where CI is set: each is some ten steps in a database that waits for the disk."""
PURPOSES = ("record", "recommendation", "training")
BOTH = ("record", "recommendation")
_numbers = itertools.count(1)


class Oracle:
    """What was said, as a list; the last word counts, to the end of its last day in Jakarta (UTC+7)."""

    def __init__(self):
        self.said = []

    def say(self, person, purpose, recipient, given, last_day):
        self.said.append((person, purpose, recipient, given, last_day))

    def stands(self, person, purpose, recipient, today):
        for who, what, to, agreed, last_day in reversed(self.said):
            if (who, what, to) == (person, purpose, recipient):
                return agreed and (last_day is None or last_day >= today)
        return False


class History:
    """One history of two people, done to the record and to the oracle at once."""

    def __init__(self, kail):
        self.kail, self.oracle = kail, Oracle()
        self.mentor, self.clock = kail.actors["mentor"], kail.clock
        self.clock.now = MORNING
        self.assessed = {}
        self.own = [f"own-{next(_numbers)}" for _ in range(2)]
        self.people = [kail.participant(name=name, own_id=name, consents=BOTH) for name in self.own]
        for person, purpose in itertools.product(self.people, BOTH):
            self.oracle.say(person, purpose, "", True, None)
        self.owes = [False, False]
        self.assess(0)  # so that there is something to be screened again

    @property
    def today(self):
        return (self.clock.now + timedelta(hours=7)).date()

    def agrees(self, person, *purposes):
        return all(self.oracle.stands(person, purpose, "", self.today) for purpose in purposes)

    def count(self):
        """How many facts and assessments each of the two has."""
        with self.kail.record.read() as tx:
            return [
                tuple(len(tx.all(select(t.c.id).where(t.c.participant_id == person))) for t in (EVIDENCE, ASSESSMENTS))
                for person in self.people
            ]

    def ledger(self):
        with self.kail.record.read() as tx:
            mine = CONSENTS.c.person_id.in_(self.people)
            return [tuple(row) for row in tx.all(select(CONSENTS).where(mine).order_by(CONSENTS.c.seq))]

    # -- what can happen ---------------------------------------------------------------------------------------------

    def say(self, which, purpose, recipient, given, days):
        person, recipient = self.people[which], self.kail.actors[recipient].organisation_id if recipient else ""
        last_day = None if days is None or not given else self.today + timedelta(days=days)
        entry = {"purpose": purpose, "recipient": recipient, "given": given, "expires_on": last_day}
        allowed = given or self.oracle.stands(person, purpose, recipient, self.today)
        try:
            with self.kail.record.write() as tx:
                agreements.say(tx, self.mentor, person, {"channel": "spoken", "said_on": self.today, **entry})
        except Refused as refused:
            assert (refused.status, allowed) == (409, False)
            return
        assert allowed
        self.oracle.say(person, purpose, recipient, given, last_day)

    def forward(self, hours):
        self.clock.forward(hours=hours)

    def assess(self, which):
        person, before = self.people[which], self.count()
        try:
            service.assess(self.kail.record, self.kail.live, self.mentor, person)
        except Refused as refused:
            assert refused.status == 409
            assert {trouble.code for trouble in refused.troubles} == {
                f"no_consent_{purpose}" for purpose in BOTH if not self.agrees(person, purpose)
            }
            assert self.count() == before
            return
        assert self.agrees(person, *BOTH)
        self.assessed[person] = self.today
        assert self.count()[which] == (before[which][0], before[which][1] + 1)

    def add_evidence(self, which):
        person, before = self.people[which], self.count()
        try:
            with self.kail.record.write() as tx:
                who = may(tx, self.mentor, person, RECORD)
                fact = {"arrears_idr": 0 if self.owes[which] else next(_numbers)}  # each time other products are barred
                evidence.add(tx, self.mentor, who, self.kail.live.rules, fact, "en")
        except Refused as refused:
            assert refused.status == 409
            assert not self.agrees(person, "record")
            assert self.count() == before
            return
        assert self.agrees(person, "record")
        self.owes[which] = not self.owes[which]
        assert self.count()[which] == (before[which][0] + 1, before[which][1])

    def import_row(self, which):
        before, person = self.count(), self.people[which]
        content = f"participant,monthly_profit\n{self.own[which]},{next(_numbers)}\n"
        file = upload(self.kail.settings.data, content.encode(), "people.csv")
        agreed = Agreement(("record",), "paper", self.today, "2026-11")
        asked = {"sheet": "", "language": "en", "today": self.kail.live.today, "most_rows": 10}
        with self.kail.record.write() as tx:
            job = ask_for(tx, self.mentor, file, None, agreed, **asked)
        do_all(self.kail.record, self.kail.live, self.kail.settings.data)
        with self.kail.record.read() as tx:
            found = see_job(tx, self.mentor, job)
        taken, result = int(self.agrees(person, "record")), found.result
        assert (found.state, result["taken"], result["registered"], result["rejected_rows"]) == (
            ("done", taken, 0, 1 - taken)
        )
        assert self.count()[which] == (before[which][0] + taken, before[which][1])

    def rescreen(self):
        before = self.count()
        changed = {one.participant for one in rescreen(self.kail.record, self.kail.live, "en", keep=True)}
        assert changed <= {person for person in self.people if self.agrees(person, *BOTH)}
        after = [
            (facts, number + (person in changed)) for person, (facts, number) in zip(self.people, before, strict=True)
        ]
        assert self.count() == after
        for person in changed:  # whoever has something new is to be told, however lately they were seen
            self.assessed.pop(person, None)

    def work_list(self):
        with self.kail.record.write() as tx:
            shown = work_list(tx, self.mentor, teller(self.kail.live.rules, "en"), self.today)
        due = {
            person
            for person in self.people
            if self.agrees(person, *BOTH)
            and (person not in self.assessed or self.today >= self.assessed[person] + timedelta(days=7))
        }
        assert {entry["participant"] for entry in shown["entries"]} == due
        assert shown["left_out"]["no_consent"] == sum(not self.agrees(person, *BOTH) for person in self.people)

    def check(self):
        """What stands is what the oracle says, for each purpose and each recipient."""
        every = [(purpose, "") for purpose in PURPOSES]
        every += [("referral", self.kail.actors[login].organisation_id) for login in ("lender", "other_lender")]
        with self.kail.record.read() as tx:
            for person in self.people:
                expected = {one for one in every if self.oracle.stands(person, *one, self.today)}
                assert {one for one in every if consents.stands(tx, person, *one)} == expected
                assert {(e["purpose"], e["recipient"]) for e in consents.standing(tx, person)} == expected


WHICH = st.sampled_from([0, 0, 1])
TO = st.one_of(
    st.tuples(st.sampled_from(["record", "recommendation", "recommendation", "training"]), st.just("")),
    st.tuples(st.just("referral"), st.sampled_from(["lender", "other_lender"])),
)
STEPS = st.one_of(
    st.tuples(st.just("say"), WHICH, TO, st.booleans(), st.sampled_from([None, None, 0, 1, 7])),
    st.tuples(st.just("say"), WHICH, TO, st.booleans(), st.sampled_from([None, None, 0, 1, 7])),
    st.tuples(st.just("forward"), st.sampled_from([1, 14.99, 15, 24, 24 * 8])),
    st.tuples(st.just("assess"), WHICH),
    st.tuples(st.just("assess"), WHICH),
    st.tuples(st.just("add_evidence"), WHICH),
    st.tuples(st.just("import_row"), WHICH),
    st.tuples(st.just("rescreen")),
    st.tuples(st.just("work_list")),
)


@pytest.fixture(scope="module")
def one_kail(tmp_path_factory):
    """An installation for all histories: making one takes as long as twenty of them. Files are read without a cage, too."""
    with installation(tmp_path_factory.mktemp("histories") / "data") as made, pytest.MonkeyPatch.context() as patched:
        patched.setattr("api.imports.service.Cage", InProcess)
        yield made


@settings(max_examples=HISTORIES)
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
def test_nothing_is_processed_without_the_consent_that_stands_at_that_moment(one_kail, steps):
    history = History(one_kail)
    ledger = history.ledger()
    try:
        for name, *args in steps:
            if name == "say":
                which, (purpose, recipient), *rest = args
                args = [which, purpose, recipient, *rest]
            getattr(history, name)(*args)
            longer = history.ledger()
            assert longer[: len(ledger)] == ledger  # only ever added to
            ledger = longer
            if name in ("say", "forward"):
                history.check()
        assert len(ledger) == len(history.oracle.said)
    finally:  # so that the next history has no company on the work list
        with one_kail.record.write() as tx:
            tx.sql.execute(text("UPDATE participants SET sealed = NULL"))


# -- each purpose by itself, through the service ---------------------------------------------------------------------


def said(**more):
    return {"purpose": "recommendation", "given": True, "channel": "paper", "said_on": "2026-11-20"} | more


def test_a_consent_counts_to_the_end_of_its_last_day_in_jakarta(small_kail):
    person = small_kail.participant(consents=("record",))
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        answer = client.post(f"/api/v1/participants/{person}/consents", json=said(expires_on="2026-11-21"))
        assert answer.status_code == 201, answer.text
    small_kail.clock.forward(hours=14, minutes=59)  # 23:59 in Jakarta
    with small_kail.client("mentor") as client:
        assert client.post(f"/api/v1/participants/{person}/assessments", json={}).status_code == 201
    small_kail.clock.forward(minutes=1)
    with small_kail.client("mentor") as client:
        refused = client.post(f"/api/v1/participants/{person}/assessments?language=en", json={})
    assert refused.status_code == 409
    assert [problem["value"] for problem in refused.json()["problems"]] == ["recommendation"]


def test_a_referral_agreed_to_for_one_recipient_is_agreed_to_for_no_other(small_kail):
    person = small_kail.participant()
    koja, bogor = (small_kail.actors[login].organisation_id for login in ("lender", "other_lender"))
    with small_kail.client("mentor") as client:
        url = f"/api/v1/participants/{person}/consents"
        assert client.post(url, json=said(purpose="referral", recipient=koja)).status_code == 201
        standing = client.get(url).json()["standing"]
        assert [(one["purpose"], one["recipient"]) for one in standing if one["recipient"]] == [("referral", koja)]
        wrong = client.post(url, json=said(purpose="referral", recipient=bogor, given=False))
        assert wrong.status_code == 409


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"purpose": "referral"}, "recipient"),
        ({"purpose": "referral", "recipient": "nobody"}, "recipient"),
        ({"recipient": "somebody"}, "recipient"),
        ({"said_on": "2026-11-22"}, "said_on"),
        ({"expires_on": "2026-11-20"}, "expires_on"),
        ({"text_version": "1999-01"}, "text_version"),
        ({"channel": "telepathy"}, "channel"),
        ({"purpose": "marketing"}, "purpose"),
        ({"given": "yes"}, "given"),
        ({"forever": True}, "forever"),
    ],
)
def test_what_cannot_be_agreed_to_is_refused_and_the_ledger_stays_as_it_was(small_kail, wrong, field):
    person = small_kail.participant()
    with small_kail.client("mentor") as client:
        url = f"/api/v1/participants/{person}/consents"
        before = client.get(url).json()["ledger"]
        refused = client.post(url, json=said(**wrong))
        assert refused.status_code == 400
        assert field in [problem["field"] for problem in refused.json()["problems"]]
        assert client.get(url).json()["ledger"] == before


def test_what_was_never_agreed_to_cannot_be_taken_back(small_kail):
    person = small_kail.participant()
    with small_kail.client("operator") as client:
        url = f"/api/v1/participants/{person}/consents"
        assert client.post(url, json=said(purpose="training", given=False)).status_code == 409
        assert client.post(url, json=said(given=False)).status_code == 201
        assert client.post(url, json=said(given=False)).status_code == 409


def test_nobody_is_registered_who_does_not_agree_to_be_kept(small_kail):
    with small_kail.client("mentor") as client:
        body = {"name": "Bu Ani", "consents": ["recommendation"], "channel": "paper"}
        assert client.post("/api/v1/participants", json=body).status_code == 409
        assert client.get("/api/v1/participants").json()["items"] == []


def test_without_consent_to_be_kept_no_route_of_the_mentor_shows_or_changes_anything(small_kail):
    person = small_kail.participant()
    small_kail.evidence(person)
    with small_kail.client("mentor") as client:
        one = f"/api/v1/participants/{person}"
        made = client.post(f"{one}/assessments", json={}).json()["id"]
        first = client.get(f"/api/v1/assessments/{made}").json()["core"]["interventions"]
        assert client.post(f"{one}/consents", json=said(purpose="record", given=False)).status_code == 201
        version = client.get("/api/v1/participants").json()["items"][0]["version"]
        gets = ["", "/evidence", "/assessments"]
        assert {client.get(one + path).status_code for path in gets} == {409}
        again = [f"/api/v1/assessments/{made}{path}" for path in ("", "/replay", "/changes")]
        assert {client.get(path).status_code for path in again} == {409}
        override = {"chosen": first[1][0], "code": "cannot_now"}
        posts = [
            client.post(f"{one}/assessments", json={}),
            client.post(f"{one}/evidence", json={"signals": {"nib": True}}),
            client.post(f"/api/v1/assessments/{made}/override", json=override),
            client.patch(one, json={"name": "Bu Ina", "version": version}),
        ]
        assert [answer.status_code for answer in posts] == [409] * 4
        assert client.get("/api/v1/work-list").json()["entries"] == []
        # What the law gives them stays open: a copy, an objection, erasure.
        assert client.get(f"{one}/export").status_code == 200
        assert client.post(f"/api/v1/assessments/{made}/objection", json={"words": "No."}).status_code == 201
        version = client.get("/api/v1/participants").json()["items"][0]["version"]
        assert client.post(f"{one}/erasure", json={"version": version}).status_code == 200
