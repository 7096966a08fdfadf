"""Doubts in answers: plain and full, in both languages, in files and on the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from api.commands.main import cli
from tests.api.advice.people import write_csv, write_jsonl

TOO_MUCH = {
    "business_running": True,
    "monthly_revenue": 3_000_000,
    "monthly_profit": 9_000_000,
    "wants_capital": True,
    "amount_asked": 9_000_000,
}
IN_THOUSANDS = {
    "business_running": True,
    "wants_capital": True,
    "monthly_revenue": 9_000,
    "monthly_profit": 3_000,
    "household_need": 1_500,
    "amount_asked": 5_000,
}
SAYS = {
    "id": "Untung sebulan Rp9.000.000 lebih besar daripada omzet Rp3.000.000.",
    "en": "A profit of Rp9,000,000 a month is more than sales of Rp3,000,000.",
}


def offered(answer):
    return [product["id"] for product in answer["products"] if product.get("offered")]


@pytest.mark.parametrize("detail", ["plain", "full"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_profit_above_sales_is_said_asked_and_nothing_is_offered_on_it(client, conforms, detail, language):
    body = {"signals": TOO_MUCH, "language": language}
    found = client.post(f"/api/v1/recommendations?detail={detail}", json=body).json()
    (doubt,) = found["doubts"]
    assert doubt["id"] == "profit_above_revenue"
    assert doubt["text"].startswith(SAYS[language])
    assert [(one["signal"], one["value"]) for one in doubt["signals"]] == [
        ("monthly_profit", 9_000_000),
        ("monthly_revenue", 3_000_000),
    ]
    assert found["tier"]["provisional"] is True
    assert offered(found) == []
    assert [one["signal"] for one in found["questions"][:2]] == ["monthly_profit", "monthly_revenue"]
    conforms(found, "PlainRecommendation" if detail == "plain" else "Recommendation")


def test_a_sum_in_thousands_asks_whether_a_thousand_times_as_much_was_meant(ask):
    found = ask(IN_THOUSANDS, language="en")
    assert [one["text"] for one in found["doubts"]] == [
        "Sales are written as Rp9,000 a month. Did you mean Rp9,000,000?",
        "Profit is written as Rp3,000 a month. Did you mean Rp3,000,000?",
        "The household's need is written as Rp1,500 a month. Did you mean Rp1,500,000?",
        "The amount asked is written as Rp5,000. Did you mean Rp5,000,000?",
    ]
    assert offered(found) == []
    assert {one["affordable"]["answer"] for one in found["products"] if one["id"] == "kur_super_mikro"} == {"unknown"}


def test_what_was_confirmed_is_used(ask):
    sure = {name: {"value": value, "sure": True} for name, value in TOO_MUCH.items()}
    found = ask(sure)
    assert found["doubts"] == []
    assert found["questions"][0]["signal"] not in TOO_MUCH


def test_who_wants_no_capital_is_told_of_a_doubt_but_not_asked_for_money(ask):
    found = ask({"business_running": True, "wants_capital": False, "monthly_profit": 3_000})
    assert [one["id"] for one in found["doubts"]] == ["profit_in_thousands"]
    assert "monthly_profit" not in [one["signal"] for one in found["questions"]]


def test_what_is_owed_is_not_known_while_it_is_doubtful(ask):
    def cost(arrears):
        found = ask({**TOO_MUCH, "monthly_profit": 2_000_000, "arrears_idr": arrears})
        return {one["id"]: one.get("cost_idr") for one in found["interventions"]}.get("clear_arrears", "not listed")

    assert (cost(500_000), cost({"value": 500, "sure": True})) == (500_000, 500)
    assert cost(500) in (None, "not listed")


def test_the_catalogue_lists_the_doubts_with_their_bounds(client):
    found = {one["id"]: one for one in client.get("/api/v1/programme?language=en").json()["doubts"]}
    floor, pair = found["profit_in_thousands"], found["business_older_than_owner"]
    assert (floor["signal"], floor["below"], floor["other"]) == ("monthly_profit", 50_000, None)
    assert (pair["other"], pair["times_percent"], pair["plus"], pair["below"]) == ("age", 1200, -109, None)


# -- in files ----------------------------------------------------------------------------------------------------------

PEOPLE = [
    {"participant": "B61", **TOO_MUCH},
    {"participant": "B71", **IN_THOUSANDS},
    {"participant": "B0", "nib": True},
]


@pytest.mark.parametrize("write", [write_csv, write_jsonl])
def test_a_column_of_the_answers_names_the_doubts_and_every_row_is_answered(tmp_path, write):
    source = write(tmp_path / f"people.{write.__name__.removeprefix('write_')}", PEOPLE)
    result = CliRunner().invoke(
        cli, ["recommend", str(source), "-o", str(tmp_path / "out.jsonl"), "--language", "en", "--as-of", "2026-11-21"]
    )
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    thousand = ["revenue_in_thousands", "profit_in_thousands", "need_in_thousands", "amount_in_thousands"]
    assert [row["doubts"] for row in rows] == [["profit_above_revenue"], thousand, []]
    assert [row["conditions_met"] for row in rows[:2]] == [[], []]
    assert [row["next_question"] for row in rows[:2]] == ["monthly_profit", "amount_asked"]
    assert "Doubtful values, counted as unknown until they are confirmed or corrected" in result.output
    assert "1  Profit above sales" in result.output


@pytest.mark.parametrize("language", ["id", "en"])
def test_one_row_is_explained_with_its_doubts(tmp_path, language):
    source = write_csv(tmp_path / "people.csv", PEOPLE)
    result = CliRunner().invoke(
        cli, ["explain", str(source), "--row", "1", "--language", language, "--as-of", "2026-11-21"]
    )
    assert SAYS[language] in " ".join(result.output.split())
