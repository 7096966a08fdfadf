"""Answers: every worked case in both languages, and the sentences that a person reads."""

import os
import re
import subprocess
import sys
import tomllib
from datetime import date

import pytest

from api.advice.answer import answer, versions_of
from matcher.facts.participant import read_participant
from matcher.programme.rules import rules_on
from matcher.recommend import recommend
from tests.conftest import ROOT

CASES = sorted((ROOT / "tests" / "cases").glob("*.toml"))


@pytest.fixture
def told(live):
    """Answer signals on a day."""

    def told(signals, language="id", day=date(2026, 11, 21), **rest):
        rules = rules_on(live.programme, day)
        participant = read_participant(rules, signals)
        found = recommend(rules, participant, **rest)
        return answer(rules, participant, found, language, versions_of(live.programme, None))

    return told


def product(found, name):
    return next(p for p in found["products"] if p["id"] == name)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_every_worked_case_is_answered_as_the_schema_says(case, language, told, conforms):
    table = tomllib.loads(case.read_text(encoding="utf-8"))
    found = told(table["signals"], language, table["as_of"], goal=table.get("goal"))
    conforms(found, "Recommendation")
    for text in strings(found):
        assert text.strip()
        assert "{" not in text
        assert "None" not in text


def test_a_product_that_can_be_had_is_offered_with_price_and_instalment(told, a_trader):
    kur = product(told(a_trader()), "kur_super_mikro")
    assert (kur["status"], kur["offered"], kur["affordable"]) == (
        "conditions_met",
        True,
        {"answer": "yes", "missing_from": None},
    )
    assert kur["effective_rate_percent"] == 6.0
    assert kur["instalment_idr"] == 152_110
    assert {"3% setahun efektif (aturan sejak 2023)"} < {p["text"] for p in kur["prices"]}
    assert {"id": "umi_pip", "name": "Pembiayaan Ultra Mikro (UMi)"} in kur["closes"]


def test_a_condition_not_met_says_what_is_needed_what_there_is_and_what_changes_it(told, a_trader):
    unmet = product(told(a_trader(nib=False, sku=False)), "kur_super_mikro")["unmet"]
    assert [u["need"] for u in unmet] == ["NIB atau SKU (salah satu cukup)"]
    assert set(unmet[0]["have"].split("; ")) == {
        "NIB (nomor induk berusaha): tidak",
        "SKU (surat keterangan usaha): tidak",
    }
    nib = next(c for c in unmet[0]["changed_by"] if c["id"] == "nib")
    assert (nib["kind"], nib["days"], nib["cost_idr"]) == ("intervention", 1, 0)


def case(name):
    return tomllib.loads((ROOT / "tests" / "cases" / f"{name}.toml").read_text(encoding="utf-8"))["signals"]


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("en", "would cost less: 6% a year.", "What does the business sell or make?"),
        ("id", "lebih murah: 6% setahun.", "Usahanya jualan atau mengerjakan apa?"),
    ],
)
def test_what_would_be_cheaper_is_said_beside_the_goal_with_what_stands_before_it(
    told, conforms, language, text, asked
):
    found = told(case("the_offer_and_the_path_agree"), language)
    conforms(found, "Recommendation")
    assert (found["path"]["goal"], found["path"]["steps"], "ask" in found["path"]) == ("kur_mikro", [], False)
    (one,) = found["path"]["alternatives"]
    assert one["text"].endswith(text)
    assert (one["product"], one["effective_rate_percent"], one["amount_idr"]) == ("kur_khusus", 6.0, 20_000_000)
    assert [question["signal"] for question in one["assumed"]] == ["sector", "offtaker", "lending_group"]
    assert one["assumed"][0]["question"] == asked
    assert (one["steps"], one["days"], one["cost_idr"]) == ([], 0, 0)


def test_steps_stand_before_an_alternative_as_well(told, conforms):
    signals = case("the_offer_and_the_path_agree") | {"sector": "fishery", "offtaker": True, "lending_group": False}
    found = told(signals, "en")
    conforms(found, "Recommendation")
    (one,) = found["path"]["alternatives"]
    assert one["assumed"] == []
    step = {"kind": "do", "id": "form_lending_group", "name": "Form a lending group", "days": 14, "cost_idr": 0}
    assert (one["steps"], one["days"], one["cost_idr"]) == ([step], 14, 0)


def test_below_the_band_is_worded_as_for_larger_amounts(told, a_trader):
    found = told(a_trader(), goal="kur_mikro")
    unmet = product(found, "kur_mikro")["unmet"]
    assert unmet[0]["need"] == "untuk jumlah yang lebih besar: lebih dari Rp10.000.000"
    assert unmet[0]["changed_by"] == []
    assert found["path"]["impossible"] == ["Produk ini untuk jumlah yang lebih besar: lebih dari Rp10.000.000."]


def test_a_product_without_a_sharia_form_says_so(told, a_trader):
    unmet = product(told(a_trader(sharia_only=True), "en"), "pnm_mekaar")["unmet"]
    assert unmet[0]["need"] == "This product is conventional only, with no sharia form"
    assert unmet[0]["have"] == "Only sharia finance: yes"


def test_a_list_of_codes_is_said_in_the_words_of_the_programme(told, a_trader):
    unmet = product(told(a_trader(slik_class="5")), "kur_super_mikro")["unmet"]
    assert unmet[0]["need"] == "Catatan kredit (SLIK) bukan kelas 3, 4 atau 5"
    assert unmet[0]["have"] == "5: telat lebih dari 180 hari"


