"""The pages of assessments: the work list, a participant, a recommendation in words, another choice, an objection."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, RawBody

from api.accounts import service as accounts
from api.assessments import disagreement, stored
from api.assessments.asking import assess
from api.assessments.changes import changes
from api.assessments.forms import read_objection, read_override
from api.assessments.work_list import MOST, work_list
from api.consents import service as consents
from api.participants import doubts, evidence, people
from api.participants.gate import RECOMMENDATION, RECORD, allows, may_further
from api.participants.questions import groups_of
from api.record.actor import Actor
from api.record.live import Live
from api.record.transaction import Transaction
from api.referrals.lenders import names_of
from api.referrals.news import news_of
from api.referrals.stored import of_person
from api.web.asking import Asking, ask, in_thread
from api.web.errors import language_of
from api.web.forms import Form, read_before
from api.web.frame import go, page
from api.web.typed import NOTHING, Typed, attempt
from matcher.programme.rules import Rules
from words.telling import teller

STATUSES: Final = ("conditions_met", "ask", "not_yet", "not_for_you")
SHOWN_FIRST: Final = 3
"""How many of the suggested steps a page shows at once; the others are folded away."""


@get("/work-list")
@in_thread
def get_work_list(request: Asking, live: NamedDependency[Live]) -> Response[Any]:
    """Show whom to see this week and why."""
    found = ask(request, work_list, teller(live.rules, language_of(request)), live.rules.day)
    return page(request, "work_list.html", most=MOST, **found)


# -- a participant -----------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}")
@in_thread
def get_participant(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show a participant: what is known today, what they agree to, the latest recommendation."""
    return _participant_page(request, person_id, live)


def _participant_page(request: Asking, person_id: str, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    rules, language = live.rules, language_of(request)
    context = ask(request, _participant, person_id, rules)
    signals, t = context.pop("signals"), teller(rules, language)
    groups = groups_of(rules, language, signals)
    context["doubts"] = doubts.in_words(t, signals)
    context["news"] = [one.said(t) for one in context.get("news", ())]
    context["states"] = {one.id: one.name for one in rules.referrals.states}
    context["groups"] = [group for group in groups if group.known]
    context["goals"] = [(rule.entry.id, t.text(rule.entry.name)) for rule in rules.products if rule.suggested]
    return page(request, "participant.html", typed=typed, here=f"/participants/{person_id}", **context)


def _participant(tx: Transaction, actor: Actor, person_id: str, rules: Rules) -> dict[str, Any]:
    """A participant; an operator sees neither facts nor recommendation, and nobody does without consent."""
    day = rules.day
    person, standing = people.see(tx, actor, person_id), consents.standing(tx, person_id)
    agreed = {entry["purpose"] for entry in standing}
    found = {"person": person, "standing": standing, "agreed": agreed}
    if actor.role == "operator":
        found["names"] = accounts.names_of(tx, actor)
    if may_further(tx, actor, [person], RECORD):
        return found | {"signals": {}, "listed": [], "older": None}
    signals = evidence.signals_on(tx, person, day)
    listed, older = stored.list_of(tx, person)
    sent = of_person(tx, rules, person_id)
    lenders = names_of(tx, *{one.lender_id for one in sent})
    news = news_of(tx, rules, [person_id]).get(person_id, [])
    more = {"referrals": sent, "lenders": lenders, "news": news}
    return found | {"signals": signals, "listed": listed, "older": older} | more


@get("/participants/{person_id:str}/assessments")
@in_thread
def get_assessments(request: Asking, person_id: FromPath[str], before: FromQuery[str] = "") -> Response[Any]:
    """List a participant's recommendations, the latest first: before a number."""
    person, listed, older = ask(request, stored.see_list, person_id, read_before(before))
    return page(request, "assessments.html", person=person, listed=listed, older=older)


@post("/participants/{person_id:str}/assessments")
@in_thread
def post_assessment(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Recommend for a participant, store it and show it."""

    def recommend(form: Form) -> Response[Any]:
        assessment, _ = assess(request, form, live, person_id)
        return go(request, f"/assessments/{assessment}")

    return attempt(request, body, recommend, lambda typed: _participant_page(request, person_id, live, typed))


# -- a recommendation --------------------------------------------------------------------------------------------------


@get("/assessments/{assessment_id:str}")
@in_thread
def get_assessment(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show a recommendation in words, and what changed since the one before."""
    return _assessment_page(request, assessment_id, live)


def _assessment_page(request: Asking, assessment_id: str, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    language = language_of(request)
    found = ask(request, _assessment, assessment_id)
    assessment, before = found["assessment"], found["before"]
    _, answer = stored.made_again(live, assessment, language) if found["may"] else (None, None)
    t = teller(live.rules, language)
    context = found | {
        "answer": answer,
        "changed": changes(before.core, assessment.core, t) if before else [],
        "listed": [(one[0], t.word("intervention", one[0])) for one in assessment.core["interventions"]],
        "statuses": STATUSES,
        "shown_first": SHOWN_FIRST,
    }
    return page(request, "assessment.html", typed=typed, here=f"/assessments/{assessment_id}", **context)


def _assessment(tx: Transaction, actor: Actor, assessment_id: str) -> dict[str, Any]:
    assessment, person = stored.see(tx, actor, assessment_id, "saw_assessment")
    return {
        "assessment": assessment,
        "person": person,
        "before": stored.the_one_before(tx, person, assessment),
        "may": allows(tx, person, RECOMMENDATION),
        "overrides": disagreement.overrides_of(tx, person, assessment_id),
        "objections": disagreement.objections_to(tx, person, assessment_id),
    }


@post("/assessments/{assessment_id:str}/override")
@in_thread
def post_override(
    request: Asking, assessment_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record that the mentor chooses another of the suggested steps."""

    def override(form: Form) -> Response[Any]:
        ask(request, disagreement.override, assessment_id, *read_override(form))
        return go(request, f"/assessments/{assessment_id}", "override")

    return attempt(request, body, override, lambda typed: _assessment_page(request, assessment_id, live, typed))


@post("/assessments/{assessment_id:str}/objection")
@in_thread
def post_objection(
    request: Asking, assessment_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record what a participant says against a recommendation."""

    def objects(form: Form) -> Response[Any]:
        ask(request, disagreement.objects, assessment_id, read_objection(form))
        return go(request, f"/assessments/{assessment_id}", "objection")

    return attempt(request, body, objects, lambda typed: _assessment_page(request, assessment_id, live, typed))


HANDLERS: Final = (
    get_work_list,
    get_participant,
    get_assessments,
    post_assessment,
    get_assessment,
    post_override,
    post_objection,
)
