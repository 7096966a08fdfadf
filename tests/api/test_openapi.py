"""What OpenAPI says of the record is what is sent and answered: every endpoint is asked once, and all of it is looked at."""

from __future__ import annotations

import re

import jsonschema
import pytest

from api.accounts.cookies import BROWSER, COOKIE
from api.advice.schemas import schemas
from api.app import nouns_of_the_record
from api.jobs.worker import do_all
from api.outcomes.routes import SAID as OF_OUTCOMES
from api.referrals.routes import SAID as REFERRALS
from api.webhooks.delivering import LEAST_TRIES, deliver, due
from api.webhooks.routes import SAID as OF_WEBHOOKS
from tests.api.accounts.test_guard import EXPECTED
from tests.api.approvals.two import lets_stand, with_second
from tests.installation import A_TRADER, PASSWORD
from tests.receiving_hooks import sender
from tests.referring import PRODUCT, PROVIDER, Referring

ROUTES = {name: route for noun in nouns_of_the_record() for name, route in noun.SAID.items()}
OF_REFERRALS = {**REFERRALS, **OF_OUTCOMES}
STATELESS = ("GET /api/v1/programme", "POST /api/v1/recommendations")
SHEET = b"participant,nib\nX-1,true\nX-2,maybe\n"  # nobody has a name


@pytest.fixture
def document(small_kail):
    """The document as it is served."""
    with small_kail.client() as client:
        return client.get("/schema/openapi.json").json()


def operation(document, name):
    method, path = name.split(" ")
    return document["paths"][path][method.lower()]


def body_of(document, name):
    """The schema of what is sent to a route; None where nothing is."""
    content = operation(document, name).get("requestBody", {}).get("content", {})
    return next((kind["schema"] for kind in content.values()), None)


class Asked:
    """Asks endpoints as several people; what is sent and answered has to be as the document says."""

    def __init__(self, kail, client, document):
        self.client, self.document, self.visited = client, document, set()
        self.headers = {login: kail.headers(login) for login in ("mentor", "operator", "lender", "analyst")}

    def conforms(self, thing, schema):
        whole = {**schema, "components": self.document["components"]}
        jsonschema.Draft202012Validator(whole).validate(thing)

    def __call__(self, login, name, /, *ids, files=None, data=None, query=None, **sent):
        self.visited.add(name)
        method, path = name.split(" ")
        for one in ids:
            path = re.sub(r"\{\w+\}", one, path, count=1)
        schema = body_of(self.document, name)
        if schema is not None and not files:
            self.conforms(sent, schema)
        else:
            assert schema is not None or not sent
        how = {"files": files, "data": data} if files else {"json": sent} if sent else {}
        self.client.cookies.clear()
        asked = {"params": {"language": "en", **(query or {})}, "headers": self.headers.get(login, {})}
        answer = self.client.request(method, path, **asked, **how)
        responses = operation(self.document, name)["responses"]
        assert str(answer.status_code) in responses, (name, answer.text)
        said = responses[str(answer.status_code)]
        [(kind, content)] = said["content"].items()
        assert answer.headers["content-type"].partition(";")[0] == kind, name
        told = answer.json() if kind == "application/json" else answer.text
        self.conforms(told, content["schema"])
        return told

    def refused(self, login, name, /, *ids, **sent):
        """Ask for what is refused: the problem has to be as the document says."""
        method, path = name.split(" ")
        for one in ids:
            path = re.sub(r"\{\w+\}", one, path, count=1)
        self.client.cookies.clear()
        asked = {"params": {"language": "en"}, "headers": self.headers.get(login, {})}
        answer = self.client.request(method, path, **asked, **({"json": sent} if sent else {}))
        content = operation(self.document, name)["responses"]["default"]["content"]
        self.conforms(answer.json(), content["application/problem+json"]["schema"])
        return answer


@pytest.fixture
def ask(small_kail, document):
    with small_kail.client() as client:
        yield Asked(small_kail, client, document)


