"""The commands in somebody's name: `--as` stands in the audit, and what needs two people waits for the second."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select, update

from api.accounts.tables import ACCOUNTS
from api.assessments.service import assess
from api.audit.noting import KIND
from api.audit.tables import AUDIT
from api.record.approvals import APPROVALS
from tests.api.approvals.two import lets_stand, noted, with_second
from tests.api.commands.test_record import run
from tests.changed_programmes import ANOTHER_LETTER, changed
from tests.installation import installation
from tests.strategies import JAKARTA

ADD = ("account", "add", "rini", "--organisation", "Koja", "--role")


@pytest.fixture
def kail(tmp_path, monkeypatch):
    with installation(tmp_path / "data") as made:
        monkeypatch.setattr("api.record.live.utc_now", made.clock)
        yield made


def kail_says(kail, *arguments):
    return run(*arguments, "--data", kail.settings.data)


def rini(kail):
    with kail.record.read() as tx:
        return tx.one(select(ACCOUNTS).where(ACCOUNTS.c.login == "rini"))


@pytest.mark.parametrize("role", ["mentor", "operator"])
def test_an_account_is_added_in_an_operators_name(kail, role):
    told = kail_says(kail, *ADD, role, "--as", " Operator ")
    assert re.search(r"this once: \S+", told.output)
    [entry] = noted(kail, "added")
    assert entry.account_id == kail.actors["operator"].account_id
    assert json.loads(entry.detail).get("alone", False) == (role == "operator")
    assert rini(kail).active


def test_an_operators_account_waits_where_there_is_a_second(kail):
    with_second(kail)
    told = kail_says(kail, *ADD, "operator", "--as", "operator")
    assert told.exit_code == 0
    assert "waits until another operator approves it" in told.output
    assert "this once" not in told.output
    assert not rini(kail).active
    with kail.record.read() as tx:
        [waiting] = tx.all(select(APPROVALS))
    assert (waiting.asked_by, waiting.state) == (kail.actors["operator"].account_id, "waiting")


def test_whoever_has_the_machine_makes_an_operator_without_a_second(kail):
    """Else nobody could come back in where the others are gone."""
    with_second(kail)
    lets_stand(kail, "operator")
    assert "this once" in kail_says(kail, *ADD, "operator").output
    assert (rini(kail).active, noted(kail, "added")[-1].account_id) == (True, None)


COMMANDS = [
    (*ADD, "mentor"),
    ("rescreen",),
    ("audit", "verify"),
    ("keys", "rotate"),
    ("keys", "sweep", "--older-than", "30d"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[:2]))
@pytest.mark.parametrize("login", ["nobody", "mentor", "operator"])
def test_a_name_that_is_no_active_operators_is_refused_with_a_remedy_and_nothing_is_done(kail, command, login):
    if login == "operator":
        with kail.record.write() as tx:
            tx.run(update(ACCOUNTS).where(ACCOUNTS.c.login == login).values(active=False))
    told = kail_says(kail, *command, "--as", login)
    assert told.exit_code == 2
    assert f"kail: {login} is no operator here" in told.output
    assert "Remedy:" in told.output
    with kail.record.read() as tx:
        assert tx.all(select(AUDIT).where(AUDIT.c.kind != KIND)) == []
    assert rini(kail) is None


@pytest.mark.parametrize("organisation", ["Bogor", "Nowhere"])
def test_an_operator_adds_nobody_to_another_organisation(kail, organisation):
    told = kail_says(
        kail, "account", "add", "x", "--organisation", organisation, "--role", "mentor", "--as", "operator"
    )
    assert "operator is no operator here" in told.output


@pytest.mark.parametrize(
    ("command", "action"),
    [(("audit", "verify"), "asked_for_job"), (("keys", "rotate"), "rotated_keys"), (COMMANDS[-1], "swept_keys")],
)
@pytest.mark.parametrize("named", [True, False])
def test_what_was_done_stands_in_the_audit_under_that_name(kail, command, action, named):
    kail.participant()
    told = kail_says(kail, *command, *(("--as", "operator") if named else ()))
    assert told.exit_code == 0, told.output
    found = [row.account_id for row in noted(kail, action)]
    if named:
        assert found == [kail.actors["operator"].account_id]
    else:
        assert found == ([] if command[0] == "audit" else [None])
    assert kail_says(kail, "audit", "verify").exit_code == 0


def test_re_screening_in_an_operators_name_goes_over_their_organisation_alone(kail, tmp_path):
    people = {}
    for login in ("mentor", "other_mentor"):
        people[login] = kail.participant(login)
        kail.evidence(people[login], login, **JAKARTA | {"registered": True, "nib": False, "sku": False, "npwp": True})
        assess(kail.record, kail.live, kail.actors[login], people[login])
    newer = changed(tmp_path / "newer", ANOTHER_LETTER)
    again = ("rescreen", "--model", "none", "--programme", newer, "--keep")
    told = kail_says(kail, *again, "--as", "other_operator")
    assert people["other_mentor"] in told.output
    assert people["mentor"] not in told.output
    [entry] = noted(kail, "asked_for_job")
    assert (entry.account_id, entry.object_id) == (
        kail.actors["other_operator"].account_id,
        kail.actors["other_operator"].organisation_id,
    )
    assert people["mentor"] in kail_says(kail, *again).output
