"""The synthetic cohort: the published counts, the same bytes for a seed, and rows that the matcher accepts."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import training_data
from api.commands.main import cli
from matcher.facts.columns import truth_columns
from matcher.facts.participant import read_participant
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from training_data.cohort import AS_OF, EVERYBODY, FUNNEL, KOJA, WOMEN, enrich, kecamatan_shares, make_cohort
from training_data.schema import OUTCOMES, check_rows, fields, known_by_day, read_rows, rows_for, write_rows

PROGRAMME = load_programme()
RULES = rules_on(PROGRAMME, AS_OF)
SIGNALS = RULES.signals


@pytest.fixture(scope="module")
def everybody():
    return make_cohort(EVERYBODY, random_state=1)


@pytest.fixture(scope="module")
def some():
    return make_cohort(4_000, random_state=7)


@pytest.fixture(scope="module")
def done(everybody):
    return steps_done(everybody)


def steps_done(rows):
    """Who has done each step, by the programme's own evidence."""
    [(_, rules, columns)] = known_by_day(rows)
    return {rule.step.id: truth_columns(rule.done, columns)[0] for rule in rules.steps}


def columns_of(rows):
    return {field.name: rows[field.name] for field in fields(PROGRAMME) if field.name != "participant"}


def same(one, other):
    a, b = columns_of(one), columns_of(other)
    return list(one.participant) == list(other.participant) and all((a[name] == b[name]).all() for name in a)


@pytest.mark.parametrize("step", FUNNEL)
def test_each_step_is_done_by_as_many_as_published(done, step):
    assert done[step].sum() == pytest.approx(FUNNEL[step], rel=0.02)


def test_a_smaller_cohort_has_the_same_shares():
    found = {step: people.sum() for step, people in steps_done(make_cohort(50_000, random_state=3)).items()}
    assert found == pytest.approx({step: count * 50_000 / EVERYBODY for step, count in FUNNEL.items()}, rel=0.02)


def test_steps_are_nearly_nested_but_not_strictly(done):
    for before, after in (("P2", "P3"), ("P3", "P4"), ("P4", "P5"), ("P5", "P6"), ("P6", "P7")):
        assert 0.6 < done[before][done[after]].mean() < 1


def test_women_are_as_many_as_registered_in_2018(everybody):
    known = everybody["gender"][everybody.known("gender")]
    assert (known == SIGNALS["gender"].codes["woman"]).mean() == pytest.approx(WOMEN, abs=0.005)


def test_every_kecamatan_has_people_in_its_share(everybody):
    codes = SIGNALS["kecamatan"].codes
    known = everybody["kecamatan"][everybody.known("kecamatan")]
    found = np.bincount(known, minlength=len(codes)) / len(known)
    expected = kecamatan_shares(codes)
    assert len(expected) == 44
    assert sum(expected.values()) == pytest.approx(1)
    assert found == pytest.approx(list(expected.values()), abs=0.002)


def test_koja_is_three_in_a_hundred_of_all_people(everybody):
    at_home = (everybody["ktp_dki"] == 1).sum() / everybody.known("ktp_dki").sum()
    known = everybody["kecamatan"][everybody.known("kecamatan")]
    koja = (known == SIGNALS["kecamatan"].codes[KOJA[0]]).mean() * at_home
    assert koja == pytest.approx(1_610 / 51_656, abs=0.002)


def test_whoever_lives_outside_jakarta_has_no_kecamatan(everybody):
    outside = everybody["ktp_dki"] == 0
    assert 0.02 < outside.sum() / everybody.known("ktp_dki").sum() < 0.06
    assert not everybody.known("kecamatan")[outside].any()


def test_read_participant_accepts_every_row(some):
    for place in range(len(some)):
        read_participant(RULES, some.signals(place))


def test_no_row_has_a_problem(everybody):
    assert check_rows(everybody) == []


