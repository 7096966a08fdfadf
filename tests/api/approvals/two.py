"""A second operator for a test's installation, and two who ask and decide over HTTP."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import insert, select, update

from api.accounts.tables import ACCOUNTS
from api.audit.tables import AUDIT
from api.record.actor import Actor
from api.record.transaction import new_id
from tests.chains import looks_in

DAY = timedelta(hours=24)


def with_second(kail, login="operator2", since=2 * DAY, role="operator"):
    """Add an account to the first organisation, which has its role for so long already; return its id."""
    home = kail.actors["operator"].organisation_id
    with kail.record.write() as tx:
        before = tx.one(select(ACCOUNTS).where(ACCOUNTS.c.id == kail.actors["operator"].account_id))
        values = {**before._mapping, "id": new_id(), "login": login, "name": login.title(), "role": role}
        tx.run(insert(ACCOUNTS).values(values | {"role_since": tx.now - since}))
    kail.actors[login] = Actor(values["id"], home, role, login.title())
    return values["id"]


def lets_stand(kail, login, since=2 * DAY):
    """Let somebody have their role for so long already."""
    with kail.record.write() as tx:
        mine = ACCOUNTS.c.id == kail.actors[login].account_id
        tx.run(update(ACCOUNTS).where(mine).values(role_since=tx.now - since))


class Two:
    """Sends requests as several people, each with a session of their own."""

    def __init__(self, kail, client):
        self.kail, self.client = kail, client

    def send(self, login, method, path, body=None, **headers):
        self.client.cookies.clear()
        own = self.kail.headers(login)
        if "browser" in headers:
            own["cookie"] += f"; kail_browser={headers.pop('browser')}"
        address = path if path.startswith("/api/") else f"/api/v1{path}"
        return self.client.request(method, address, json=body, headers=own | headers)

    def asks(self, login, method, path, body=None, **headers):
        """Ask for something that has to wait; return the id of the approval."""
        answer = self.send(login, method, path, body, **headers)
        assert answer.status_code == 202, answer.text
        assert answer.headers["location"] == "/api/v1/approvals"
        assert answer.json()["state"] == "waiting"
        return answer.json()["id"]

    def decides(self, login, act, approval, status=200, **headers):
        answer = self.send(login, "POST", f"/approvals/{approval}/{act}", **headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def state(self, approval, login="operator"):
        found = self.send(login, "GET", "/approvals").json()["approvals"]
        return next(one["state"] for one in found if one["id"] == approval)

    def account(self, login):
        with self.kail.record.read() as tx:
            return tx.one(select(ACCOUNTS).where(ACCOUNTS.c.login == login))

    def version(self, person, login="operator"):
        return self.send(login, "GET", f"/participants/{person}").json()["version"]


@contextmanager
def two(kail):
    """Two operators who stand, and a client that asks as either."""
    with_second(kail)
    lets_stand(kail, "operator")
    with kail.client() as client:
        yield Two(kail, client)


def noted(kail, action):
    """The entries of that action, whether somebody changed something or looked, the oldest first."""
    with kail.record.read() as tx:
        rows = [*tx.all(select(AUDIT)), *looks_in(kail.record)]
    return sorted((row for row in rows if row.action == action), key=lambda row: (row.at, row.seq))
