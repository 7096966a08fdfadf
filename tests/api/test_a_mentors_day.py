"""A mentor's day, from signing in to somebody who wants to be forgotten, with a server that listens on a port."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import httpx
import pytest
import uvicorn

from api.jobs.worker import do_all
from tests.installation import A_TRADER, PASSWORD


@contextmanager
def running(app):
    """Serve an application on a free port; yield its address."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", proxy_headers=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


class Browser:
    """Somebody at a browser, who reads English."""

    def __init__(self, address):
        self.http = httpx.Client(base_url=f"{address}/api/v1", params={"language": "en"}, timeout=60)

    def get(self, path, status=200, **asked):
        answer = self.http.get(path, params=asked)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path, status=201, /, files=None, data=None, **body):
        answer = self.http.post(path, files=files, data=data) if files else self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def patch(self, path, status=200, /, **body):
        answer = self.http.patch(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def sign_in(self, login, password=PASSWORD, status=200):
        return self.post("/session", status, login=login, password=password)


@pytest.fixture
def address(kail):
    with running(kail.app) as address:
        yield address


@pytest.fixture
def mentor(address):
    browser = Browser(address)
    yield browser
    browser.http.close()


@pytest.fixture
def operator(address):
    browser = Browser(address)
    browser.sign_in("operator")
    yield browser
    browser.http.close()


def test_a_mentors_day(kail, mentor, operator):
    # In the morning she signs in, at the second try, and nobody waits for her yet.
    mentor.get("/work-list", 401)
    assert mentor.sign_in("mentor", "kuda-hijau-delapan-belas", 401)["problems"]
    assert mentor.sign_in("mentor")["role"] == "mentor"
    assert mentor.get("/work-list")["entries"] == []

    # Bu Ani comes to the stall. She agrees, on paper, to be kept on record; then, having heard what it is, to more.
    ani = mentor.post(
        "/participants",
        name="Bu Ani",
        nik="3171014101800001",
        phone="0812 3456 7890",
        consents=["record"],
        channel="paper",
    )
    one = f"/participants/{ani['id']}"
    refused = mentor.post(f"{one}/assessments", 409)
    assert refused["problems"][0]["value"] == "recommendation"
    mentor.post(f"{one}/consents", purpose="recommendation", given=True, channel="spoken", said_on="2026-11-21")
    assert [e["name"] for e in mentor.get("/work-list")["entries"]] == ["Bu Ani"]

    # What she tells is written down, with the day on which it was true and what proves it.
    facts = {
        **A_TRADER,
        "monthly_profit": {"value": 3_000_000, "on": "2026-10-31", "proof": "seen"},
        "cash_at_hand": 2_000_000,
    }
    assert mentor.post(f"{one}/evidence", signals=facts, said_by="Bu Ani")["new"] == len(facts)
    # A nought too many: the correction is a new fact, and the old one stays to be seen.
    assert mentor.post(f"{one}/evidence", signals={"cash_at_hand": 200_000})["new"] == 1
    assert mentor.get(one)["signals"]["cash_at_hand"]["value"] == 200_000
    history = [f["value"] for f in mentor.get(f"{one}/evidence")["evidence"] if f["signal"] == "cash_at_hand"]
    assert history == [2_000_000, 200_000]
    # Tomorrow has not been yet.
    mentor.post(f"{one}/evidence", 400, signals={"nib": {"value": True, "on": "2026-11-22"}})

    # What now? A permit, because it is on the path to a small loan.
    first = mentor.post(f"{one}/assessments")
    read = mentor.get(f"/assessments/{first['id']}")
    assert read["same"] is True
    assert (read["tier"], read["next"], read["goal"]) == ("kail", "nib", "kur_super_mikro")
    assert "NIB" in str(read["answer"]["interventions"][0])
    assert mentor.get("/work-list")["left_out"]["seen_this_week"] == 1

    # Eight days later she has her NIB and is on the list again; what changed is told in words.
    kail.clock.forward(days=8)
    mentor.get("/work-list", 401)  # away too long
    mentor.sign_in("mentor")
    operator.sign_in("operator")
    assert mentor.get("/work-list")["entries"][0]["next"]["id"] == "nib"
    letter = {
        "nib": {"value": True, "on": "2026-11-27", "proof": "document"},
        "existing_credit": [],
        "productive_credit_ever": [],
    }
    mentor.post(f"{one}/evidence", signals=letter)
    second = mentor.post(f"{one}/assessments")
    changes = mentor.get(f"/assessments/{second['id']}/changes")
    assert changes["before"] == first["id"]
    texts = [change["text"] for change in changes["changes"]]
    assert "KUR Super Mikro (smallest government-backed loan): can be offered now." in texts
    assert any(text.startswith("The next step changed: ") for text in texts)
    assert mentor.get(f"/assessments/{first['id']}/replay")["same"] is True

    # The referral can wait, Bu Ani says; first the books. So the mentor chooses otherwise and says why.
    books = {"chosen": "siapik_books", "code": "other_first", "note": "She wants to know her profit first."}
    mentor.post(f"/assessments/{second['id']}/override", **books)
    mentor.post(f"/assessments/{second['id']}/override", 400, chosen="a_lottery_ticket", code="other_first")

    # Then she objects to what the computer said. From here on it keeps still until a person has looked at it.
    objection = mentor.post(f"/assessments/{second['id']}/objection", words="I never asked for a loan.")
    assert mentor.get(one)["objection_waits"] is True
    assert mentor.post(f"{one}/assessments", 409)["problems"][0]["field"] == "participant"
    mentor.post(f"/objections/{objection['id']}/decision", 403, decision="rejected", reason="I know better.")
    waiting = operator.get("/objections")["items"]
    assert [(o["id"], o["words"]) for o in waiting] == [(objection["id"], "I never asked for a loan.")]
    operator.post(
        f"/objections/{objection['id']}/decision", 200, decision="corrected", reason="She wants none: put right."
    )
    mentor.post(f"{one}/evidence", signals={"wants_capital": False, "amount_asked": None})
    third = mentor.post(f"{one}/assessments")
    assert third["core"]["path"]["goal"] is None
    assert not any(product["offered"] for product in third["core"]["products"].values())
    kinds = [d["kind"] for d in operator.get("/disagreements")["items"]]
    assert sorted(kinds) == ["objection", "override"]

    # In the afternoon a colleague's list: two good rows, and one with a typing mistake, which is told with its remedy.
    sheet = "nama;nik;nib;monthly_profit\nBu Ida;3171014101800002;ya;2000000\nBu Umi;31710141;ya;1\nBu Eni;3171014101800003;tidak;900000\n"
    upload = {
        "files": {"file": ("daftar.csv", sheet.encode())},
        "data": {"consents": "record,recommendation", "channel": "paper"},
    }
    sent = mentor.post("/imports", 202, **upload)
    assert mentor.get(f"/jobs/{sent['id']}")["state"] == "queued"
    do_all(kail.record, kail.live, kail.settings.data)
    found = mentor.get(f"/jobs/{sent['id']}")
    assert [found["result"][name] for name in ("taken", "registered", "rejected_rows")] == [2, 2, 1]
    assert [(p["row"], p["field"]) for p in found["pieces"]] == [(2, "nik")]
    assert "16 digits" in found["pieces"][0]["remedy"]
    again = mentor.post("/imports", 202, **upload)
    do_all(kail.record, kail.live, kail.settings.data)
    found = mentor.get(f"/jobs/{again['id']}")
    assert (found["state"], [p["field"] for p in found["result"]["problems"]]) == ("failed", ["file"])
    assert "was imported on 29 November 2026" in found["result"]["problems"][0]["message"]
    assert [p["name"] for p in mentor.get("/participants")["items"]] == ["Bu Ani", "Bu Eni", "Bu Ida"]

    # Two forms open at once: the older one is refused.
    version = mentor.get(one)["version"]
    mentor.patch(one, name="Bu Ani Wijaya", version=version)
    mentor.patch(one, 409, name="Bu Anny", version=version)

    # Bu Ani takes her consent back, by phone. The very next request is refused.
    mentor.post(f"{one}/consents", purpose="recommendation", given=False, channel="phone")
    assert mentor.post(f"{one}/assessments", 409)["problems"][0]["value"] == "recommendation"
    assert ani["id"] not in [entry["participant"] for entry in mentor.get("/work-list")["entries"]]

    # She asks for a copy of everything, and then to be forgotten.
    held = mentor.get(f"{one}/export")["held"]
    assert held["participants"][0]["sealed"]["name"] == "Bu Ani Wijaya"
    assert (len(held["assessments"]), len(held["overrides"]), len(held["objections"])) == (3, 1, 1)
    version = mentor.get(one)["version"]
    assert mentor.post(f"{one}/erasure", 200, version=version)["erased"] > len(facts)
    for path in (one, f"{one}/export", f"{one}/evidence", f"/assessments/{second['id']}/replay"):
        mentor.get(path, 404)
    assert [p["name"] for p in mentor.get("/participants")["items"]] == ["Bu Eni", "Bu Ida"]

    # What stays is who did what and when: the operator reads it, and it names nobody.
    done = operator.get("/audit", about=ani["id"])["entries"]
    assert {"registered", "saw", "consent_withdrawn", "exported", "overrode", "objected", "decided", "erased"} <= {
        e["action"] for e in done
    }
    assert "Ani" not in str(done)

    # Home.
    assert mentor.http.delete("/session").status_code == 200
    mentor.get("/work-list", 401)
