"""Once: a key means one effect and one answer, whoever sends it how often; what is refused does not use it up."""

from __future__ import annotations

import re
import threading
from collections import Counter

import pytest
from sqlalchemy import func, select

from api.accounts.tables import ACCOUNTS, API_KEYS
from api.app import create_app
from api.assessments.tables import ASSESSMENTS
from api.audit.tables import AUDIT
from api.participants.people import hand_over
from api.participants.tables import PARTICIPANTS
from api.record.answered import ANSWERS
from api.record.jobs import JOBS
from api.record.staging import FOLDER
from api.web import asking
from api.web.asking import answer_json
from api.web.once import FIELD, NOT_ONCE
from tests.api.accounts.test_guard import CHANGING, EXPECTED, LETTER, address
from tests.api.test_faults import AGREED, Faults, dump, remember, sheet, the_use_cases
from tests.conftest import ROOT
from tests.importing import page_of
from tests.reading import read

KEY = "idempotency-key"
TOKEN = "abcdefghijklmnopqrstuv"
PATH = "/api/v1/participants"
BU_ANI = {"name": "Bu Ani Kencana", **AGREED}
WHO = {letter: login for login, letter in reversed(LETTER.items())}


def counted(record, table):
    with record.read() as tx:
        return tx.one(select(func.count()).select_from(table))[0]


def token_of(page):
    return re.search(rf'name="{FIELD}" value="([\w-]{{22}})"', page.text)[1]


# -- every route -------------------------------------------------------------------------------------------------------


def test_every_route_that_writes_knows_keys_but_those_with_a_reason(small_kail, monkeypatch):
    """Principle: no route can forget it. Remedy: `in_thread` or `in_turn` at the handler, or a line in NOT_ONCE."""
    monkeypatch.setattr(asking, "once", lambda *_: answer_json({}, 299))
    assert set(NOT_ONCE) <= set(CHANGING)
    with small_kail.client() as client:
        for name in CHANGING:
            headers = {KEY: "k"} | ({} if EXPECTED[name] == "*" else small_kail.headers(WHO[EXPECTED[name][0]]))
            method, path = address(name)
            sent = (
                {"files": {FIELD: (None, TOKEN)}}
                if path.endswith(("/imports", "/outcomes"))
                else {"data": {FIELD: TOKEN}}
            )
            client.cookies.clear()
            answer = client.request(method, path, headers=headers, follow_redirects=False, **sent)
            assert (answer.status_code == 299) == (name not in NOT_ONCE), (name, answer.text)


def test_every_form_that_knows_tokens_has_one():
    plain = Counter()
    for path in sorted((ROOT / "api" / "web" / "templates").glob("*.html")):
        for form in re.findall(r'<form method="post".*?</form>', path.read_text(encoding="utf-8"), re.DOTALL):
            if "{{ once }}" not in form:
                plain["POST " + re.search(r"to\('([^']*)'\)", form)[1]] += 1
    of_a_list = {"POST /referrals"}  # its form is that of every list, and has one
    assert set(plain) == {name for name in NOT_ONCE if "/api/" not in name} - of_a_list


def test_the_document_tells_of_the_header_where_it_is_known(small_kail):
    with small_kail.client() as client:
        paths = client.get("/schema/openapi.json").json()["paths"]
    told = {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if any(one["name"].lower() == KEY for one in operation.get("parameters", []))
    }
    assert told == {name for name in CHANGING if "/api/" in name} - set(NOT_ONCE)


# -- one effect, one answer --------------------------------------------------------------------------------------------


def test_every_use_case_is_done_once_and_answered_alike(kail):
    with kail.client() as client:
        cases, known = the_use_cases(kail, client)
        for name, who, act in cases:
            headers = kail.headers(who) | {KEY: f"key of {name}".replace(" ", "-")}
            first = act(headers)
            assert first.status_code in (200, 201, 202), (name, first.text)
            after = dump(kail.record)
            again = act(headers)
            assert (again.status_code, again.content) == (first.status_code, first.content), name
            assert dict(again.headers) == dict(first.headers), name
            assert dump(kail.record) == after, name
            known = remember(kail, known, name, first)


def test_a_fault_at_any_statement_leaves_neither_effect_nor_key(kail):
    faults, tried = Faults(kail.record.database), 0
    with kail.client() as client:
        cases, known = the_use_cases(kail, client)
        for name, who, act in cases[1:4]:
            headers, before, at = kail.headers(who) | {KEY: f"fault-{name[:3]}"}, dump(kail.record), 0
            while True:
                at += 1
                with faults.planted(at):
                    answer = act(headers)
                if faults.count < at:
                    break
                assert answer.status_code >= 500, (name, at, answer.text)
                assert dump(kail.record) == before, (name, at)
            tried += at - 1
            with faults.planted(-1):  # at the only commit
                assert act(headers).content == answer.content
            known = remember(kail, known, name, answer)
    assert tried > 40


