"""Secrecy: a thousand planted values go in by every way; none is found in clear in a file, a log or another one's answer."""

from __future__ import annotations

import csv
import io
import itertools
import json
import logging
import random
import re

import pytest
from hypothesis import settings
from sqlalchemy import inspect, text

from api.accounts.guard import routes_of
from api.imports.service import import_sheet
from api.jobs.worker import do_all, who
from api.record.doing import do_next
from tests import importing
from tests.installation import A_TRADER

PEOPLE = 250 if settings().max_examples <= 2_000 else 2_000
AGREED = {"consents": ["record", "recommendation"], "channel": "paper"}
LETTERS = "abcdefghijklmnoprstuwy"


def planted(count, seed=20261121):
    """People whose four values are found nowhere by chance: NIK, phone, name, and an income as a code of their own."""
    draw = random.Random(seed)

    def digits(n):
        return "".join(draw.choice("123456789") for _ in range(n))

    def word():
        return "".join(draw.choice(LETTERS) for _ in range(9)).title()

    return [
        {
            "nik": digits(16),
            "phone": f"62{digits(12)}",
            "name": f"{word()} {word()}",
            "income": int(draw.choice("12345678") + digits(8)),
        }
        for _ in range(count)
    ]


def sheet(people):
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["participant", "nama", "nik", "hp", "monthly_profit"])
    for number, person in enumerate(people):
        income = person["income"]
        if number % 10 == 3:
            income = f"{income} dolar"  # a row that is refused, and answered to its sender alone
        writer.writerow([f"P{number}", person["name"], person["nik"], person["phone"], income])
    return written.getvalue().encode()


def found_in(people, contents):
    """Which planted values stand in these bytes, as (where, value).

    UTF-16 is the text with zeros in it, so without the zeros it is found too. Nine digits of an income turn up by chance
    in a megabyte of random hex digits: they count where a number begins and ends.
    """
    long = {person["nik"] for person in people} | {person["phone"] for person in people}
    words = {word.casefold() for person in people for word in person["name"].split()}
    incomes = {str(person["income"]) for person in people}
    found = []
    for where, content in contents.items():
        for read in (content, content.replace(b"\0", b"")):
            for run in re.findall(rb"\d{14,}", read):
                found += [
                    (where, value) for value in windows(run.decode(), 14) | windows(run.decode(), 16) if value in long
                ]
            for run in re.findall(rb"[A-Za-z]{9,}", read):
                found += [(where, value) for value in windows(run.decode().casefold(), 9) if value in words]
            numbers = re.findall(rb"(?<![0-9A-Za-z])\d{9}(?![0-9A-Za-z])", read)
            found += [(where, number.decode()) for number in numbers if number.decode() in incomes]
        for person in people[::5]:  # a NIK as a whole number of the machine
            number = int(person["nik"])
            found += [(where, person["nik"]) for order in ("big", "little") if number.to_bytes(8, order) in content]
    return found


def windows(run, length):
    return {run[start : start + length] for start in range(len(run) - length + 1)}


def logged(caplog):
    """What was logged by anybody but the client of the test."""
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    return "\n".join(caplog.handler.format(record) for record in ours)


def every_file(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def every_table(kail):
    """All that stands in the database's tables, as bytes."""
    contents = {}
    engine = kail.record.database.engine
    with kail.record.database.read() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).all()
            values = itertools.chain.from_iterable(rows)
            contents[table] = b"\n".join(v if isinstance(v, bytes) else f" {v} ".encode() for v in values)
    return contents