def test_a_seed_gives_the_same_bytes(tmp_path):
    for name in ("a.parquet", "b.parquet", "a.csv.gz", "b.csv.gz"):
        write_rows(tmp_path / name, make_cohort(2_000, random_state=11))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_two_seeds_give_different_people(some):
    assert not same(some, make_cohort(4_000, random_state=8))


def test_a_file_gives_the_cohort_back(some, tmp_path):
    for name in ("people.parquet", "people.csv.gz"):
        write_rows(tmp_path / name, some)
        assert same(read_rows(tmp_path / name, PROGRAMME), some)


@pytest.mark.parametrize("people", [1, 2, 100])
def test_a_handful_of_people_can_be_made(people):
    rows = make_cohort(people, random_state=1)
    assert len(rows) == people
    assert check_rows(rows) == []


def test_nobody_is_no_cohort():
    with pytest.raises(ValueError, match="n must be 1 or more; got 0"):
        make_cohort(0, random_state=1)


def test_every_row_says_that_it_is_synthetic(some):
    assert set(some.values("source")) == {"synthetic"}


def test_unknowns_are_common_but_proofs_of_steps_and_sums_asked_are_not_hidden(everybody):
    assert 0.4 < everybody.known("monthly_profit").mean() < 0.7
    assert everybody.known("registered").all()
    assert everybody.known("amount_asked")[everybody.known("referred_on")].all()


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_each_outcome_has_both_ends_and_enough_rows(everybody, outcome):
    rows = rows_for(everybody, outcome)
    assert len(rows) > 3_000
    assert 0.05 < (rows[outcome] == 0).mean() < 0.6


def test_some_rows_wait_for_their_window_and_some_are_grants(everybody):
    assert len(rows_for(everybody, "kept")) < everybody.known("kept").sum()
    assert len(rows_for(everybody, "funded")) < everybody.known("funded").sum()


@pytest.mark.parametrize("group", ["gender", "kecamatan", "disability"])
def test_no_group_stands_in_the_lenders_answer_so_gaps_stay_small(everybody, group):
    rows = rows_for(everybody, "funded")
    for code in np.unique(rows[group]):
        inside = rows["funded"][rows[group] == code]
        assert abs(inside.mean() - rows["funded"].mean()) < 0.05 + 4 * np.sqrt(0.25 / len(inside))


def test_enriching_keeps_all_who_were_referred_and_few_others():
    rows = make_cohort(20_000, random_state=5)
    found = enrich(rows, others=100, random_state=5)
    assert found.known("referred_on").sum() == rows.known("referred_on").sum()
    assert len(found) == rows.known("referred_on").sum() + 100
    assert same(found, enrich(rows, others=100, random_state=5))
    assert len(enrich(rows, others=10**9, random_state=5)) == len(rows)


def test_progress_is_told_up_to_the_last_person():
    told = []
    make_cohort(100, random_state=1, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)
    assert told == sorted(told)


def test_the_committed_sample_is_what_its_command_makes():
    """datasheet.md gives the command. Another numpy may draw other numbers: then make the sample anew and say so there."""
    path = Path(training_data.__file__).parent / "sample.parquet"
    assert path.stat().st_size < 400_000
    made = enrich(make_cohort(120_000, random_state=2018), others=640, random_state=2018)
    assert same(read_rows(path, PROGRAMME), made)


def test_the_command_says_that_its_people_never_lived(tmp_path):
    target = tmp_path / "people.csv.gz"
    result = CliRunner().invoke(cli, ["cohort", "-n", "3000", "--seed", "4", "--others", "50", "-o", str(target)])
    assert result.exit_code == 0
    assert "SYNTHETIC" in result.output
    assert same(read_rows(target, PROGRAMME), enrich(make_cohort(3_000, random_state=4), others=50, random_state=4))


def test_the_command_refuses_an_ending_it_does_not_know_before_it_works(tmp_path):
    result = CliRunner().invoke(cli, ["cohort", "-n", "10", "-o", str(tmp_path / "people.xlsx")])
    assert result.exit_code == 2
    assert ".parquet" in result.output