def test_a_fault_at_the_commit_leaves_neither_effect_nor_key(kail):
    faults, before = Faults(kail.record.database), dump(kail.record)
    with kail.client() as client:
        (_, who, register), *_ = the_use_cases(kail, client)[0][1:]
        headers = kail.headers(who) | {KEY: "commit"}
        before = dump(kail.record)
        with faults.planted(-1):
            assert register(headers).status_code >= 500
        assert dump(kail.record) == before
        assert register(headers).status_code == 201


def test_fifty_at_once_over_two_workers_have_one_effect_and_one_answer(kail):
    other = create_app(kail.settings, clock=kail.clock)
    answers, headers = [], kail.headers("mentor")
    with kail.client() as one, type(one)(other) as two:

        def send(client, number):
            answers.append((number, client.post(PATH, json=BU_ANI, headers=headers | {KEY: f"round-{number}"})))

        for number in range(4):
            threads = [threading.Thread(target=send, args=((one, two)[i % 2], number)) for i in range(50)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(answers) == 200
    assert {answer.status_code for _, answer in answers} == {201}
    assert len({(number, answer.content) for number, answer in answers}) == 4
    assert counted(kail.record, PARTICIPANTS) == 4


def test_another_body_is_refused_and_another_actor_or_route_is_on_its_own(kail):
    with kail.client() as client:

        def send(login, path, body, key="k-1", **more):
            client.cookies.clear()
            return client.post(path, json=body, headers=kail.headers(login) | {KEY: key}, **more)

        first = send("mentor", PATH, BU_ANI)
        assert first.status_code == 201
        for changed in ({"json": BU_ANI | {"name": "Bu Ida"}}, {"json": BU_ANI, "params": {"language": "en"}}):
            said = client.post(PATH, headers=kail.headers("mentor") | {KEY: "k-1"}, **changed)
            assert said.status_code == 422
            assert said.json()["type"] == "urn:kail:problem:other-request"
            assert said.json()["problems"][0]["field"] == "Idempotency-Key"
        assert send("mentor", PATH, BU_ANI).content == first.content
        theirs = send("mentor2", PATH, BU_ANI)
        assert theirs.status_code == 201
        assert theirs.json()["id"] != first.json()["id"]
        person = first.json()["id"]
        assert send("mentor", f"{PATH}/{person}/assessments", {}).status_code == 201
        other = kail.participant()
        assert send("mentor", f"{PATH}/{other}/assessments", {}).status_code == 201
    assert counted(kail.record, PARTICIPANTS) == 3
    assert counted(kail.record, ASSESSMENTS) == 2


def test_what_is_refused_does_not_use_its_key_up(kail):
    with kail.client("mentor") as client:

        def send(path, body):
            return client.post(path, json=body, headers={KEY: "k-2"})

        before = dump(kail.record)
        assert send(PATH, BU_ANI | {"name": ""}).status_code == 400
        assert send(f"{PATH}/{'f' * 24}/assessments", {}).status_code == 404
        assert dump(kail.record) == before
        assert send(PATH, BU_ANI).status_code == 201
        person = kail.participant(consents=("record",))
        assert send(f"{PATH}/{person}/assessments", {}).status_code == 409
        said = {"purpose": "recommendation", "given": True, "channel": "paper"}
        assert client.post(f"{PATH}/{person}/consents", json=said).status_code == 201
        assert send(f"{PATH}/{person}/assessments", {}).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "two words", "kunci-é".encode(), "tab\there"])
def test_a_header_that_is_no_key_is_refused(small_kail, key):
    with small_kail.client("mentor") as client:
        said = client.post(PATH, json=BU_ANI, headers={KEY: key})
        assert said.status_code == 400
        assert said.json()["problems"][0]["field"] == "Idempotency-Key"
        twice = client.post(PATH, json=BU_ANI, headers=[(KEY, "a"), (KEY, "b")])
        assert twice.status_code == 400
        assert client.post(PATH, json=BU_ANI, headers={KEY: "!" * 255}).status_code == 201
    assert counted(small_kail.record, PARTICIPANTS) == 1


