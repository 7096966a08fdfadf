"""A sandbox: everything in it says that it is synthetic, and nothing of it is seen, counted or read out elsewhere."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from api.accounts.passwords import new_password
from api.accounts.service import add_account, lenders
from api.assessments.batches import how_many
from api.commands.sandbox import JUST_SENT, SAYS, add_sandbox
from api.participants.tables import PARTICIPANTS
from api.record.refusals import Refused
from api.referrals import lenders as lending
from api.referrals.tables import REFERRALS
from tests.api.accounts.test_guard import an_api_key
from tests.api.commands.test_record import run
from tests.installation import an_account
from tests.referring import PRODUCT, PROVIDER, Referring
from training_data.cohort import make_cohort

PEOPLE = 60


@pytest.fixture(scope="module")
def people():
    rows = make_cohort(PEOPLE, random_state=3)
    return [(rows.values("as_of")[place], rows.signals(place)) for place in range(len(rows))]


@pytest.fixture
def referring(small_kail):
    return Referring(small_kail)


@pytest.fixture
def sandbox(referring, people):
    """The id of a sandbox with an officer "trying"."""
    kail = referring.kail
    name, count = add_sandbox(kail.record, kail.live, "Bank Satu", (PROVIDER,), people, "")
    assert (name, count > JUST_SENT) == (f"Bank Satu {SAYS}", True)
    with kail.record.write() as tx:
        home = tx.one(select(REFERRALS.c.lender_id).limit(1)).lender_id
        kail.actors["trying"] = an_account(tx, home, "trying", "lender")
    return home


def listed(kail, login):
    _, key = an_api_key(kail, login, "read", "me")
    with kail.client() as client:
        answer = client.get("/api/v1/referrals", headers=key)
        return (
            answer.json()["items"],
            answer.headers,
            key["authorization"],
            client.get("/api/v1/me", headers=key).json(),
        )


def test_all_of_it_says_that_it_is_synthetic(referring, sandbox):
    items, headers, key, me = listed(referring.kail, "trying")
    assert len(items) > JUST_SENT
    assert all(one["name"].endswith(SAYS) and one["lender"].endswith(SAYS) for one in items if one["agreed"])
    assert (headers["kail-synthetic"], me["synthetic"]) == ("true", True)
    assert key.startswith("Bearer kail_test_")
    with referring.kail.client("trying") as client:
        for path in ("/referrals", "/lending", "/account", f"/referrals/{items[0]['id']}"):
            assert "semua yang tampil di sini sintetis" in client.get(path).text
        file = client.get("/referrals/file").text.splitlines()[1:]
    assert all(SAYS in line for line in file if "@" not in line)


def test_elsewhere_nothing_says_so(referring, sandbox):
    referring.sent()
    items, headers, key, me = listed(referring.kail, "officer")
    assert (len(items), "kail-synthetic" in headers, me["synthetic"]) == (1, False, False)
    assert not key.startswith("Bearer kail_test_")
    with referring.kail.client("officer") as client:
        assert "sintetis" not in client.get("/referrals").text


def test_nobody_elses_list_figure_or_choice_knows_of_it(referring, sandbox, people):
    kail, mentor = referring.kail, referring.kail.actors["mentor"]
    person = referring.trader()
    with kail.record.read() as tx:
        assert how_many(tx) == 1
        assert sandbox not in [one["id"] for one in lending.lenders(tx, mentor.organisation_id)]
        assert sandbox not in [one["id"] for one in lending.everybody(tx)]
        assert sandbox not in [
            row.id for row in lending.lenders_of(tx, referring.rules, PRODUCT, mentor.organisation_id)
        ]
        assert not [one for one in lending.lenders_by_product(tx, referring.rules).values() if sandbox in one]
        assert sandbox not in [row.id for row in lenders(tx)]
        assert tx.one(select(func.count()).select_from(PARTICIPANTS))[0] == PEOPLE + 1
        # and it lends to its own alone
        assert [row.id for row in lending.lenders_of(tx, referring.rules, PRODUCT, sandbox)] == [sandbox]
    with pytest.raises(Refused) as refused:
        referring.draft(person, lender=sandbox)
    assert [one.code for one in refused.value.troubles] == ["not_their_product"]
    for login in ("officer", "rival"):
        assert listed(kail, login)[0] == []


def test_a_banks_system_drives_it_like_its_own(referring, sandbox):
    kail = referring.kail
    _, key = an_api_key(kail, "trying", "read", "decide", "report")
    with kail.client() as client:
        changes = client.get("/api/v1/referrals/changes", headers=key).json()["changes"]
        [*sent] = [one for one in client.get("/api/v1/referrals?state=sent", headers=key).json()["items"]]
        assert len(sent) >= JUST_SENT
        assert {one["id"] for one in sent} <= {one["referral"] for one in changes}
        move = f"/api/v1/referrals/{sent[0]['id']}/moves/accept"
        answer = client.post(move, headers=key, json={"version": sent[0]["version"], "amount_idr": 1_000_000})
        assert answer.json()["state"] == "accepted", answer.text


def test_once_more_makes_more_of_it_and_a_real_organisation_is_never_one(referring, sandbox, people):
    kail = referring.kail
    before = len(listed(kail, "trying")[0])
    add_sandbox(kail.record, kail.live, f"Bank Satu {SAYS}", (), people[:20], "")
    with kail.record.read() as tx:
        here = select(func.count()).select_from(PARTICIPANTS).where(PARTICIPANTS.c.organisation_id == sandbox)
        assert tx.one(here)[0] == PEOPLE + 20
    assert len(listed(kail, "trying")[0]) >= before
    with kail.record.write() as tx:
        from api.accounts.service import add_organisation

        add_organisation(tx, f"Bank Tiga {SAYS}")
    with pytest.raises(Refused) as refused:
        add_sandbox(kail.record, kail.live, "Bank Tiga", (), people[:1], "")
    assert refused.value.status == 409


def test_nobody_but_a_lenders_officer_gets_an_account_there(referring, sandbox):
    for role in ("mentor", "operator", "analyst"):
        with pytest.raises(Refused) as refused, referring.kail.record.write() as tx:
            add_account(tx, sandbox, f"{role}-x", "X", role, new_password())
        assert [one.code for one in refused.value.troubles] == ["sandbox_is_for_lenders"]
    with referring.kail.record.write() as tx:
        add_account(tx, sandbox, "officer-x", "X", "lender", new_password())


def test_the_command_says_what_it_made_and_how_to_go_on(referring, monkeypatch):
    kail = referring.kail
    monkeypatch.setattr("api.record.live.utc_now", kail.clock)
    data = ("--data", kail.settings.data, "--language", "en")
    result = run("organisation", "add", "Bank Satu", "--lender", PROVIDER, "--sandbox", *data)
    assert result.exit_code == 0, result.output
    assert re.search(r"The sandbox Bank Satu \(sintetis\) is there, with \d+ synthetic referrals", result.output)
    assert 'kail account add LOGIN --role lender --organisation "Bank Satu (sintetis)"' in result.output
