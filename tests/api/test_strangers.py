"""Strangers: what belongs to another mentor or another organisation is as if it were not there, whichever way one asks."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import settings
from sqlalchemy import select

from api.jobs.worker import do_all
from api.record.approvals import ask_approval
from tests.every_table import METADATA
from tests.importing import imported, post

TRIES = 1_000 if settings().max_examples <= 2_000 else 10_000
MENTORS = ("mentor", "mentor2", "other_mentor")
AGREED = {"channel": "paper", "text_version": "2026-11"}
NOWHERE = "0123456789abcdef01234567"
MARK = {"mentor": "Melati", "mentor2": "Kenanga", "other_mentor": "Cempaka"}


def dump(kail, but=()):
    with kail.record.read() as tx:
        return {t.name: sorted(map(repr, tx.all(select(t)))) for t in METADATA.sorted_tables if t.name not in but}


@pytest.fixture
def filled(small_kail):
    """Three mentors with two people each (one with an objection waiting), jobs done, lenders with keys: who holds what."""
    kail = small_kail
    held = {login: {"participant": [], "assessment": [], "objection": []} for login in MENTORS}
    with kail.client() as client:
        for place, login in enumerate(MENTORS):
            headers = kail.headers(login)
            for number in range(2):
                nik, phone = f"31740{place}{number}100000001", f"62812000{place}{number}00"
                own = f"{MARK[login]}-{number}"
                person = kail.participant(login, name=f"Bu {MARK[login]}", nik=nik, phone=phone, own_id=own)
                kail.evidence(person, login)
                made = client.post(f"/api/v1/participants/{person}/assessments", json={}, headers=headers).json()
                held[login]["participant"].append(person)
                held[login]["assessment"].append(made["id"])
                if number == 0:
                    words, address = {"words": f"kata {MARK[login]}"}, f"/api/v1/assessments/{made['id']}/objection"
                    held[login]["objection"].append(client.post(address, json=words, headers=headers).json()["id"])
        for login in (*MENTORS, "operator", "other_operator"):
            headers, kinds = kail.headers(login), ("verification",) if "operator" in login else ("export", "export")
            held.setdefault(login, {})["job"] = [
                client.post("/api/v1/jobs", json={"kind": kind}, headers=headers).json()["id"] for kind in kinds
            ]
            if login in MENTORS:
                sheet = f"participant,nama\n{MARK[login]}-9,Bu {MARK[login]}\n,\n"
                client.cookies.clear()
                held[login]["job"].append(post(client, sheet, headers=headers).json()["id"])
        do_all(kail.record, kail.live, kail.settings.data)
        for login in ("lender", "other_lender"):
            body = {"name": f"kunci {login}", "scopes": ["me"], "expires_on": "2027-01-01"}
            answer = client.post("/api/v1/me/keys", json=body, headers=kail.headers(login))
            held[login] = {"key": [answer.json()["id"]]}
            client.post("/api/v1/webhook-hosts", json={"host": "bank.example"}, headers=kail.headers("operator"))
            body = {"url": f"https://bank.example/{login}"}
            answer = client.post("/api/v1/webhooks", json=body, headers=kail.headers(login))
            held[login]["webhook"] = [answer.json()["id"]]
    with kail.record.write() as tx:
        for login in (*MENTORS, "operator", "other_operator"):
            about = held[login].get("participant", [kail.actors[login].account_id])[0]
            held[login]["approval"] = [ask_approval(tx, kail.actors[login], "erasure", about, 1, {}).id]
    for login, actor in kail.actors.items():
        held.setdefault(login, {})["account"] = [actor.account_id]
        held[login]["organisation"] = [actor.organisation_id]
    return kail, held


def reaches(login, owner):
    """Whether what `owner` holds is `login`'s to see: their own, or an operator's whole organisation's."""
    same = login.startswith("other_") == owner.startswith("other_")
    return login == owner or (same and login.endswith("operator"))