WRONG = [None, True, -1, 10**30, 1e308, "", "\ud800", "x" * 300, "\0", [], {}, [[]], {"x": 1}, "￾", 0.5, "NaN"]
TOLD = {"reasons": ["other"], "documents": [""], "amount_idr": 1, "on": "2026-11-20", "days_late": 0}
BODIES = {
    "POST /api/v1/session": {"login": "", "password": ""},
    "POST /api/v1/me/password": {"old": "", "new": ""},
    "POST /api/v1/me/keys": {"name": "", "scopes": ["me"], "expires_on": "2027-01-01"},
    "POST /api/v1/accounts": {"login": "", "name": "", "role": "mentor"},
    "PATCH /api/v1/accounts/{}": {"version": 1, "role": "mentor", "active": True},
    "POST /api/v1/participants": {"name": "", "nik": "", "phone": "", "own_id": "", "said_on": "2026-11-20", **AGREED},
    "PATCH /api/v1/participants/{}": {"version": 1, "name": "", "nik": "", "phone": ""},
    "POST /api/v1/participants/{}/mentor": {"mentor_id": "", "version": 1},
    "POST /api/v1/participants/{}/evidence": {"signals": {"monthly_profit": 1}, "said_by": "", "version": 1},
    "POST /api/v1/participants/{}/consents": {
        **{"purpose": "referral", "recipient": "", "given": True, "channel": "paper"},
        **{"said_on": "2026-11-20", "text_version": "2026-11", "expires_on": "2027-01-01"},
    },
    "POST /api/v1/participants/{}/erasure": {"version": 99},
    "POST /api/v1/participants/{}/assessments": {"goal": ""},
    "POST /api/v1/assessments/{}/override": {"chosen": "", "code": "other", "note": ""},
    "POST /api/v1/assessments/{}/objection": {"words": ""},
    "POST /api/v1/objections/{}/decision": {"decision": "upheld", "reason": ""},
    "POST /api/v1/participants/search": {"text": "Ani"},
    "POST /api/v1/participants/{}/referrals/preview": {"product": "kur_super_mikro", "lender_id": "", "amount_idr": 1},
    "POST /api/v1/participants/{}/referrals": {"product": "kur_super_mikro", "lender_id": "", "amount_idr": 1},
    "POST /api/v1/referrals/moves/{}": {"referrals": [{"id": "", "version": 2}], "note": "", **TOLD},
    "POST /api/v1/referrals/{}/moves/{}": {"version": 2, "note": "", **TOLD},
    "POST /api/v1/referrals/{}/notes": {"note": ""},
    "POST /api/v1/referrals/{}/still-lives": {"reason": "still_wanted"},
    "PUT /api/v1/quotas": {"product": "kur_super_mikro", "month": "2026-12", "version": 0, "most": 1, "most_idr": 1},
    "PUT /api/v1/rooms": {"product": "kur_super_mikro", "answer": "weeks", "weeks": 1},
    "PUT /api/v1/lenders/{}": {"providers": []},
    "POST /api/v1/webhooks": {"url": ""},
    "POST /api/v1/webhook-hosts": {"host": ""},
    "PUT /api/v1/switches/randomise-ties": {"on": True},
    "PUT /api/v1/switches/mentor-reset": {"alone": True},
    "POST /api/v1/training-sets": {"known_at": "2026-11-20", "outcome": "kept", "ending": ".csv"},
    "POST /api/v1/jobs": {"kind": "export", "keep": False},
    "POST /api/v1/recommendations": {"signals": {"monthly_profit": 1}, "goal": "", "as_of": "2026-11-21"},
}
WHO = {
    "me/keys": "lender",
    "accounts": "operator",
    "mentor": "operator",
    "decision": "operator",
    "switches": "operator",
    "referrals/": "lender",
    "quotas": "lender",
    "rooms": "lender",
    "lenders": "operator",
    "webhooks": "lender",
    "webhook-hosts": "operator",
    "training-sets": "operator",
}


def asker(name):
    return next((login for part, login in WHO.items() if f"/{part}" in name), "mentor")


def send(client, name, one, body, headers):
    method, path = name.split(" ")
    content = json.dumps(body).encode()
    client.cookies.clear()
    headers = headers | {"content-type": "application/json"}
    return client.request(method, path.replace("{}", one), content=content, headers=headers)


def test_every_changing_route_of_the_record_is_tried_here(small_kail):
    templates = {
        " ".join(
            (
                name.split(" ")[0],
                "/".join("{}" if part.startswith("{") else part for part in name.split(" ")[1].split("/")),
            )
        )
        for name in routes_of(small_kail.app)
        if name.split(" ")[0] in ("POST", "PUT", "PATCH")
        and "/api/v1/" in name  # pages have forms of texts, tested there
    }
    without_a_body = {"POST /api/v1/accounts/{}/password", "POST /api/v1/imports", "POST /api/v1/jobs/{}/cancel"}
    without_a_body |= {f"POST /api/v1/approvals/{{}}/{act}" for act in ("approve", "refuse", "withdraw")}
    without_a_body |= {f"POST /api/v1/webhooks/{{}}/{act}" for act in ("secret", "again")}
    without_a_body |= {"POST /api/v1/participants/{}/export", "POST /api/v1/outcomes"}
    assert templates - without_a_body == set(BODIES)


