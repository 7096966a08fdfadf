"""Access: who is let in where, against a table of its own, so that a door that opens or shuts unnoticed is seen."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from litestar import WebSocket, delete, get, websocket
from sqlalchemy import update

import api.app
from api.accounts import api_keys
from api.accounts.cookies import COOKIE
from api.accounts.guard import routes_of
from api.accounts.sessions import open_session
from api.accounts.tables import ACCOUNTS, SESSIONS
from api.app import create_app
from api.settings import Settings
from tests.installation import PASSWORD

# One letter for each who may: m(entor), l(ender), a(nalyst), o(perator), k: an API key with the scope "me" (test_scopes.py); * is anyone.
EXPECTED = {
    "GET /": "*",
    "GET /health": "*",
    "GET /ready": "*",
    "GET /schema": "*",
    "GET /schema/openapi.json": "*",
    "GET /schema/{path}": "*",
    "GET /static/{file_path}": "*",
    "GET /api/v1/programme": "*",
    "POST /api/v1/recommendations": "*",
    "POST /api/v1/session": "*",
    "DELETE /api/v1/session": "mlao",
    "GET /api/v1/me": "mlaok",
    "POST /api/v1/me/password": "mlao",
    "GET /api/v1/me/keys": "l",
    "POST /api/v1/me/keys": "l",
    "DELETE /api/v1/me/keys/{key_id}": "l",
    "GET /api/v1/accounts": "o",
    "POST /api/v1/accounts": "o",
    "PATCH /api/v1/accounts/{account_id}": "o",
    "POST /api/v1/accounts/{account_id}/password": "o",
    "GET /api/v1/approvals": "mlao",
    "POST /api/v1/approvals/{approval_id}/approve": "lo",
    "POST /api/v1/approvals/{approval_id}/refuse": "lo",
    "POST /api/v1/approvals/{approval_id}/withdraw": "mlao",
    "GET /api/v1/switches/mentor-reset": "o",
    "PUT /api/v1/switches/mentor-reset": "o",
    "GET /api/v1/participants": "m",
    "POST /api/v1/participants": "m",
    "POST /api/v1/participants/search": "m",
    "GET /api/v1/participants/{person_id}": "mo",
    "PATCH /api/v1/participants/{person_id}": "m",
    "POST /api/v1/participants/{person_id}/mentor": "o",
    "GET /api/v1/participants/{person_id}/evidence": "m",
    "POST /api/v1/participants/{person_id}/evidence": "m",
    "GET /api/v1/participants/{person_id}/consents": "mo",
    "POST /api/v1/participants/{person_id}/consents": "mo",
    "GET /api/v1/participants/{person_id}/export": "mo",
    "POST /api/v1/participants/{person_id}/export": "o",
    "POST /api/v1/participants/{person_id}/erasure": "mo",
    "POST /api/v1/imports": "m",
    "GET /api/v1/work-list": "m",
    "POST /api/v1/participants/{person_id}/assessments": "m",
    "GET /api/v1/participants/{person_id}/assessments": "mo",
    "GET /api/v1/assessments/{assessment_id}": "mo",
    "GET /api/v1/assessments/{assessment_id}/replay": "mo",
    "GET /api/v1/assessments/{assessment_id}/changes": "mo",
    "POST /api/v1/assessments/{assessment_id}/override": "m",
    "POST /api/v1/assessments/{assessment_id}/objection": "mo",
    "POST /api/v1/participants/{person_id}/referrals/preview": "m",
    "POST /api/v1/participants/{person_id}/referrals": "m",
    "GET /api/v1/participants/{person_id}/referrals": "m",
    "GET /api/v1/referrals": "mlo",
    "POST /api/v1/referrals/moves/{move}": "ml",
    "GET /api/v1/referrals/changes": "l",
    "GET /api/v1/referrals/{referral_id}": "mlo",
    "GET /api/v1/referrals/{referral_id}/pack.pdf": "ml",
    "POST /api/v1/referrals/{referral_id}/moves/{move}": "mlo",
    "POST /api/v1/referrals/{referral_id}/notes": "ml",
    "POST /api/v1/referrals/{referral_id}/still-lives": "ml",
    "GET /api/v1/quotas": "l",
    "PUT /api/v1/quotas": "l",
    "GET /api/v1/rooms": "l",
    "PUT /api/v1/rooms": "l",
    "GET /api/v1/lending/figures": "l",
    "GET /api/v1/lenders": "mo",
    "PUT /api/v1/lenders/{organisation_id}": "o",
    "GET /api/v1/webhooks": "l",
    "POST /api/v1/webhooks": "l",
    "POST /api/v1/webhooks/{webhook_id}/secret": "l",
    "POST /api/v1/webhooks/{webhook_id}/again": "l",
    "DELETE /api/v1/webhooks/{webhook_id}": "l",
    "GET /api/v1/webhook-hosts": "o",
    "POST /api/v1/webhook-hosts": "o",
    "DELETE /api/v1/webhook-hosts/{host}": "o",
    "GET /api/v1/objections": "o",
    "POST /api/v1/objections/{objection_id}/decision": "o",
    "GET /api/v1/disagreements": "ao",
    "GET /api/v1/switches/randomise-ties": "o",
    "PUT /api/v1/switches/randomise-ties": "o",
    "GET /api/v1/audit": "o",
    "GET /api/v1/jobs": "mlao",
    "POST /api/v1/jobs": "mo",
    "GET /api/v1/jobs/{job_id}": "mlao",
    "POST /api/v1/jobs/{job_id}/cancel": "mlao",
    "GET /api/v1/jobs/{job_id}/file": "mlao",
    "POST /api/v1/outcomes": "l",
    "GET /outcomes": "l",
    "POST /outcomes": "l",
    "POST /api/v1/training-sets": "ao",
    "GET /training-sets": "ao",
    "POST /training-sets": "ao",
    "GET /jobs": "mlao",
    "POST /jobs": "mo",
    "GET /jobs/{job_id}": "mlao",
    "POST /jobs/{job_id}/cancel": "mlao",
    "GET /jobs/{job_id}/file": "mlao",
    "GET /sign-in": "*",
    "POST /sign-in": "*",
    "POST /sign-out": "mlao",
    "GET /account": "mlao",
    "POST /account/password": "mlao",
    "POST /account/keys": "l",
    "POST /account/keys/{key_id}/revoke": "l",
    "GET /accounts": "o",
    "POST /accounts": "o",
    "POST /accounts/{account_id}": "o",
    "POST /accounts/{account_id}/password": "o",
    "GET /approvals": "mlao",
    "POST /approvals/mentor-reset": "o",
    "POST /approvals/{approval_id}/approve": "lo",
    "POST /approvals/{approval_id}/refuse": "lo",
    "POST /approvals/{approval_id}/withdraw": "mlao",
    "GET /audit": "o",
    "GET /participants": "mo",
    "POST /participants": "mo",
    "GET /participants/new": "m",
    "POST /participants/new": "m",
    "GET /participants/{person_id}": "mo",
    "GET /participants/{person_id}/identity": "m",
    "POST /participants/{person_id}/identity": "m",
    "GET /participants/{person_id}/mentor": "o",
    "POST /participants/{person_id}/mentor": "o",
    "GET /participants/{person_id}/evidence": "m",
    "POST /participants/{person_id}/evidence": "m",
    "GET /participants/{person_id}/history": "m",
    "GET /participants/{person_id}/assessments": "m",
    "GET /withdrawals": "o",
    "GET /api/v1/withdrawals": "o",
    "GET /participants/{person_id}/consents": "mo",
    "POST /participants/{person_id}/consents": "mo",
    "GET /participants/{person_id}/rights": "mo",
    "POST /participants/{person_id}/export": "o",
    "POST /participants/{person_id}/erasure": "mo",
    "GET /imports": "m",
    "POST /imports": "m",
    "GET /work-list": "m",
    "POST /participants/{person_id}/assessments": "m",
    "GET /assessments/{assessment_id}": "mo",
    "POST /assessments/{assessment_id}/override": "m",
    "POST /assessments/{assessment_id}/objection": "mo",
    "GET /participants/{person_id}/refer": "m",
    "POST /participants/{person_id}/refer": "m",
    "GET /referrals": "mlo",
    "GET /referrals/file": "l",
    "GET /referrals/workbook": "l",
    "GET /referrals/{referral_id}/pack.pdf": "ml",
    "POST /referrals": "ml",
    "POST /referrals/moves/{move}": "ml",
    "GET /referrals/{referral_id}": "mlo",
    "POST /referrals/{referral_id}/moves/{move}": "mlo",
    "POST /referrals/{referral_id}/notes": "ml",
    "POST /referrals/{referral_id}/still-lives": "ml",
    "GET /lending": "l",
    "GET /lending/figures": "l",
    "POST /lending/quotas": "l",
    "POST /lending/rooms": "l",
    "GET /lenders": "o",
    "POST /lenders/{organisation_id}": "o",
    "GET /webhooks": "l",
    "POST /webhooks": "l",
    "POST /webhooks/{webhook_id}/secret": "l",
    "POST /webhooks/{webhook_id}/again": "l",
    "POST /webhooks/{webhook_id}/stop": "l",
    "GET /webhook-hosts": "o",
    "POST /webhook-hosts": "o",
    "POST /webhook-hosts/end": "o",
    "GET /objections": "o",
    "POST /objections/{objection_id}/decision": "o",
    "GET /disagreements": "ao",
    "POST /disagreements/lot": "o",
}
LETTER = {"mentor": "m", "mentor2": "m", "lender": "l", "analyst": "a", "operator": "o"}
CHANGING = sorted(name for name in EXPECTED if not name.startswith("GET "))


def address(name: str, person: str = "f" * 24) -> tuple[str, str]:
    """A method and an address of a route; ids that nobody has stand in it."""
    method, path = name.split(" ")
    for parameter, value in {"file_path": "kail.css", "path": "nothing"}.items():
        path = path.replace(f"{{{parameter}}}", value)
    return method, "/".join(person if part.startswith("{") else part for part in path.split("/"))


def outcome(client, name, headers, **more):
    """401, 403 or "in", of a request with these headers alone and an empty body. A page that sends to sign-in is a 401."""
    client.cookies.clear()
    method, path = address(name)
    answer = client.request(method, path, headers=headers, follow_redirects=False, **more)
    client.cookies.clear()
    assert answer.status_code < 500, (name, answer.text)
    if answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next="):
        return 401
    return answer.status_code if answer.status_code in (401, 403) else "in"


def session(kail, login):
    with kail.record.write() as tx:
        return {"cookie": f"{COOKIE}={open_session(tx, kail.actors[login].account_id)}"}


def an_api_key(kail, login, *scopes, days=30):
    with kail.record.write() as tx:
        end = tx.now + timedelta(days=days)
        key, secret = api_keys.add_key(tx, kail.actors[login], "bank", list(scopes), end)
    return key, {"authorization": f"Bearer {secret}"}


def test_the_table_names_every_route_and_no_other(small_kail):
    assert set(routes_of(small_kail.app)) == set(EXPECTED)


@pytest.mark.parametrize("login", ["mentor", "lender", "analyst", "operator", "other_mentor", "other_operator"])
def test_a_role_is_let_in_exactly_where_the_table_says(small_kail, login):
    letter = LETTER[login.removeprefix("other_")]
    with small_kail.client() as client:
        for name, who in EXPECTED.items():
            wanted = "in" if letter in who or who == "*" else 403
            assert outcome(client, name, session(small_kail, login)) == wanted, name


@pytest.fixture
def dead(small_kail):
    """Headers that once let somebody in, or never did: by why they do not any more."""
    kail, found = small_kail, {"nobody": {}, "an empty cookie": {"cookie": f"{COOKIE}="}}
    found["a made-up session"] = {"cookie": f"{COOKIE}={'A' * 43}"}
    found["a made-up key"] = {"authorization": "Bearer kail_" + "A" * 43}
    found["a password"] = {"authorization": f"Basic {PASSWORD}"}
    _, found["an expired key"] = an_api_key(kail, "lender", "me", days=0.5)
    used, unused = session(kail, "operator"), session(kail, "operator")
    with kail.client() as client:
        for _ in range(36):  # twelve hours, never idle
            kail.clock.forward(minutes=20)
            assert outcome(client, "GET /api/v1/me", used) == "in"
        assert outcome(client, "GET /api/v1/me", unused) == 401
        found["a session twelve hours old"] = used
        found["an idle session"] = session(kail, "mentor")
        kail.clock.forward(minutes=30, seconds=1)
        found["a session signed out"] = session(kail, "mentor")
        assert outcome(client, "DELETE /api/v1/session", found["a session signed out"]) == "in"
        key, found["a revoked key"] = an_api_key(kail, "lender", "me")
        with kail.record.write() as tx:
            api_keys.revoke_key(tx, kail.actors["lender"], key)
        found["a closed account's session"] = session(kail, "operator")
        _, found["a closed account's key"] = an_api_key(kail, "other_lender", "me")
        found["a hash from the database"] = {"cookie": f"{COOKIE}={hash_of_a_session(kail)}"}
    closed = [kail.actors[login].account_id for login in ("operator", "other_lender")]
    with kail.record.write() as tx:  # behind the back of what ends sessions: the account alone decides
        tx.run(update(ACCOUNTS).where(ACCOUNTS.c.id.in_(closed)).values(active=False))
    return found


def hash_of_a_session(kail):
    with kail.record.read() as tx:
        return tx.one(SESSIONS.select()).id_hash


def test_what_no_longer_lets_anybody_in_is_refused_at_every_door(small_kail, dead):
    assert len(dead) == 13
    with small_kail.client() as client:
        for why, headers in dead.items():
            for name, who in EXPECTED.items():
                assert outcome(client, name, headers) == ("in" if who == "*" else 401), (why, name)


def test_a_session_lives_to_its_last_second_and_not_longer(small_kail):
    headers = session(small_kail, "mentor")
    with small_kail.client() as client:
        small_kail.clock.forward(minutes=30)
        assert outcome(client, "GET /api/v1/me", headers) == "in"
        small_kail.clock.forward(minutes=30, seconds=1)
        assert outcome(client, "GET /api/v1/me", headers) == 401


FOREIGN = [
    {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": "http://testserver.local"}, {"origin": "https://evil.example"},
    *({"origin": one} for one in ("null", "http://testserver.local.evil.example", "http://testserver.local:8001", "")),
]  # fmt: skip


def test_a_form_on_another_site_changes_nothing_at_any_door(small_kail):
    with small_kail.client() as client:
        host = client.base_url.netloc.decode()
        for name in CHANGING:
            if name == "POST /api/v1/recommendations":  # it keeps nothing and asks for no cookie
                continue
            for login in ("mentor", "operator", "lender"):
                for foreign in FOREIGN:
                    headers = {key: value.replace("testserver.local", host) for key, value in foreign.items()}
                    if headers.get("origin") == f"http://{host}" and "sec-fetch-site" not in headers:
                        continue
                    assert outcome(client, name, session(small_kail, login) | headers) == 403, (name, headers)


def test_a_form_of_ones_own_is_let_in(small_kail):
    with small_kail.client() as client:
        host = client.base_url.netloc.decode()
        own = [{"sec-fetch-site": "same-origin", "origin": f"http://{host}"}, {"sec-fetch-site": "none"}]
        for headers in (*own, {"origin": f"http://{host}"}, {}):
            assert outcome(client, "POST /api/v1/participants", session(small_kail, "mentor") | headers) == "in"
            assert outcome(client, "POST /api/v1/session", headers) == "in"


@get("/back-door")
async def get_back_door() -> str:
    return "in"


@delete("/health")
async def delete_health() -> None:
    return None


@websocket("/api/v1/listen")
async def listen(socket: WebSocket[Any, Any, Any]) -> None:
    return None


@pytest.mark.parametrize(
    ("handler", "name"),
    [(get_back_door, "GET /back-door"), (delete_health, "DELETE /health"), (listen, "GET /api/v1/listen")],
)
def test_a_door_that_nobody_thought_about_keeps_the_service_from_starting(monkeypatch, handler, name):
    monkeypatch.setattr(api.app.advice_pages, "HANDLERS", (*api.app.advice_pages.HANDLERS, handler))
    with pytest.raises(LookupError, match=rf"api/accounts/guard\.py for {name}\."):
        create_app(Settings())


def test_asking_for_the_methods_of_an_address_tells_nothing_else(small_kail):
    with small_kail.client() as client:
        for name in EXPECTED:
            answer = client.options(address(name)[1])
            assert (answer.status_code, answer.content) == (204, b""), name


@pytest.mark.parametrize("header", ["Basic a2FpbDprYWls", "Negotiate abc", "Bearers x"])
def test_a_password_that_a_proxy_asked_for_hides_no_session(small_kail, header):
    with small_kail.client("mentor") as client:
        assert client.get("/api/v1/me", headers={"authorization": header}).status_code == 200
        foreign = {"authorization": header, "sec-fetch-site": "cross-site"}
        assert client.delete("/api/v1/session", headers=foreign).status_code == 403
        client.cookies.clear()
        assert client.get("/api/v1/me", headers={"authorization": header}).status_code == 401


def test_a_head_is_judged_like_its_get(small_kail):
    with small_kail.client() as client:
        for name, who in EXPECTED.items():
            if name.startswith("GET "):
                answer = client.head(address(name)[1])
                assert answer.content == b""
                assert answer.status_code in ((200, 404, 405) if who == "*" else (401, 405)), name


@pytest.mark.parametrize("odd", ["\0", "x\0", "\x7f", "￾", "'", "%", "..", "x" * 5000, "\U0001f600", "--"])
def test_an_odd_id_is_simply_not_found(kail, odd):
    with kail.client() as client:
        for name, who in EXPECTED.items():
            to_another = "/api/v1/" not in name or name.endswith("}/referrals")  # the client itself goes up
            if "_id}" not in name or (odd == ".." and to_another):
                continue
            client.cookies.clear()
            login = {"m": "mentor", "o": "operator", "l": "lender", "a": "analyst"}[who[0]]
            answer = client.request(*address(name, quote(odd, safe="")), headers=session(kail, login), json={})
            assert answer.status_code in (400, 404, 405), (name, answer.text)
        for asked in (f"about={quote(odd, safe='')}", f"before={quote(odd, safe='')}"):
            answer = client.get(f"/api/v1/audit?{asked}", headers=session(kail, "operator"))
            assert answer.status_code in (200, 400, 404)
        answer = client.post("/api/v1/participants/search", json={"text": odd}, headers=session(kail, "mentor"))
        assert answer.status_code in (200, 400)


def test_who_may_not_see_a_page_still_has_their_menu(small_kail):
    with small_kail.client("analyst") as client:
        refused = client.get("/work-list")
    assert refused.status_code == 403
    assert 'href="/disagreements"' in refused.text