def foreign(held, login):
    """Every id of others: (its kind, itself); a key or a job is of its account alone, whatever the role."""
    found = []
    for owner, things in held.items():
        for kind, ids in things.items():
            mine = login == owner if kind in ("key", "job") else reaches(login, owner)
            if kind == "organisation":
                mine = login.startswith("other_") == owner.startswith("other_")
            found += [] if mine else [(kind, one) for one in ids]
    return sorted(set(found))


# Every route with an id in its path: who may use it, and a body that is in order (any version from 1 to 6 may be right).
ROUTES = [
    ("mo", "GET", "/participants/{}", None),
    ("m", "PATCH", "/participants/{}", {"version": 2, "name": "Bu Lain"}),
    ("o", "POST", "/participants/{}/mentor", {"version": 2, "mentor_id": "{mentor}"}),
    ("m", "GET", "/participants/{}/evidence", None),
    ("m", "POST", "/participants/{}/evidence", {"signals": {"nib": True}}),
    ("mo", "GET", "/participants/{}/consents", None),
    ("mo", "POST", "/participants/{}/consents", {"purpose": "training", "given": True, **AGREED}),
    ("mo", "POST", "/participants/{}/consents", {"purpose": "record", "given": False, **AGREED}),
    ("mo", "GET", "/participants/{}/export", None),
    ("o", "POST", "/participants/{}/export", None),
    ("mo", "POST", "/participants/{}/erasure", {"version": 2}),
    ("o", "POST", "/approvals/{}/approve", None),
    ("o", "POST", "/approvals/{}/refuse", None),
    ("mo", "POST", "/approvals/{}/withdraw", None),
    ("m", "POST", "/participants/{}/assessments", {}),
    ("mo", "GET", "/participants/{}/assessments", None),
    ("mo", "GET", "/assessments/{}", None),
    ("mo", "GET", "/assessments/{}/replay", None),
    ("mo", "GET", "/assessments/{}/changes", None),
    ("m", "POST", "/assessments/{}/override", {"chosen": "siapik_books", "code": "cannot_now"}),
    ("mo", "POST", "/assessments/{}/objection", {"words": "tidak"}),
    ("o", "POST", "/objections/{}/decision", {"decision": "upheld", "reason": "karena"}),
    ("o", "PATCH", "/accounts/{}", {"version": 1, "active": False}),
    ("o", "PATCH", "/accounts/{}", {"version": 1, "role": "analyst"}),
    ("o", "POST", "/accounts/{}/password", None),
    ("l", "DELETE", "/me/keys/{}", None),
    ("l", "POST", "/webhooks/{}/secret", None),
    ("l", "POST", "/webhooks/{}/again", None),
    ("l", "DELETE", "/webhooks/{}", None),
    ("mo", "GET", "/jobs/{}", None),
    ("mo", "POST", "/jobs/{}/cancel", None),
    ("m", "GET", "/jobs/{}/file", None),
]
LOGINS = {
    "m": MENTORS,
    "o": ("operator", "other_operator"),
    "l": ("lender", "other_lender"),
}


def test_another_ones_id_in_an_address_is_answered_like_one_that_nobody_has(filled):
    kail, held = filled
    draw, tried, before = random.Random(20261121), set(), dump(kail)
    with kail.client() as client:
        headers = {login: kail.headers(login) for who in LOGINS.values() for login in who}
        before = dump(kail)
        nobodys = {}
        ids = {login: foreign(held, login) for login in headers}

        def ask(login, route, one, language):
            _, method, path, body = route
            if body and "mentor_id" in body:
                body = body | {"mentor_id": kail.actors[login.replace("operator", "mentor")].account_id}
            if body and "version" in body:
                body = body | {"version": draw_version}
            client.cookies.clear()
            address = f"/api/v1{path.format(one)}?language={language}"
            return client.request(method, address, json=body, headers=headers[login])

        for _ in range(TRIES):
            route, language, draw_version = draw.choice(ROUTES), draw.choice(("id", "en")), draw.randint(1, 6)
            login = draw.choice([login for who in route[0] for login in LOGINS[who]])
            kind, one = draw.choice(ids[login])
            answer = ask(login, route, one, language)
            tried.add((login, route[1], route[2], kind))
            key = (route[1], route[2], language)
            if key not in nobodys:
                nobodys[key] = ask(login, route, NOWHERE, language)
            assert answer.status_code == 404, (login, route, kind, answer.text)
            assert answer.content == nobodys[key].content
            assert {k: v for k, v in answer.headers.items() if k != "date"} == {
                k: v for k, v in nobodys[key].headers.items() if k != "date"
            }
    assert dump(kail) == before
    assert len(tried) > 150