def test_a_wrong_value_in_any_place_of_any_body_is_a_refusal_and_never_a_failure(kail, caplog):
    caplog.set_level(logging.DEBUG)
    person = kail.participant()
    kail.evidence(person)
    with kail.client() as client:
        headers = {login: kail.headers(login) for login in ("mentor", "operator", "lender")}
        made = client.post(f"/api/v1/participants/{person}/assessments", json={}, headers=headers["mentor"]).json()[
            "id"
        ]
        tried = 0
        for name, whole in BODIES.items():
            one = (
                made
                if "assessments/{}" in name
                else kail.actors["mentor2"].account_id
                if "accounts" in name
                else person
            )
            login = asker(name)
            wrong = [whole | {field: value} for field in whole for value in WRONG]
            wrong += [*WRONG, whole | {"\ud800": 1}, whole | {"x" * 300: {}}, {**whole, "unasked": "x"}]
            if "signals" in whole:
                wrong += [whole | {"signals": {"monthly_profit": value}} for value in WRONG]
                wrong += [whole | {"signals": {"monthly_profit": {"value": value}}} for value in WRONG]
                for part in ("on", "proof", "\ud800"):
                    wrong += [whole | {"signals": {"nib": {"value": True, part: value}}} for value in WRONG]
                wrong += [whole | {"signals": {key: 1}} for key in ("\ud800", "", "x" * 300, "\0")]
            for body in wrong:
                answer = send(client, name, one, body, headers[login])
                assert answer.status_code < 500, (name, body, answer.text)
                if name == "POST /api/v1/me/password":
                    assert answer.status_code >= 400
                tried += 1
    assert tried > 1000
    assert "Traceback" not in logged(caplog)
    assert "unexpected" not in logged(caplog)


ODD_ROWS = [
    '{"participant": "\\ud800"}',
    '{"participant": "x", "nama": "\\ud800"}',
    '{"participant": 1, "monthly_profit": "\\ud800"}',
    '{"participant": "a", "nik": 1e400}',
    '{"participant": "a", "nik": [1]}',
    '{"participant": {"a": 1}, "hp": true}',
    '{"participant": "a\\u0000", "nama": "\\u0000"}',
    '{"participant": "a", "nama": "\\u0000b"}',
    '{"participant": "a", "monthly_profit": 1' + "0" * 60 + "}",
    '{"participant": "a", "\\ud800": 1}',
    '{"participant": "' + "a" * 5000 + '"}',
    "[]",
    "7",
]


def test_an_odd_row_of_an_import_is_told_and_is_no_failure(small_kail, caplog):
    with small_kail.client("mentor") as client:
        for number, line in enumerate(ODD_ROWS):
            good = f'{{"participant": "good{number}", "nama": "Bu Baik", "monthly_profit": 1000000}}'
            sent = importing.post(client, f"{line}\n{good}\n", "a.jsonl")
            assert sent.status_code == 202, (line, sent.text)
            do_all(small_kail.record, small_kail.live, small_kail.settings.data)
            found = importing.outcome(client, sent.json()["id"])
            assert all(problem["remedy"] for problem in found.problems), line
            if found.status == "done":
                rows, taken, *_, rejected = found.counts
                assert taken >= 1
                assert rows == taken + rejected
            else:
                assert "again and again" not in json.dumps(found.problems), line
    assert "unexpected" not in logged(caplog)


def test_the_search_finds_what_is_planted():
    people = planted(20)
    for person in people:
        for value in (person["nik"], person["phone"], person["name"], str(person["income"])):
            for content in (
                value.encode(),
                value.encode("utf-16-le"),
                value.encode("utf-16-be"),
                value.upper().encode(),
            ):
                assert found_in(people, {"x": b"\x01 " + content + b',"'})
        assert found_in(people, {"x": json.dumps(person).encode()})
    assert found_in(people, {"x": int(people[5]["nik"]).to_bytes(8, "big")})
    assert found_in(people, {"x": b"0123456789abcdef" * 100}) == []


class _StoppedError(BaseException):
    """Ends a worker where it stands."""


def stop_half_way(kail, rows):
    """Have the next import done until so many rows are stored, then stop it as a lost worker does."""

    def stopping(job):
        step = job.step

        def checked(many=1, **more):
            if job.done >= rows and "cells" in job.place:
                raise _StoppedError
            return step(many, **more)

        job.step = checked
        return import_sheet(job)

    with pytest.raises(_StoppedError):
        do_next(kail.record, kail.live, kail.settings.data, {"import": stopping}, who)


