"""The pages of assessments: the work list, a participant, a recommendation in words, another choice, an objection."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.accounts import service as accounts
from api.assessments import disagreement, service
from api.assessments.changes import changes
from api.assessments.endpoints import assessed
from api.assessments.work_list import MOST, work_list
from api.audit.service import note
from api.consents import service as consents
from api.participants import evidence
from api.participants.evidence_pages import groups_of
from api.participants.people import Person, find
from api.record.live import Live
from api.record.transaction import Transaction
from api.web.asking import Asking, actor_of, in_thread, record_of
from api.web.errors import language_of
from api.web.forms import Form
from api.web.frame import MOST_BYTES, NOTHING, Typed, attempt, fields_of, go, page
from words.telling import teller

STATUSES: Final = ("conditions_met", "ask", "not_yet", "not_for_you")
SHOWN_FIRST: Final = 3
"""How many of the suggested steps a page shows at once; the others are folded away."""


@get("/work-list")
@in_thread
def get_work_list(request: Asking, live: NamedDependency[Live]) -> Response[Any]:
    """Show whom to see this week and why."""
    with record_of(request).write() as tx:
        found = work_list(tx, actor_of(request), teller(live.rules, language_of(request)), live.rules.day)
    return page(request, "work_list.html", most=MOST, **found)


# -- a participant -----------------------------------------------------------------------------------------------------


@get("/participants/{person_id:str}")
@in_thread
def get_participant(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show a participant: what is known today, what they agree to, the latest recommendation."""
    return _participant_page(request, person_id, live)


def _participant_page(request: Asking, person_id: str, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    """A participant; an operator sees neither facts nor recommendation, and nobody does without consent."""
    actor, rules, language = actor_of(request), live.rules, language_of(request)
    context: dict[str, Any] = {"groups": [], "latest": None, "history": []}
    with record_of(request).write() as tx:
        person = find(tx, actor, person_id)
        note(tx, actor, "saw", "participant", person_id)
        standing = consents.standing(tx, person_id)
        agreed = {entry["purpose"] for entry in standing}
        if actor.role == "mentor" and "record" in agreed:
            signals = evidence.signals_of(evidence.evidence_of(tx, person), rules.day)
            context["groups"] = [group for group in groups_of(rules, language, signals) if group.known]
            context["history"] = service.history_of(tx, person)
            context["latest"] = next(iter(context["history"]), None)
        names = accounts.names_of(tx, actor)
    t = teller(rules, language)
    goals = [(rule.entry.id, t.text(rule.entry.name)) for rule in rules.products if rule.suggested]
    context |= {"person": person, "standing": standing, "agreed": agreed, "names": names, "goals": goals}
    return page(request, "participant.html", typed=typed, here=f"/participants/{person_id}", **context)


@post("/participants/{person_id:str}/assessments", request_max_body_size=MOST_BYTES)
@in_thread
def post_assessment(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Recommend for a participant, store it and show it."""
    fields = fields_of(body)

    def assess() -> Response[Any]:
        form = Form(fields, from_page=True)
        goal = form.text("goal", wanted=False) or None
        form.done()
        assessment, _ = assessed(request, live, person_id, goal)
        return go(request, f"/assessments/{assessment}")

    return attempt(request, fields, assess, lambda typed: _participant_page(request, person_id, live, typed))


# -- a recommendation --------------------------------------------------------------------------------------------------


@get("/assessments/{assessment_id:str}")
@in_thread
def get_assessment(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[Any]:
    """Show a recommendation in words, and what changed since the one before."""
    return _assessment_page(request, assessment_id, live)


def _assessment_page(request: Asking, assessment_id: str, live: Live, typed: Typed = NOTHING) -> Response[Any]:
    actor, language = actor_of(request), language_of(request)
    with record_of(request).write() as tx:
        assessment, person = service.find_assessment(tx, actor, assessment_id)
        consents.require(tx, person.id, "record")
        note(tx, actor, "saw_assessment", "participant", person.id, assessment=assessment_id)
        before = service.the_one_before(tx, person, assessment)
        said = _said(tx, person, assessment_id)
        may = service.is_open(tx, person)
    same, worked = service.replay(live, assessment) if may else (False, None)
    t = teller(live.rules, language)
    context = {
        "assessment": assessment,
        "person": person,
        "answer": service.in_words(live, worked, language) if worked and same else None,
        "before": before,
        "changed": changes(before.core, assessment.core, t) if before else [],
        "listed": [(one[0], t.word("intervention", one[0])) for one in assessment.core["interventions"]],
        "statuses": STATUSES,
        "shown_first": SHOWN_FIRST,
        **said,
    }
    return page(request, "assessment.html", typed=typed, here=f"/assessments/{assessment_id}", **context)


def _said(tx: Transaction, person: Person, assessment_id: str) -> dict[str, Any]:
    return {
        "overrides": disagreement.overrides_of(tx, person, assessment_id),
        "objections": disagreement.objections_to(tx, person, assessment_id),
    }


@post("/assessments/{assessment_id:str}/override", request_max_body_size=MOST_BYTES)
@in_thread
def post_override(
    request: Asking, assessment_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record that the mentor chooses another of the suggested steps."""
    fields = fields_of(body)

    def override() -> Response[Any]:
        form = Form(fields, from_page=True)
        chosen, code = form.text("chosen", most=60), form.choice("code", disagreement.CODES)
        words = form.text("note", wanted=code == "other", most=1000)
        form.done()
        with record_of(request).write() as tx:
            disagreement.override(tx, actor_of(request), assessment_id, chosen, code, words)
        return go(request, f"/assessments/{assessment_id}", "override")

    return attempt(request, fields, override, lambda typed: _assessment_page(request, assessment_id, live, typed))


@post("/assessments/{assessment_id:str}/objection", request_max_body_size=MOST_BYTES)
@in_thread
def post_objection(
    request: Asking, assessment_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[Any]:
    """Record what a participant says against a recommendation."""
    fields = fields_of(body)

    def objects() -> Response[Any]:
        form = Form(fields, from_page=True)
        words = form.text("words", most=2000)
        form.done()
        with record_of(request).write() as tx:
            disagreement.objects(tx, actor_of(request), assessment_id, words)
        return go(request, f"/assessments/{assessment_id}", "objection")

    return attempt(request, fields, objects, lambda typed: _assessment_page(request, assessment_id, live, typed))


HANDLERS: Final = (
    get_work_list,
    get_participant,
    post_assessment,
    get_assessment,
    post_override,
    post_objection,
)