def test_ones_own_ids_do_open_those_doors(filled):
    """Without this the test above would pass on a service that knows nobody."""
    kail, held = filled
    with kail.client() as client:
        for who, method, path, body in ROUTES:
            if method != "GET":
                continue
            for login in [login for one in who for login in LOGINS[one] if login != "other_operator"]:
                kind = path.split("/")[1].rstrip("s")
                owner = "mentor" if login == "operator" and kind != "job" else login
                client.cookies.clear()
                address = f"/api/v1{path.format(held[owner][kind][min(1, len(held[owner][kind]) - 1)])}"
                answer = client.request(method, address, json=body, headers=kail.headers(login))
                assert answer.status_code == 200, (login, address, answer.text)


def test_a_foreign_id_in_a_body_is_answered_like_one_that_nobody_has(filled):
    kail, held = filled
    with kail.client() as client:
        headers = {login: kail.headers(login) for login in (*MENTORS, "operator", "other_operator")}
        before, tries = dump(kail), 0

        def same(login, path, body, name, one):
            client.cookies.clear()
            found = client.post(f"/api/v1{path}", json=body | {name: one}, headers=headers[login])
            client.cookies.clear()
            nobodys = client.post(f"/api/v1{path}", json=body | {name: NOWHERE}, headers=headers[login])
            assert found.status_code == nobodys.status_code == 400, found.text
            assert found.text.replace(one, NOWHERE) == nobodys.text

        for operator, mentor in (("operator", "mentor"), ("other_operator", "other_mentor")):
            person = held[mentor]["participant"][1]
            with kail.record.read() as tx:
                people = METADATA.tables["participants"]
                version = tx.one(select(people.c.version).where(people.c.id == person)).version
            for _, one in foreign(held, operator):
                same(operator, f"/participants/{person}/mentor", {"version": version}, "mentor_id", one)
                tries += 1
        for login in MENTORS:
            said = {"purpose": "referral", "given": True, **AGREED}
            for kind, one in foreign(held, login):
                if kind != "organisation":  # a lender of any organisation may be named as the recipient
                    same(login, f"/participants/{held[login]['participant'][1]}/consents", said, "recipient", one)
                    tries += 1
        assert dump(kail) == before
    assert tries > 50


def test_no_list_export_search_or_audit_shows_anything_foreign(filled):
    kail, held = filled
    lists = {
        "m": ["/participants", "/work-list", "/approvals", "/jobs"],
        "o": ["/accounts", "/approvals", "/objections", "/disagreements", "/audit", "/jobs"],
        "a": ["/disagreements"],
        "l": ["/me/keys"],
    }
    looked = 0
    with kail.client() as client:
        for who, logins in (LOGINS | {"a": ("analyst", "other_analyst")}).items():
            for login in logins:
                headers, others = kail.headers(login), foreign(held, login)
                if who in "oa":  # they see codes and ids of their own organisation, of whomever
                    side = login.startswith("other_")
                    own = [held[owner] for owner in held if owner.startswith("other_") == side]
                    own_ids = [one for things in own for ids in things.values() for one in ids]
                    others = [(kind, one) for kind, one in others if one not in own_ids]
                paths = list(lists[who])
                if who in "mo":
                    mine = [one for owner in MENTORS if reaches(login, owner) for one in held[owner]["participant"]]
                    paths += [f"/participants/{one}{rest}" for one in mine for rest in ("", "/export", "/assessments")]
                if who == "m":
                    paths += [f"/participants?search={word}" for word in ("bu", "", "0", "a", "31740", "62812")]
                if who == "o":
                    paths += [f"/audit?about={one}" for _, one in others]
                for path in paths:
                    client.cookies.clear()
                    answer = client.get(f"/api/v1{path}", headers=headers)
                    assert answer.status_code == 200, (path, answer.text)
                    kinds = ("participant", "assessment", "objection", "key", "job")
                    shown = [one for kind, one in others if kind in kinds and one in answer.text]
                    assert shown == [], (login, path)
                    marks = [MARK[owner] for owner in MENTORS if not reaches(login, owner)]
                    assert [mark for mark in marks if mark.casefold() in answer.text.casefold()] == []
                    if who == "o" and path.startswith("/audit?about="):
                        assert answer.json() == {"entries": []}
                    if login.startswith("other_") or who != "m":  # of the other organisation not even an account
                        there = [
                            a for a in kail.actors.values() if a.organisation_id != kail.actors[login].organisation_id
                        ]
                        assert [
                            a for a in there if a.account_id in answer.text or a.organisation_id in answer.text
                        ] == []
                    looked += 1
    assert looked > 80