def test_a_program_that_was_signed_out_or_lost_its_role_is_not_answered(small_kail):
    with small_kail.client("mentor") as client:
        assert client.post(PATH, json=BU_ANI, headers={KEY: "k"}).status_code == 201
        client.cookies.clear()
        assert client.post(PATH, json=BU_ANI, headers={KEY: "k"}).status_code == 401


def test_under_a_key_the_asking_thread_assesses_in_its_own_transaction(small_kail, monkeypatch):
    class NotAsked:
        def assess(self, *_):
            raise AssertionError("asked the other process")

    monkeypatch.setattr(small_kail.app.state, "own_process", NotAsked())
    path = f"{PATH}/{small_kail.participant()}/assessments"
    with small_kail.client("mentor") as client:
        first, again = (client.post(path, json={}, headers={KEY: "k"}) for _ in range(2))
        assert first.status_code == 201
        assert again.content == first.content
        assert client.post(path, json={}).status_code == 500  # without one the process is asked
    assert counted(small_kail.record, ASSESSMENTS) == 1


# -- what is kept ------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_for_a_day_and_then_forgotten(kail):
    with kail.client("mentor") as client:
        first = client.post(PATH, json=BU_ANI, headers={KEY: "k"})
    kail.clock.forward(hours=23, minutes=59)
    with kail.client("mentor") as client:
        assert client.post(PATH, json=BU_ANI, headers={KEY: "k"}).content == first.content
        kail.clock.forward(minutes=1)
        anew = client.post(PATH, json=BU_ANI, headers={KEY: "k"})
        assert anew.json()["id"] != first.json()["id"]
    assert counted(kail.record, ANSWERS) == 1
    kail.clock.forward(hours=24)
    create_app(kail.settings, clock=kail.clock).state.record.close()
    assert counted(kail.record, ANSWERS) == 0


def test_what_is_kept_tells_nothing_and_opens_only_with_the_key(small_kail):
    key = "3f0c9a52-6f3e-4b0e-9a77-0d8f2f1c7d11"
    with small_kail.client("lender") as client:
        body = {"name": "mesin", "scopes": ["me"], "expires_on": "2026-12-31"}
        first, again = (client.post("/api/v1/me/keys", json=body, headers={KEY: key}) for _ in range(2))
    assert first.status_code == 201
    assert again.json()["key"] == first.json()["key"]
    assert counted(small_kail.record, API_KEYS) == 1
    with small_kail.client("mentor") as client:
        assert client.post(PATH, json=BU_ANI, headers={KEY: key}).json()["name"] == BU_ANI["name"]
    small_kail.record.database.close()
    for path in (path for path in small_kail.settings.data.rglob("*") if path.is_file()):
        for secret in (first.json()["key"], key, BU_ANI["name"]):
            assert secret.encode() not in path.read_bytes(), path.name


def test_an_erasure_empties_every_answer_but_not_what_was_done(kail):
    with kail.client("mentor") as client:
        person = client.post(PATH, json=BU_ANI, headers={KEY: "one"}).json()
        erase = {"version": person["version"]}, {KEY: "two"}
        path = f"{PATH}/{person['id']}/erasure"
        erased, again = (client.post(path, json=erase[0], headers=erase[1]) for _ in range(2))
        assert (erased.status_code, again.content) == (200, erased.content)
        assert person["id"] not in kail.record.vault.persons()
        said = client.post(PATH, json=BU_ANI, headers={KEY: "one"})
        assert said.status_code == 409
        assert said.json()["problems"][0]["remedy"]
    assert counted(kail.record, PARTICIPANTS) == 1
    with kail.record.read() as tx:
        assert sorted(row.answer is None for row in tx.all(select(ANSWERS.c.answer))) == [False, True]


@pytest.mark.parametrize("happens", ["consents", "objection", "mentor"])
def test_a_recommendation_is_not_told_again_to_who_may_not_ask_for_it_any_more(kail, happens):
    person = kail.participant()
    kail.evidence(person)
    path = f"{PATH}/{person}/assessments"
    with kail.client("mentor") as client:
        first = client.post(path, json={}, headers={KEY: "one"})
        assert client.post(path, json={}, headers={KEY: "one"}).content == first.content
        if happens == "consents":
            said = {"purpose": "recommendation", "given": False, "channel": "phone"}
            assert client.post(f"{PATH}/{person}/consents", json=said).status_code == 201
        elif happens == "objection":
            where = f"/api/v1/assessments/{first.json()['id']}/objection"
            assert client.post(where, json={"words": "Tidak"}).status_code == 201
        else:
            with kail.record.write() as tx:
                version = tx.one(select(PARTICIPANTS.c.version)).version
                hand_over(tx, kail.actors["operator"], person, version, kail.actors["mentor2"].account_id)
        assert client.post(path, json={}, headers={KEY: "one"}).status_code == 409