def test_of_a_thousand_planted_values_none_is_in_clear_anywhere(kail, caplog):
    caplog.set_level(logging.DEBUG)
    people = planted(PEOPLE)
    half, answers, niks = len(people) * 3 // 5, [], {person["nik"] for person in people}
    with kail.client() as client:
        mentor, others = kail.headers("mentor"), [kail.headers(login) for login in ("mentor2", "other_mentor")]
        sent = importing.post(client, sheet(people[:half]), headers=mentor)
        assert sent.status_code == 202, sent.text
        stop_half_way(kail, half // 2)
        lying = every_file(kail.settings.data) | every_table(kail)
        assert any(where.startswith("staged") for where in lying)
        assert found_in(people, lying) == []
        do_all(kail.record, kail.live, kail.settings.data)
        client.cookies.clear()
        told = importing.outcome(client, sent.json()["id"], mentor)
        assert told.said["registered"] == half - len([n for n in range(half) if n % 10 == 3])
        # others who send the same people learn nothing that they did not send: the same NIK with another name
        for headers in others:
            again = [{**person, "name": "Bu Lain", "phone": "628111111111", "income": 1} for person in people[:30]]
            client.cookies.clear()
            sent = importing.post(client, sheet(again), "b.csv", headers=headers)
            assert sent.status_code == 202
            do_all(kail.record, kail.live, kail.settings.data)
            client.cookies.clear()
            answers += [(client.get(sent.headers["location"], headers=headers), niks), (sent, ())]
            assert answers[-2][0].json()["state"] == "done"
        for number, person in enumerate(people[half:]):
            who = {name: person[name] for name in ("name", "nik", "phone")}
            client.cookies.clear()
            made = client.post("/api/v1/participants", json=who | AGREED, headers=mentor)
            assert made.status_code == 201, made.text
            address = f"/api/v1/participants/{made.json()['id']}"
            if number % 2 == 0:
                facts = {"signals": A_TRADER | {"monthly_profit": person["income"]}, "said_by": person["name"]}
                assert client.post(f"{address}/evidence", json=facts, headers=mentor).status_code == 201
            if number % 10 == 0:
                made = client.post(f"{address}/assessments", json={}, headers=mentor)
                assert made.status_code == 201, made.text
                words = {"words": f"{person['name']} {person['nik']} {person['income']}"}
                assessed = f"/api/v1/assessments/{made.json()['id']}"
                assert client.post(f"{assessed}/objection", json=words, headers=mentor).status_code == 201
            # requests of somebody else about this person, and of nobody
            for headers in (*others, {}):
                client.cookies.clear()
                answer = client.post(f"{address}/evidence", json={"signals": {"nib": True}}, headers=headers)
                assert answer.status_code in (401, 404)
                answers.append((answer, ()))
        # requests that fail, with the values in every place
        draw = random.Random(1)
        for name, whole in BODIES.items():
            headers = kail.headers(asker(name))
            for field in whole:
                if name == "POST /api/v1/me/keys" and field == "name":
                    continue  # it succeeds: what a lender calls its key is about nobody, and kept as it is
                person = draw.choice(people)
                for value in (
                    person["income"],
                    person["nik"],
                    int(person["nik"]),
                    [person["name"]],
                    {person["name"]: person["phone"]},
                ):
                    answer = send(client, name, person["nik"], whole | {field: value}, headers)
                    assert answer.status_code < 500, (name, field, answer.text)
            send(client, name, person["phone"], {person["nik"]: person["name"]}, headers)
        for person in people[::10]:
            client.cookies.clear()
            client.get("/api/v1/participants", params={"search": person["nik"]}, headers=mentor)
            client.get(f"/api/v1/participants/{person['nik']}", headers=mentor)
            client.get("/api/v1/audit", params={"about": person["name"]}, headers=kail.headers("operator"))
        operator = client.get("/api/v1/audit", headers=kail.headers("operator"))
        answers.append((operator, ()))
    for answer, known in answers:
        found = found_in(people, {"an answer": answer.content})
        assert [value for _, value in found if value not in known] == []
    contents = every_file(kail.settings.data) | {"the log": logged(caplog).encode()} | every_table(kail)
    assert sum(map(len, contents.values())) > 200_000
    assert found_in(people, contents) == []