def test_every_endpoint_of_the_record_is_described_and_no_other():
    api = {name for name in EXPECTED if "/api/v1/" in name}
    assert set(ROUTES) == api - set(STATELESS)


def test_what_is_sent_and_answered_is_what_the_document_says(small_kail, ask):
    agreed = {"channel": "paper", "said_on": "2026-11-21"}

    def work():
        do_all(small_kail.record, small_kail.live, small_kail.settings.data)

    ask("", "POST /api/v1/session", login="mentor", password=PASSWORD)
    ask("mentor", "GET /api/v1/me")
    # a mentor
    mine = ask("mentor", "POST /api/v1/participants", name="Bu Ani", nik="3172010101010001", phone="0812 3456 7890",
               own_id="A-1", consents=["record", "recommendation"], text_version="2026-11", **agreed)  # fmt: skip
    person = mine["id"]
    ask("mentor", "GET /api/v1/participants")
    ask("mentor", "POST /api/v1/participants/search", text="ani")
    new = ask("mentor", "POST /api/v1/participants/{person_id}/evidence", person, signals=A_TRADER, said_by="herself",
              version=mine["version"])  # fmt: skip
    version = ask("mentor", "PATCH /api/v1/participants/{person_id}", person, version=new["version"], name="Bu Ani S.")
    assert version["version"] == new["version"] + 1
    ask("mentor", "GET /api/v1/participants/{person_id}", person)
    ask("operator", "GET /api/v1/participants/{person_id}", person)
    ask("mentor", "GET /api/v1/participants/{person_id}/evidence", person)
    ask("mentor", "POST /api/v1/participants/{person_id}/consents", person, purpose="training", given=True,
        expires_on="2027-11-21", **agreed)  # fmt: skip
    ask("mentor", "GET /api/v1/participants/{person_id}/consents", person)
    uploaded = {"file": ("people.csv", SHEET, "text/csv")}
    said = {"consents": "record,recommendation", "channel": "paper"}
    sent = ask("mentor", "POST /api/v1/imports", files=uploaded, data=said)
    assert ask("mentor", "GET /api/v1/jobs/{job_id}", sent["id"])["result"] is None
    work()
    imported = ask("mentor", "GET /api/v1/jobs/{job_id}", sent["id"])
    assert (imported["state"], imported["result"]["taken"], len(imported["pieces"])) == ("done", 1, 1)
    [nameless] = [one for one in ask("mentor", "GET /api/v1/participants")["items"] if one["id"] != person]
    assert "name" not in ask("mentor", "GET /api/v1/participants/{person_id}", nameless["id"])
    made = ask("mentor", "POST /api/v1/participants/{person_id}/assessments", person, goal="kur_super_mikro")
    first = made["id"]
    ask("mentor", "POST /api/v1/participants/{person_id}/evidence", person, signals={"nib": {"value": True}})
    second = ask("mentor", "POST /api/v1/participants/{person_id}/assessments", person)["id"]
    assert ask("mentor", "GET /api/v1/participants/{person_id}/assessments", person)["assessments"]
    assert ask("mentor", "GET /api/v1/assessments/{assessment_id}", first)["answer"]
    ask("mentor", "GET /api/v1/assessments/{assessment_id}/replay", first)
    assert ask("mentor", "GET /api/v1/assessments/{assessment_id}/changes", second)["changes"]
    assert ask("mentor", "GET /api/v1/work-list")["entries"]
    other = made["core"]["interventions"][1][0]
    ask("mentor", "POST /api/v1/assessments/{assessment_id}/override", first, chosen=other, code="other", note="Later.")
    ask("mentor", "POST /api/v1/assessments/{assessment_id}/objection", second, words="No.")
    # an operator, an analyst
    [waiting] = ask("operator", "GET /api/v1/objections")["items"]
    decided = {"decision": "corrected", "reason": "The facts were put right."}
    ask("operator", "POST /api/v1/objections/{objection_id}/decision", waiting["id"], **decided)
    assert len(ask("analyst", "GET /api/v1/disagreements")["items"]) == 2
    ask("operator", "GET /api/v1/switches/randomise-ties")
    ask("operator", "PUT /api/v1/switches/randomise-ties", on=True)
    added = ask("operator", "POST /api/v1/accounts", login="mentor9", name="Mentor 9", role="mentor")
    ask("operator", "POST /api/v1/accounts/{account_id}/password", added["id"])
    [account] = [a for a in ask("operator", "GET /api/v1/accounts")["items"] if a["id"] == added["id"]]
    ask("operator", "PATCH /api/v1/accounts/{account_id}", added["id"], version=account["version"], active=True)
    now = ask("mentor", "GET /api/v1/participants/{person_id}", person)["version"]
    ask("operator", "POST /api/v1/participants/{person_id}/mentor", person, mentor_id=added["id"], version=now)
    assert ask("operator", "GET /api/v1/audit", query={"about": person})["entries"]
    # a lender
    ask("lender", "POST /api/v1/me/keys", name="bank", scopes=["me"], expires_on="2027-01-01")
    [key] = ask("lender", "GET /api/v1/me/keys")["keys"]
    ask("lender", "DELETE /api/v1/me/keys/{key_id}", key["id"])
    # jobs
    read_out = ask("mentor", "POST /api/v1/jobs", kind="export")
    needless = ask("operator", "POST /api/v1/jobs", kind="verification")
    assert ask("operator", "POST /api/v1/jobs/{job_id}/cancel", needless["id"])["stopping"]
    work()
    assert "participant" in ask("mentor", "GET /api/v1/jobs/{job_id}/file", read_out["id"])
    assert {job["state"] for job in ask("mentor", "GET /api/v1/jobs")["items"]} == {"done"}
    assert ask("operator", "GET /api/v1/jobs/{job_id}", needless["id"])["state"] == "cancelled"
    # two people
    with_second(small_kail)
    ask.headers["operator2"] = small_kail.headers("operator2")
    ask("operator", "GET /api/v1/switches/mentor-reset")
    ask("operator", "PUT /api/v1/switches/mentor-reset", alone=True)
    ask("operator", "POST /api/v1/accounts", login="third", name="Third", role="operator")
    mentor2 = small_kail.actors["mentor2"].account_id
    reset = ask("operator", "POST /api/v1/accounts/{account_id}/password", mentor2)
    wanted = ask("operator", "POST /api/v1/participants/{person_id}/export", person)
    listed = ask("operator2", "GET /api/v1/approvals")
    assert {one["state"] for one in listed["approvals"]} == {"waiting"}
    assert ask("operator2", "POST /api/v1/approvals/{approval_id}/approve", reset["id"])["password"]
    assert ask("operator2", "POST /api/v1/approvals/{approval_id}/approve", wanted["id"])["password"] is None
    for one, act, login in zip(listed["approvals"], ("refuse", "withdraw"), ("operator2", "operator"), strict=False):
        ask(login, f"POST /api/v1/approvals/{{approval_id}}/{act}", one["id"])
    # the end
    taken_back = {"purpose": "record", "given": False, "channel": "phone"}
    ended = ask("operator", "POST /api/v1/participants/{person_id}/consents", person, **taken_back)
    assert ask("operator", "GET /api/v1/withdrawals")["withdrawals"]
    ask("operator", "GET /api/v1/participants/{person_id}/export", person)
    asked = ask("operator", "POST /api/v1/participants/{person_id}/erasure", person, version=ended["version"])
    ask("operator2", "POST /api/v1/approvals/{approval_id}/approve", asked["id"])
    ask("lender", "POST /api/v1/me/password", old=PASSWORD, new="kambing-merah-tiga-puluh")
    ask("mentor", "DELETE /api/v1/session")
    assert ask.visited == set(ROUTES) - set(OF_REFERRALS) - set(OF_WEBHOOKS)