def test_a_search_for_another_ones_person_finds_what_a_search_for_nobody_finds(filled):
    kail, held = filled
    with kail.client() as client:
        headers = {login: kail.headers(login) for login in MENTORS}
        before = dump(kail, but=("audit", "chain_ends"))
        for place, owner in enumerate(MENTORS):
            for login in MENTORS:
                if login == owner:
                    continue
                for number in range(2):
                    words = [MARK[owner], f"{MARK[owner]}-{number}", f"31740{place}{number}100000001"]
                    words += [
                        f"62812000{place}{number}00",
                        f"0812000{place}{number}00",
                        held[owner]["participant"][number],
                    ]
                    for word in words:
                        client.cookies.clear()
                        answer = client.post("/api/v1/participants/search", json={"text": word}, headers=headers[login])
                        assert (answer.status_code, answer.json()) == (200, {"participants": []})
        assert dump(kail, but=("audit", "chain_ends")) == before


def test_another_organisation_may_know_the_same_person_and_neither_learns_of_it(filled):
    """A NIK or an own id that the other organisation has is free here: no 409 tells that somebody is known there."""
    kail, _ = filled
    known = {"name": "Bu Baru", "nik": "3174000100000001", "own_id": "Melati-0", "consents": ["record"], **AGREED}
    sheet = b"participant,nama,nik\nMelati-1,Bu Lain,3174001100000001\n"
    with kail.client() as client:
        headers = kail.headers("other_mentor")
        assert client.post("/api/v1/participants", json=known, headers=headers).status_code == 201
    assert imported(kail, sheet, login="other_mentor")["registered"] == 1
    # within the organisation somebody is not entered twice, and that says no more than that
    with kail.client("mentor2") as client:
        answer = client.post("/api/v1/participants", json=known)
        assert answer.status_code == 409
        assert "Melati" not in json.dumps(answer.json()).replace("Melati-0", "")
    found = imported(kail, sheet, login="mentor2")
    assert (found["registered"], found["rejected_rows"]) == (0, 1)
    assert "Melati" not in json.dumps(found["problems"])


def test_handing_over_takes_a_person_away_from_the_one_and_gives_it_to_the_other(filled):
    kail, held = filled
    person, assessment = held["mentor"]["participant"][1], held["mentor"]["assessment"][1]
    with kail.client() as client:
        operator, mentor, mentor2 = kail.headers("operator"), kail.headers("mentor"), kail.headers("mentor2")
        version = client.get(f"/api/v1/participants/{person}", headers=mentor).json()["version"]
        body = {"mentor_id": kail.actors["mentor2"].account_id, "version": version}
        assert client.post(f"/api/v1/participants/{person}/mentor", json=body, headers=operator).status_code == 200
        for path in (f"participants/{person}", f"assessments/{assessment}", f"participants/{person}/export"):
            assert client.get(f"/api/v1/{path}", headers=mentor).status_code == 404
            assert client.get(f"/api/v1/{path}", headers=mentor2).status_code == 200