# -- forms -------------------------------------------------------------------------------------------------------------


def test_a_form_sent_twice_has_one_effect_and_shows_the_same_and_changed_it_is_another(kail):
    fields = {"name": "Bu Ani", "consents": ["record", "recommendation"], "channel": "paper"}
    with kail.client("mentor") as client:
        page = client.get("/participants/new")
        version = re.search(r'name="text_version" value="([^"]*)"', page.text)[1]
        fields |= {"text_version": version, FIELD: token_of(page)}

        def send(**changed):
            return client.post("/participants/new", data=fields | changed, follow_redirects=False)

        wrong = send(nik="12")
        assert wrong.status_code == 400
        assert token_of(wrong) != fields[FIELD]
        first, again = send(), send()
        assert first.status_code == again.status_code == 303
        assert first.headers["location"] == again.headers["location"]
        assert counted(kail.record, PARTICIPANTS) == 1
        assert send(name="Bu Ida").headers["location"] != first.headers["location"]
        fields.pop(FIELD)  # a page from before
        assert len({send().headers["location"] for _ in range(2)}) == 2
        assert send(**{FIELD: "x"}).status_code == 303  # no token of ours is none
    assert counted(kail.record, PARTICIPANTS) == 5


def test_a_recommendation_asked_for_twice_is_stored_once(kail):
    person = kail.participant()
    with kail.client("mentor") as client:
        path, token = f"/participants/{person}/assessments", token_of(client.get(f"/participants/{person}"))
        shown = {client.post(path, data={FIELD: token}, follow_redirects=False).headers["location"] for _ in range(3)}
    assert len(shown) == 1
    assert counted(kail.record, ASSESSMENTS) == 1


def test_a_password_told_once_is_told_again_to_whoever_clicked_twice(small_kail):
    with small_kail.client("operator") as client:
        token = token_of(client.get("/accounts"))
        fields = {"login": "baru", "name": "Pak Baru", "role": "mentor", FIELD: token}
        first, again = (client.post("/accounts", data=fields) for _ in range(2))
        assert first.status_code == again.status_code == 201
        assert first.text == again.text
        before = counted(small_kail.record, ACCOUNTS)
        path = f"/accounts/{small_kail.actors['mentor2'].account_id}/password"  # a handler that reads no body itself
        reset, again = (client.post(path, data={FIELD: token}) for _ in range(2))
        assert reset.status_code == 200
        assert reset.text == again.text
    assert counted(small_kail.record, ACCOUNTS) == before


def test_a_file_sent_twice_by_a_form_shows_the_same_and_another_file_is_another(kail):
    with kail.client("mentor") as client:
        page = client.get("/imports")
        fields = {"consents": ["record"], "channel": "paper", FIELD: token_of(page)}
        fields["text_version"] = re.search(r'name="text_version" value="([^"]*)"', page.text)[1]

        def send(content):
            return client.post("/imports", data=fields, files={"file": ("w.csv", content)}, follow_redirects=False)

        first, again = send(sheet()), send(sheet())
        assert first.status_code == again.status_code == 303
        assert first.headers["location"] == again.headers["location"]
        assert counted(kail.record, JOBS) == 1
        assert len(list((kail.settings.data / FOLDER).iterdir())) == 1  # what was sent once more was not kept
        assert "3 baris dibaca: 3 masuk" in read(page_of(kail, client, again)).text
        assert counted(kail.record, PARTICIPANTS) == 3
        other = send(sheet() + b"W9,Pak Budi,3171014101800009,,1000000,ya\n")
        assert other.headers["location"] != first.headers["location"]
        page_of(kail, client, other)
    assert counted(kail.record, PARTICIPANTS) == 4
    assert counted(kail.record, JOBS) == 2


def test_a_refused_form_shows_what_it_showed_and_the_look_is_noted(kail):
    person = kail.participant()
    with kail.client("mentor") as client:
        page = client.get(f"/participants/{person}/identity")
        fields = {"name": "Bu Ani Baru", "version": "99", FIELD: token_of(page)}
        before = counted(kail.record, AUDIT)
        shown = client.post(f"/participants/{person}/identity", data=fields)
        assert shown.status_code == 409
        assert "Bu Ani Baru" in shown.text
        assert counted(kail.record, AUDIT) == before + 1
    assert counted(kail.record, ANSWERS) == 0
