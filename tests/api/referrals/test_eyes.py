"""What a lender sees: what a hand-written list says and nothing else, of whom agrees today and of nobody else."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select, update

from api.consents.tables import CONSENTS
from api.participants import rights
from api.participants.tables import PARTICIPANTS
from api.referrals.tables import REFERRALS
from tests.api.web.test_once import KEY
from tests.reading import read
from tests.referring import PRODUCT, Referring

ANSWERED = {
    "id", "participant", "lender_id", "product", "amount_idr", "area", "state", "turn", "is_over", "version",
    "drafted_at", "sent_at", "since", "due_at", "asks_whether_it_lives", "agreed", "complete_percent", "quota_month",
    "moves", "pack", "events",
}  # fmt: skip
LISTED = ANSWERED - {"drafted_at", "quota_month", "pack", "events"} | {"name", "lender"}
EVENT = {"at", "side", "mine", "move", "state", "reasons", "said"}
PACKED = {
    "format": (),
    "made_at": (),
    "as_of": (),
    "person": {"name", "phone", "nik"},
    "mentor": (),
    "programme": {"id", "digest"},
    "product": (),
    "amount_idr": (),
    "evidence": {"signal", "value", "on", "age_days", "old", "proof", "recorded_by", "recorded_at"},
    "steps": {"step", "status"},
    "conditions": {"state", "condition", "have"},
    "terms_unknown": (),
    "affordability": {
        "answer", "monthly_profit_idr", "monthly_instalments_idr", "household_need_idr", "left_idr", "share_percent",
        "capacity_idr", "instalment_idr", "instalment_every",
    },
    "consent": {"text_version", "channel", "said_on", "expires_on"},
}  # fmt: skip
SIGNALS = [
    "kecamatan", "applicant", "business_running", "sector", "business_age_months", "premises", "business_group",
    "family_in_business", "monthly_profit", "monthly_instalments", "household_need", "months_of_books", "nib", "sku",
    "training_certificate", "mentor_recommendation", "mentoring_sessions", "amount_asked", "purpose", "sharia_only",
    "existing_credit", "productive_credit_ever", "arrears_idr", "slik_class",
]  # fmt: skip
JUDGED = re.compile(r"score|points|tier|rank|probab|likel|chance|empang|\bikan\b|skor|tingkat|peluang", re.I)


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


class Asker:
    """Asks as several people, with one client."""

    def __init__(self, kail, client):
        self.kail, self.client, self.sessions = kail, client, {}

    def __call__(self, login, method, path, json=None, **more):
        self.client.cookies.clear()
        headers = self.kail.headers(login) | more.pop("headers", {})
        return self.client.request(method, path, json=json, headers=headers, **more)


@pytest.fixture
def ask(referring):
    with referring.kail.client() as client:
        yield Asker(referring.kail, client)


def test_a_pack_holds_the_fields_of_the_list_and_no_other(referring, ask):
    sent = referring.sent(referring.trader(nik="3174097612345098", signals={"kecamatan": "31.71.01"}))
    told = ask("officer", "GET", f"/api/v1/referrals/{sent.id}").json()
    assert set(told) == ANSWERED
    assert told["participant"] is None
    pack = told["pack"]
    assert set(pack) == set(PACKED)
    for name, fields in PACKED.items():
        for one in pack[name] if isinstance(pack[name], list) else [pack[name]]:
            found = set(one) if isinstance(one, dict) else set()
            assert found in (set(fields), {"signal", "value"}), name
    assert pack["person"] == {"name": "Bu Ani", "phone": "6281234567890", "nik": "3174097612345098"}
    assert sorted(one["signal"] for one in pack["evidence"]) == sorted(SIGNALS)
    assert "cash_at_hand" not in json.dumps(pack)  # known of her, and asked about by no condition
    assert {frozenset(one) for one in told["events"]} == {frozenset(EVENT)}


def test_a_list_holds_the_fields_of_the_list_and_no_other(referring, ask):
    referring.sent()
    [line] = ask("officer", "GET", "/api/v1/referrals").json()["items"]
    assert set(line) == LISTED


def test_a_file_holds_the_columns_of_the_list_and_no_other(referring, ask):
    sent = referring.sent()
    first, line = ask("officer", "GET", "/referrals/file").text.splitlines()
    columns = "name,phone,nik,product,amount_idr,area,complete_percent,state,sent_at,due_at,id"
    assert first.removeprefix("\N{BYTE ORDER MARK}") == columns
    assert line.startswith("Bu Ani,6281234567890,")
    assert line.endswith(sent.id)


def test_nothing_that_a_lender_reads_judges_a_person(referring, ask):
    """No score, no tier, no rank and no chance in any answer, whatever has been worked out and whatever was done."""
    sent, other = referring.sent(), referring.sent()
    ask("mentor", "POST", f"/api/v1/participants/{sent.participant_id}/assessments", {})
    answers = [ask("officer", "POST", f"/api/v1/referrals/{sent.id}/moves/take_up", {"version": 2})]
    for login in ("officer", "officer2", "rival"):
        for path in ("/api/v1/referrals", f"/api/v1/referrals/{sent.id}", "/api/v1/quotas", "/api/v1/rooms",
                     "/referrals", f"/referrals/{sent.id}", "/referrals/file", "/lending", "/approvals",
                     "/lending/figures", "/api/v1/lending/figures",
                     "/account"):  # fmt: skip
            answers.append(ask(login, "GET", path, params={"language": "en"}))
    picked = {"picked": [other.id], "act": "decline"}
    answers.append(ask("officer", "POST", "/referrals", data=picked, params={"language": "en"}))
    for answer in answers:
        is_page = answer.headers["content-type"].startswith("text/html")
        text = read(answer, answer.status_code).text if is_page else answer.text
        assert not (found := JUDGED.search(text)), (answer.request.url, text[max(found.start() - 60, 0) : found.end()])


# -- another lender ----------------------------------------------------------------------------------------------------

BODIES = {
    "take_up": {"version": 2},
    "decline": {"version": 2, "reasons": ["books"]},
    "accept": {"version": 2},
    "ask_more": {"version": 2, "documents": ["NIB"]},
}


def test_two_lenders_of_one_programme_never_see_each_other(referring, ask):
    """Every route, asked by the other one: as if there were nothing, word by word as of an id that nobody has."""
    sent, theirs, nobodys = referring.sent(), None, "f" * 24
    person = referring.trader(agrees=False)
    referring.agrees(person, referring.other_bank)
    theirs = referring.sent(person, referring.other_bank)
    for one, said in ((sent, "Rahasia satu"), (theirs, "Rahasia dua")):
        answer = ask("mentor", "POST", f"/api/v1/referrals/{one.id}/notes", {"note": said})
        assert answer.status_code == 200, answer.text
    with referring.kail.record.read() as tx:
        before = tx.all(select(REFERRALS))
    asked = [
        ("GET", "", None),
        ("GET", "/pack.pdf", None),
        ("POST", "/notes", {"note": "?"}),
        ("POST", "/still-lives", {"reason": "still_wanted"}),
    ]
    asked += [("POST", f"/moves/{name}", body) for name, body in BODIES.items()]
    for method, path, body in asked:
        for prefix in ("/api/v1/referrals/", "/referrals/"):
            how = {"json": body} if prefix.startswith("/api") else {"data": body}
            found, nothing = (ask("rival", method, f"{prefix}{one}{path}", **how) for one in (sent.id, nobodys))
            assert found.status_code == nothing.status_code == 404, (path, found.text)
            assert re.sub(r'value="[\w-]{22}"', "", found.text).replace(sent.id, nobodys) == re.sub(
                r'value="[\w-]{22}"', "", nothing.text
            )
    many = {"referrals": [{"id": sent.id, "version": 2}, {"id": nobodys, "version": 2}]}
    [one, other] = ask("rival", "POST", "/api/v1/referrals/moves/take_up", many).json()["refused"]
    assert one | {"id": ""} == other | {"id": ""}
    assert one["status"] == 404
    page = ask("rival", "POST", "/referrals", data={"picked": [sent.id], "act": "take_up"})
    assert page.status_code == 404
    assert "Bu Ani" not in page.text
    form = {"picked": [sent.id], f"version.{sent.id}": "2"}
    assert ask("rival", "POST", "/referrals/moves/take_up", data=form).status_code == 404
    for login, mine, secret in (("rival", theirs, "satu"), ("officer", sent, "dua")):
        assert [one["id"] for one in ask(login, "GET", "/api/v1/referrals").json()["items"]] == [mine.id]
        paths = ("/referrals", f"/referrals/{mine.id}", "/referrals/file", "/lending", "/lending/figures", "/approvals",
                 "/api/v1/quotas", "/api/v1/lending/figures")  # fmt: skip
        for path in paths:
            text = ask(login, "GET", path, params={"language": "en"}).text
            assert f"Rahasia {secret}" not in text
            assert ("Bank Satu" if login == "rival" else "Bank Dua") not in text
    with referring.kail.record.read() as tx:
        assert tx.all(select(REFERRALS)) == before


def test_a_quota_and_room_are_set_for_ones_own_alone(referring, ask):
    quota = {"product": PRODUCT, "month": "2026-12", "version": 0, "most": 1, "most_idr": None}
    assert ask("rival", "PUT", "/api/v1/quotas", quota).status_code == 200
    assert ask("officer", "GET", "/api/v1/quotas").json()["quotas"][0]["most"] is None
    assert ask("lender", "PUT", "/api/v1/quotas", quota).status_code == 400  # it is bound to no provider
    assert ask("lender", "GET", "/api/v1/quotas").json() == {"quotas": []}


# -- whose consent is gone ---------------------------------------------------------------------------------------------


def take_back(referring, person):
    referring.agrees(person, referring.bank, given=False)


def take_back_being_kept(referring, person):
    referring.agrees(person, "", given=True)  # nothing of it: said for nobody
    with referring.writing("mentor") as (tx, actor, _):
        from api.consents.service import say

        say(tx, actor, person, "record", given=False, channel="phone", said_on=referring.kail.clock.now.date())


def run_out(referring, person):
    referring.agrees(person, referring.bank, expires_on=referring.kail.clock.now.date())
    referring.kail.clock.forward(days=1)


def agree_to_another(referring, person):
    take_back(referring, person)
    referring.agrees(person, referring.other_bank)


def agree_by_the_first_text(referring, person):
    referring.agrees(person, referring.bank, text_version="2026-11")


def erase(referring, person):
    with referring.kail.record.read() as tx:
        version = tx.one(select(PARTICIPANTS.c.version).where(PARTICIPANTS.c.id == person)).version
    rights.erase(referring.kail.record, referring.kail.actors["mentor"], person, version)


GONE = [take_back, take_back_being_kept, run_out, agree_to_another, agree_by_the_first_text, erase]
SECRETS = ("Bu Ani", "6281234567890", "3174097612345098", "Catatan rahasia")


@pytest.mark.parametrize("happens", GONE, ids=lambda one: one.__name__)
def test_whose_consent_is_gone_is_closed_by_every_route_list_and_move(referring, ask, happens):
    kail, sent = referring.kail, referring.sent(referring.trader(nik="3174097612345098"))
    note = {"note": "Catatan rahasia"}
    assert ask("mentor", "POST", f"/api/v1/referrals/{sent.id}/notes", note).status_code == 200
    api, page = f"/api/v1/referrals/{sent.id}", f"/referrals/{sent.id}"
    taken = {"json": {"version": 2}, "headers": {KEY: "kept"}}
    assert "Bu Ani" in ask("officer", "GET", api).text
    assert ask("officer", "POST", f"{api}/moves/take_up", **taken).status_code == 200
    happens(referring, sent.participant_id)
    answers = [
        ask("officer", "GET", "/api/v1/referrals"),
        ask("officer", "GET", api),
        ask("officer", "POST", f"{api}/moves/take_up", **taken),  # the answer that was kept
        ask("officer", "POST", f"{api}/notes", note | {"note": "?"}),
        ask("officer", "POST", f"{api}/still-lives", {"reason": "still_in_review"}),
        *(ask("officer", "POST", f"{api}/moves/{name}", body | {"version": 3}) for name, body in BODIES.items()),
        ask("officer", "POST", "/api/v1/referrals/moves/accept", {"referrals": [{"id": sent.id, "version": 3}]}),
        ask("officer", "GET", "/referrals"),
        ask("officer", "GET", "/referrals/file"),
        ask("officer", "GET", page),
        ask("officer", "POST", "/referrals", data={"picked": [sent.id], "act": "accept"}),
        ask("officer", "POST", "/referrals/moves/accept", data={"picked": [sent.id], f"version.{sent.id}": "3"}),
        ask("officer", "POST", f"{page}/moves/accept", data={"version": "3"}),
        ask("officer", "GET", "/approvals"),
    ]
    for answer in answers:
        assert answer.status_code < 500, (answer.request.url, answer.text)
        assert [one for one in SECRETS if one in answer.text] == [], answer.request.url
    told = ask("officer", "GET", api).json()
    assert (told["pack"], told["events"], told["agreed"], told["is_over"]) == (None, [], False, True)
    assert [one["name"] for one in ask("officer", "GET", "/api/v1/referrals").json()["items"]] == [None]
    with kail.record.read() as tx:
        assert tx.one(select(REFERRALS.c.quota_month).where(REFERRALS.c.id == sent.id))[0] is None


def test_what_would_be_kept_of_somebody_without_their_consent_is_refused(referring, ask):
    """Words could be sealed for nobody then. How it ended, in figures, still is told."""
    accepted = referring.move("officer", referring.sent(), "accept")
    today = referring.kail.clock.now.date()
    paid = referring.move("officer", accepted, "disburse", amount_idr=1_000_000, on=today)
    take_back(referring, paid.participant_id)
    path = f"/api/v1/referrals/{paid.id}/moves/repay"
    repaid = {"version": 4, "on": today.isoformat(), "days_late": 0}
    assert ask("officer", "POST", path, repaid | {"note": "Bu Ani"}).status_code == 409
    answer = ask("officer", "POST", path, repaid)
    assert (answer.status_code, answer.json()["state"], answer.json()["pack"]) == (200, "repaid", None)


def test_an_operator_says_that_it_was_an_error_and_nothing_of_the_person(referring, ask):
    sent = referring.sent()
    wrong = {"version": 2, "reasons": ["wrong_person"]}
    answer = ask("operator", "POST", f"/api/v1/referrals/{sent.id}/moves/mark_error", wrong | {"note": "Bu Ani"})
    assert answer.status_code == 409
    told = ask("operator", "GET", f"/api/v1/referrals/{sent.id}").json()
    assert (told["pack"], [one["said"] for one in told["events"]]) == (None, [{}, {}])
    assert ask("operator", "POST", f"/api/v1/referrals/{sent.id}/moves/mark_error", wrong).status_code == 200


def test_of_whom_an_objection_waits_nothing_is_sent(referring, ask):
    person = referring.trader()
    made = ask("mentor", "POST", f"/api/v1/participants/{person}/assessments", {}).json()["id"]
    words = {"words": "Tidak setuju"}
    assert ask("mentor", "POST", f"/api/v1/assessments/{made}/objection", words).status_code == 201
    asked = {"product": PRODUCT, "lender_id": referring.bank}
    for path in ("", "/preview"):
        answer = ask("mentor", "POST", f"/api/v1/participants/{person}/referrals{path}", asked)
        assert answer.status_code == 409, answer.text
    assert ask("mentor", "GET", f"/participants/{person}/refer").status_code == 409


def test_what_was_sent_before_an_objection_is_not_sent_anew_while_it_waits(referring, ask):
    sent = referring.sent()
    ask("officer", "POST", f"/api/v1/referrals/{sent.id}/moves/ask_more", {"version": 2, "documents": ["NIB"]})
    with referring.kail.record.write() as tx:
        tx.run(update(PARTICIPANTS).values(frozen=True))
    answer = ask("mentor", "POST", f"/api/v1/referrals/{sent.id}/moves/answer", {"version": 3})
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (409, "participant")


def test_a_consent_that_is_given_again_opens_it_again_where_it_is_not_over_by_then(referring, ask):
    sent = referring.sent()
    take_back(referring, sent.participant_id)
    assert ask("officer", "GET", f"/api/v1/referrals/{sent.id}").json()["pack"] is None
    referring.agrees(sent.participant_id, referring.bank)
    assert ask("officer", "GET", f"/api/v1/referrals/{sent.id}").json()["pack"]["person"]["name"] == "Bu Ani"
    with referring.kail.record.read() as tx:
        assert len(tx.all(select(CONSENTS.c.seq).where(CONSENTS.c.purpose == "referral"))) == 3