def test_above_the_band_asking_for_less_is_named_with_the_amount(told, a_trader):
    unmet = product(told(a_trader(amount_asked=15_000_000)), "kur_super_mikro")["unmet"]
    assert [(c["kind"], c["amount_idr"], c["text"]) for c in unmet[0]["changed_by"]] == [
        ("ask_less", 10_000_000, "ajukan paling banyak Rp10.000.000")
    ]


def test_clearing_arrears_costs_what_the_person_owes_and_the_shortfall_is_said(told, a_trader):
    found = told(a_trader(arrears_idr=800_000, cash_at_hand=100_000))
    change = product(found, "kur_super_mikro")["unmet"][0]["changed_by"][0]
    assert change["cost_idr"] == 800_000
    assert "Rp800.000" in change["text"]
    assert found["path"]["shortfall_idr"] == 700_000
    assert found["path"]["shortfall_months"] == 1


def test_a_missing_paper_becomes_a_question_on_the_path(told, a_trader):
    path = told(a_trader(nib=None), "en")["path"]
    assert path["ask"]["signal"] in ("nib", "sku")
    assert path["ask"]["question"].endswith("?")
    assert "no other step is needed" in path["ask"]["text"]
    assert "steps" in path


def test_an_impossible_goal_names_the_condition(told, a_trader):
    path = told(a_trader(gender="man"), goal="pnm_mekaar")["path"]
    assert path["goal_name"] == "Mekaar (pinjaman kelompok perempuan)"
    assert "Perempuan" in path["impossible"][0]


def test_a_closed_product_as_goal_is_said_to_be_closed(told, a_trader):
    found = told(a_trader(), "en", goal="kemenkop_wirausaha_pemula_2019")
    assert "closed" in found["path"]["impossible"][0]
    assert "closed" in product(found, "kemenkop_wirausaha_pemula_2019")["notices"][0]


def test_who_wants_no_capital_gets_no_goal_and_the_reason(told, a_trader):
    path = told(a_trader(wants_capital=False, amount_asked=None))["path"]
    assert path == {"goal": None, "why": "Anda tidak mencari modal, jadi tidak ada tujuan kredit."}


def test_a_stale_answer_is_asked_again_with_still_so(told, a_trader):
    found = told(a_trader(arrears_idr={"value": 0, "on": "2026-09-01"}))
    asked = next(q for q in found["questions"] if q["signal"] == "arrears_idr")
    assert asked["still_so"] is True
    assert asked["question"].startswith("Apakah ini masih berlaku?")
    fresh = next(q for q in found["questions"] if q["signal"] == "slik_class")
    assert fresh["still_so"] is False
    assert {"code": "none", "label": "Tidak ada catatan kredit"} in fresh["choices"]


def test_nobody_is_left_without_a_programme_and_a_day(told):
    tier = told({})["tier"]
    assert (tier["tier"], tier["provisional"]) == ("sapaan", True)
    assert tier["talk_again"]["programme"]["id"] == "sapaan_support"
    assert tier["talk_again"]["on"] == "2026-12-21"
    assert "bukan aturan pemerintah" in tier["notice"]


def test_every_figure_of_an_intervention_says_whose_it_is(told):
    for one in told({}, "en")["interventions"]:
        assert one["days_from"].startswith(("Source: ", "Our choice: ", "As much as: "))
        assert one["cost_from"].startswith(("Source: ", "Our choice: ", "As much as: "))
        assert bool(one["evidence"]) != bool(one["evidence_note"])


def test_a_register_that_we_do_not_hold_is_named_first(told):
    assert product(told({}), "kemensos_pena")["notices"][0].startswith("Untuk penerima PKH atau BPNT")


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_day_of_a_source_is_written_out_in_every_notice(told, language):
    found = told({"wants_capital": True}, language=language)
    said = "\n".join(text for one in found["products"] for text in one["notices"])
    assert ("4 September 2023" if language == "id" else "28 June 2025") in said
    assert ("Agustus 2025" if language == "id" else "August 2025") in said
    assert not re.search(r"[0-9]{4}-[0-9]{2}", said)


def test_joint_liability_is_said_in_words(told):
    assert "saling menanggung" in product(told({}), "pnm_mekaar")["joint_liability"]
    assert product(told({}), "kur_super_mikro")["joint_liability"] is None


def test_without_a_scorecard_the_answer_says_so(told, live):
    found = told({}, "en")
    assert found["readiness"] is None
    assert found["why_no_readiness"].startswith("No scorecard")
    assert found["versions"] == {
        "programme": {"id": "okoce", "digest": live.programme.digest},
        "model": None,
        "kail": "0.1.0",
        "as_of": "2026-11-21",
    }


def test_the_same_question_gets_the_same_answer(told, a_trader):
    assert told(a_trader()) == told(a_trader())


def test_another_process_gives_the_same_bytes():
    code = """
import json
from datetime import date
from api.advice.answer import answer, versions_of
from matcher.facts.participant import Participant
from matcher.programme.loading import load_programme
from matcher.recommend import recommend
from matcher.programme.rules import rules_on
programme = load_programme()
rules, nobody = rules_on(programme, date(2026, 11, 21)), Participant(date(2026, 11, 21))
print(json.dumps(answer(rules, nobody, recommend(rules, nobody), "id", versions_of(programme, None))))
"""
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }
    assert len(said) == 1
