"""The scorecards that come with Kail: what they promise of every participant, and that they can be made again."""

import hashlib
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.facts.participant import Fact, Participant, know
from matcher.programme.loading import load_programme
from matcher.programme.rules import rules_on
from matcher.recommend import recommend_many
from models import train
from models.registry import ARTIFACTS, load_scorecard, read_manifest, versions
from tests.conftest import EXAMPLES

PROGRAMME = load_programme()
RULES = rules_on(PROGRAMME, date(2026, 11, 21))
SCORED = [s for s in RULES.signals.values() if s.scored and not s.derived]
DIRECTED = [s for s in SCORED if s.direction]
PAPERS = [RULES.signals[name] for name in ("nib", "sku", "iumk")]
CARDS = {version: load_scorecard(version, RULES) for version in versions()}
BOTH = pytest.mark.parametrize("version", sorted(CARDS))


def value_of(signal):
    if signal.kind == "yes_no":
        return st.booleans()
    if signal.kind == "choice":
        return st.sampled_from(list(signal.values))
    if signal.kind == "choices":
        return st.lists(st.sampled_from(list(signal.values)), unique=True)
    low, high = signal.minimum, signal.maximum
    edges = {e for card in CARDS.values() for bins in card.bins if bins.signal == signal.id for e in bins.edges}
    near = [v for edge in edges for v in (edge - 1, edge, edge + 1)]
    return st.one_of(st.sampled_from([low, 0, 1, *near]), st.integers(low, min(high, 100)), st.integers(low, high))


@st.composite
def participants(draw):
    """Somebody of whom some is known and some is not."""
    facts = {}
    for signal in (*SCORED, *PAPERS):
        if draw(st.booleans()):
            facts[signal.id] = Fact(draw(value_of(signal)))
    return Participant(RULES.day, facts)


def scores(participant):
    """What each card says of somebody, by its version."""
    known = know(RULES, participant)
    return {version: card.score(RULES, known).score for version, card in CARDS.items()}


def each_at_least(some, others):
    """Whether every card says as much of the first as of the second, or more."""
    return all(some[version] >= others[version] for version in CARDS)


def test_both_outcomes_come_with_kail_and_say_that_they_are_synthetic():
    assert {card.outcome for card in CARDS.values()} == {"funded", "kept"}
    for version, card in CARDS.items():
        assert card.version == version
        assert card.basis == "synthetic"
        assert card.hold_back_below is None
        assert card.bands == ()


@BOTH
def test_a_committed_table_is_monotone_and_its_unknown_clamped_to_zero_at_most(version):
    for bins in CARDS[version].bins:
        direction = RULES.signals[bins.signal].direction
        assert all((b - a) * direction >= 0 for a, b in zip(bins.points, bins.points[1:], strict=False))
        if direction:
            assert bins.worst <= bins.unknown <= 0 <= bins.best


@BOTH
def test_training_on_the_committed_sample_gives_the_committed_digest(version, sample):
    found = train.check(sample, version)
    assert found.trained.dataset.digest == found.wanted_data
    assert found.equal, found.why
    assert found.trained.compiled.parity <= 1e-9
    assert found.trained.compiled.rounding <= 0.05


@BOTH
def test_the_files_of_a_version_are_those_its_manifest_names(version):
    for name, digest in read_manifest(version)["files"].items():
        assert hashlib.sha256((ARTIFACTS / version / name).read_bytes()).hexdigest() == digest


@BOTH
def test_the_card_says_what_it_is_not_for_and_gives_intervals(version):
    text = (ARTIFACTS / version / "card.md").read_text(encoding="utf-8")
    for words in ("synthetic cohort", "describes that generator, not people", "a person decides", "licensed", " to 0."):
        assert words in text


@given(participants())
def test_the_total_equals_the_sum_and_lies_between_low_and_high(participant):
    for card in CARDS.values():
        found = card.score(RULES, know(RULES, participant))
        assert found.score == found.base + sum(c.points for c in found.contributions)
        assert found.low <= found.score <= found.high
        assert found.probability is None


def confirmed(participant):
    """The same, with everything confirmed: no doubt then makes an answer unknown that another one would not."""
    return replace(participant, facts={name: replace(fact, sure=True) for name, fact in participant.facts.items()})


@given(participants(), st.data())
def test_making_a_directed_signal_better_never_lowers_the_score(participant, data):
    signal = data.draw(st.sampled_from(DIRECTED))
    one, other = data.draw(value_of(signal)), data.draw(value_of(signal))
    worse, better = sorted([one, other], reverse=signal.direction < 0)
    before, after = (scores(confirmed(participant.with_facts(**{signal.id: value}))) for value in (worse, better))
    assert each_at_least(after, before)


@given(participants(), st.data())
def test_to_keep_silent_never_beats_to_say_the_best(participant, data):
    signal = data.draw(st.sampled_from(DIRECTED))
    best = True if signal.kind == "yes_no" else signal.maximum if signal.direction > 0 else signal.minimum
    silent, said = (scores(confirmed(participant.with_facts(**{signal.id: value}))) for value in (None, best))
    assert each_at_least(said, silent)


def improves(intervention):
    """Whether all that an intervention brings about is of signals with a direction or out of the score."""
    effects = (*intervention.entry.sets, *intervention.entry.requests)
    return effects and all(RULES.signals[e.signal].direction or not RULES.signals[e.signal].scored for e in effects)


def after(participant, intervention):
    """The participant once it is finished and granted; of an unknown figure no more is then known than its least."""
    values = {}
    for effect in (*intervention.entry.sets, *intervention.entry.requests):
        fact = participant.facts.get(effect.signal)
        if effect.op == "at_least":
            values[effect.signal] = max(fact.value, effect.value) if fact else effect.value
        elif effect.op == "at_most":
            values[effect.signal] = min(fact.value, effect.value) if fact else effect.value
        elif effect.op == "to":
            values[effect.signal] = RULES.day if effect.value == "done" else effect.value
    return participant.with_facts(**values)


@given(participants(), st.sampled_from([i for i in RULES.interventions if improves(i)]))
def test_finishing_an_intervention_never_lowers_the_score(participant, intervention):
    assert each_at_least(scores(confirmed(after(participant, intervention))), scores(confirmed(participant)))


def test_most_interventions_are_of_that_kind():
    effects = [i for i in RULES.interventions if i.entry.sets or i.entry.requests]
    others = {i.entry.id for i in effects if not improves(i)}
    assert others == {"settle_slik", "credit_runs_out", "ask_for_less"} & {i.entry.id for i in effects}


@settings(max_examples=EXAMPLES // 3)  # each is three people
@given(st.lists(participants(), min_size=1, max_size=5))
def test_many_at_once_get_the_score_that_each_gets_alone(people):
    alone = [scores(one) for one in people]
    for version, card in CARDS.items():
        assert recommend_many(RULES, people, scorecard=card).score.tolist() == [one[version] for one in alone]


def test_neither_card_reads_a_protected_signal_or_what_stands_for_one():
    banned = {"kecamatan", "sector", "gender", "age", "married", "schooling", "social_register", "halal", "ktp_dki"}
    for card in CARDS.values():
        assert banned.isdisjoint(bins.signal for bins in card.bins)


def test_the_sample_has_groups_for_evaluation_only(sample):
    assert np.isin(sample["gender"], [0, 1]).any()
