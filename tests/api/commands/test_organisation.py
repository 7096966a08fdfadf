"""The commands about organisations: added, bound to providers, bound anew, listed; what is no name or provider is told."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from api.accounts.tables import ORGANISATIONS
from api.referrals.lenders import lenders, products_of
from tests.api.approvals.two import noted
from tests.api.commands.test_record import run
from tests.installation import installation
from tests.referring import PRODUCT, PROVIDER


@pytest.fixture
def kail(tmp_path, monkeypatch):
    with installation(tmp_path / "data") as made:
        monkeypatch.setattr("api.record.live.utc_now", made.clock)
        yield made


def kail_says(kail, *arguments):
    return run("organisation", *arguments, "--data", kail.settings.data, "--language", "en")


def found(kail):
    with kail.record.read() as tx:
        return {one["name"]: one["providers"] for one in lenders(tx)}


def test_an_organisation_is_added_and_bound_and_bound_anew(kail):
    told = kail_says(kail, "add", " Bank DKI ", "--lender", PROVIDER, "--lender", "Kemensos")
    assert told.exit_code == 2, told.output
    assert "Kemensos" in told.output
    assert found(kail) == {}
    told = kail_says(kail, "add", " Bank DKI ", "--lender", PROVIDER)
    assert told.exit_code == 0, told.output
    assert f"The organisation Bank DKI lends for: {PROVIDER}." in told.output
    assert found(kail) == {"Bank DKI": [PROVIDER]}
    with kail.record.read() as tx:
        [row] = tx.all(select(ORGANISATIONS).where(ORGANISATIONS.c.name == "Bank DKI"))
        assert PRODUCT in products_of(tx, kail.live.rules, row.id)
    other = next(
        line.partition(": ")[0] for line in kail_says(kail, "list").output.splitlines() if line.endswith(": -")
    )
    assert kail_says(kail, "add", "Bank DKI", "--lender", other, "--as", "operator").exit_code == 0
    assert found(kail) == {"Bank DKI": [other]}
    assert [json.loads(entry.detail) for entry in noted(kail, "bound")] == [{"providers": 1}, {"providers": 1}]
    assert {entry.account_id for entry in noted(kail, "bound")} == {None, kail.actors["operator"].account_id}


def test_an_organisation_that_does_not_lend_is_only_there(kail):
    told = kail_says(kail, "add", "OK OCE Senen")
    assert told.output == "The organisation OK OCE Senen is there. It does not lend.\n"
    assert kail_says(kail, "add", "OK OCE Senen").exit_code == 0  # asked again: it is there
    assert found(kail) == {}
    with kail.record.read() as tx:
        assert len(tx.all(select(ORGANISATIONS).where(ORGANISATIONS.c.name == "OK OCE Senen"))) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 201])
def test_a_name_that_is_none_is_told_with_a_remedy(kail, name):
    told = kail_says(kail, "add", name)
    assert told.exit_code == 2
    assert "has 1 to 200 letters" in told.output
    assert "Remedy" in told.output


def test_the_list_names_every_provider_of_today_and_who_lends_for_it(kail):
    kail_says(kail, "add", "Bank DKI", "--lender", PROVIDER)
    kail_says(kail, "add", "Bank Lain", "--lender", PROVIDER)
    lines = kail_says(kail, "list").output.splitlines()
    assert f"{PROVIDER}: Bank DKI, Bank Lain" in lines
    assert len(lines) == len({one.entry.provider for one in kail.live.rules.products})