def test_what_is_sent_and_answered_of_referrals_is_what_the_document_says(small_kail, ask):
    referring = Referring(small_kail)
    person, bank = referring.trader(), {"product": PRODUCT, "lender_id": referring.bank}
    ask.headers = {login: small_kail.headers(login) for login in ("mentor", "officer", "operator")}
    # who lends, and how much
    ask("operator", "PUT /api/v1/lenders/{organisation_id}", referring.bank, providers=[PROVIDER])
    assert len(ask("mentor", "GET /api/v1/lenders")["lenders"]) == 2
    quota = {"product": PRODUCT, "month": "2026-12", "version": 0, "most": 20, "most_idr": None}
    assert ask("officer", "PUT /api/v1/quotas", **quota) == {"version": 1}
    assert ask("officer", "GET /api/v1/quotas", query={"month": "2026-12"})["quotas"]
    ask("officer", "PUT /api/v1/rooms", product=PRODUCT, answer="weeks", weeks=3)
    assert ask("officer", "GET /api/v1/rooms")["rooms"]
    # one referral, from the draft to the last payment
    asked = {**bank, "amount_idr": 4_000_000}
    preview = ask("mentor", "POST /api/v1/participants/{person_id}/referrals/preview", person, **asked)
    assert preview["room"]["answer"] == "weeks"
    made = ask("mentor", "POST /api/v1/participants/{person_id}/referrals", person, **asked)
    move, of_it = "POST /api/v1/referrals/{referral_id}/moves/{move}", made["id"]
    ask("mentor", move, of_it, "send", version=1, shown=preview["shown"])
    assert ask("mentor", "GET /api/v1/participants/{person_id}/referrals", person)["referrals"]
    for login in ("mentor", "officer"):
        assert ask(login, "GET /api/v1/referrals")["items"]
        assert ask(login, "GET /api/v1/referrals/{referral_id}", of_it)["pack"]
        assert ask(login, "GET /api/v1/referrals/{referral_id}/pack.pdf", of_it).startswith("%PDF")
    ask("operator", "GET /api/v1/referrals/{referral_id}", of_it)
    ask("officer", "POST /api/v1/referrals/{referral_id}/notes", of_it, note="Selamat pagi")
    ask("officer", "POST /api/v1/referrals/{referral_id}/still-lives", of_it, reason="still_in_review")
    many = ask("officer", "POST /api/v1/referrals/moves/{move}", "take_up",
               referrals=[{"id": of_it, "version": 2}, {"id": "f" * 24, "version": 1}])  # fmt: skip
    assert (many["done"], [one["status"] for one in many["refused"]]) == ([of_it], [404])
    ask("officer", move, of_it, "ask_more", version=3, documents=["NIB"], note="Kami tunggu")
    ask("mentor", move, of_it, "answer", version=4, shown=preview["shown"])
    ask("officer", move, of_it, "accept", version=5, amount_idr=3_000_000)
    ask("officer", move, of_it, "disburse", version=6, amount_idr=3_000_000, on="2026-12-01")
    ask("officer", move, of_it, "repay", version=7, on="2026-12-01", days_late=0)
    # a decline, and one for which a second officer is asked
    for reasons in ([{"code": "books", "more": 5}, "incomplete"], [{"code": "untrue", "text": "Alasan"}]):
        sent = referring.sent()
        for login in ("officer", "officer2"):
            lets_stand(small_kail, login)
        told = ask("officer", move, sent.id, "decline", version=2, reasons=reasons)
    assert told["state"] == "waiting"
    assert len(ask("officer", "GET /api/v1/referrals/changes")["changes"]) > 5
    figures = ask("officer", "GET /api/v1/lending/figures")
    assert figures["declined"] == [{"reason": "books", "count": 1}, {"reason": "incomplete", "count": 1}]
    assert figures["products"]
    # what became of them
    ask("officer", "POST /api/v1/outcomes", files={"file": ("a.csv", "referral,what,on\n", "text/csv")})
    small_kail.clock.forward(days=1)
    ask.headers["analyst"] = small_kail.headers("analyst")
    ask("analyst", "POST /api/v1/training-sets", known_at="2026-12-01", outcome="funded")
    assert ask.visited >= set(OF_REFERRALS)


def test_what_is_sent_and_answered_of_webhooks_is_what_the_document_says(small_kail, ask):
    referring = Referring(small_kail)
    ask.headers = {login: small_kail.headers(login) for login in ("officer", "operator")}
    ask("operator", "POST /api/v1/webhook-hosts", host="nowhere.example")
    assert ask("operator", "GET /api/v1/webhook-hosts")["hosts"] == ["nowhere.example"]
    made = ask("officer", "POST /api/v1/webhooks", url="https://nowhere.example/")
    referring.sent()
    assert ask("officer", "GET /api/v1/webhooks")["webhooks"][0]["waiting"] == 1
    for _ in range(LEAST_TRIES):  # tried, and after days given up
        [due_now] = due(small_kail.record)
        nobody = sender(look_up=lambda host, port: [])
        assert deliver(small_kail.record, *due_now, nobody) == 0
        assert ask("officer", "GET /api/v1/webhooks")["webhooks"][0]["trouble"] == "unknown_host"
        small_kail.clock.forward(hours=7)
        ask.headers = {login: small_kail.headers(login) for login in ("officer", "operator")}
    assert ask("officer", "GET /api/v1/webhooks")["webhooks"][0]["failed"]
    ask("officer", "POST /api/v1/webhooks/{webhook_id}/again", made["id"])
    ask("officer", "POST /api/v1/webhooks/{webhook_id}/secret", made["id"])
    ask("officer", "DELETE /api/v1/webhooks/{webhook_id}", made["id"])
    ask("operator", "DELETE /api/v1/webhook-hosts/{host}", "nowhere.example")
    assert ask.visited == set(OF_WEBHOOKS)


@pytest.mark.parametrize("name", sorted(name for name, route in ROUTES.items() if route.sent is not None))
def test_the_fields_of_the_document_are_those_that_are_asked_for(small_kail, ask, document, name):
    login = {"m": "mentor", "l": "lender", "a": "analyst", "o": "operator", "*": ""}[EXPECTED[name][0]]
    parts = {"POST /api/v1/imports": {"file", "columns"}, "POST /api/v1/outcomes": {"file"}}.get(name, set())
    if parts:
        ask.client.cookies.clear()
        asked = {"params": {"language": "en"}, "headers": ask.headers[login]}
        answer = ask.client.post(name.removeprefix("POST "), files={"zzz": (None, b"1")}, **asked)
    else:
        answer = ask.refused(login, name, "f" * 24, zzz=1)
    problems = answer.json()["problems"]
    assert answer.status_code == 400
    schema = body_of(document, name)
    [unknown] = [problem for problem in problems if problem["field"] == "zzz"]
    allowed = set(unknown["remedy"].removeprefix("Allowed: ").removesuffix(".").split(", "))
    allowed |= parts  # parts that are files are no fields
    assert allowed == set(schema["properties"])
    missing = {problem["field"] for problem in problems if problem["message"].endswith(" is missing.")}
    assert missing | ({"signals"} & allowed) == set(schema["required"])


def test_a_refusal_is_a_problem_with_every_trouble(ask):
    for login, status in (("", 401), ("lender", 403), ("mentor", 404)):
        answer = ask.refused(login, "GET /api/v1/participants/{person_id}", "f" * 24)
        assert answer.status_code == status
    wrong = {"version": "one", "name": "\u200b", "nik": "12", "phone": "x"}
    answer = ask.refused("mentor", "PATCH /api/v1/participants/{person_id}", "f" * 24, **wrong)
    assert {problem["field"] for problem in answer.json()["problems"]} == set(wrong)


def test_a_service_without_a_record_describes_none_of_it(client, live):
    document = client.get("/schema/openapi.json").json()
    assert not [path for path in document["paths"] if "participants" in path]
    assert set(document["components"]["schemas"]) >= set(schemas(live.rules))


def test_no_cookie_stands_in_the_document(document):
    assert COOKIE not in str(document)
    assert BROWSER not in str(document)
