"""The endpoints of assessments: ask, look back, make again, compare, override, object, decide; the work list."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.assessments import disagreement, stored, switches
from api.assessments.asking import assess
from api.assessments.changes import changes
from api.assessments.core import differences
from api.assessments.forms import read_decision, read_objection, read_override, read_switch
from api.assessments.stored import Assessment
from api.assessments.work_list import work_list
from api.participants.gate import RECOMMENDATION, allows
from api.record.actor import Actor
from api.record.live import Live
from api.record.transaction import Transaction
from api.web.asking import Asking, answer_json, ask, in_thread, look_up
from api.web.errors import language_of
from api.web.forms import Form
from api.web.listing import answer_page, view_of
from words.telling import teller


def told(assessment: Assessment) -> dict[str, Any]:
    """An assessment in a history."""
    versions = assessment.core["versions"]
    about = {"id": assessment.id, "at": assessment.at, "as_of": assessment.as_of, "cause": assessment.cause}
    return about | {"propensity": assessment.propensity, "versions": versions, **assessment.summary}


@get("/api/v1/work-list")
@in_thread
def get_work_list(request: Asking, live: NamedDependency[Live]) -> Response[bytes]:
    """Say whom to see this week and why."""
    t = teller(live.rules, language_of(request))
    return answer_json(ask(request, work_list, t, live.rules.day))


@post("/api/v1/participants/{person_id:str}/assessments", status_code=201)
@in_thread
def post_assessment(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Recommend for a participant and store it; {goal} names a product. The answer is the core: ids and codes."""
    assessment, found = assess(request, Form.of_json(body), live, person_id)
    return answer_json({"id": assessment, "digest": found.digest, "core": msgspec.Raw(found.content)}, 201)


@get("/api/v1/participants/{person_id:str}/assessments")
@in_thread
def get_assessments(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """List a participant's assessments, the latest first."""
    return answer_json({"assessments": [told(one) for one in ask(request, stored.see_history, person_id)]})


@get("/api/v1/assessments/{assessment_id:str}")
@in_thread
def get_assessment(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Show an assessment: its inputs and core, and in words what comes out if it is made again today.

    Nothing is worked out (`same` and `answer` null) without consent, or while an objection waits.
    """
    assessment, may = ask(request, _open_or_not, assessment_id)
    same, answer = stored.made_again(live, assessment, language_of(request)) if may else (None, None)
    return answer_json(
        told(assessment) | {"inputs": assessment.inputs, "core": assessment.core, "same": same, "answer": answer}
    )


def _open_or_not(tx: Transaction, actor: Actor, assessment_id: str) -> tuple[Assessment, bool]:
    assessment, person = stored.see(tx, actor, assessment_id, "saw_assessment")
    return assessment, allows(tx, person, RECOMMENDATION)


@get("/api/v1/assessments/{assessment_id:str}/replay")
@in_thread
def get_replay(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Make an assessment again from its stored inputs: the same bytes, or what differs and by which versions."""
    assessment, _ = ask(request, stored.see, assessment_id, "replayed", RECOMMENDATION)
    same, worked = stored.replay(live, assessment)
    now = worked.outcome.core if worked else None
    versions = {"then": assessment.core["versions"], "now": now["versions"] if now else None}
    t = teller(live.rules, language_of(request))
    difference = changes(assessment.core, now, t) if now and not same else []
    values = list(differences(assessment.core, now)) if now and not same else []
    found = {"same": same, "versions": versions, "difference": difference, "values": values}
    return answer_json(found | {"digest": assessment.inputs["digest"]})


@get("/api/v1/assessments/{assessment_id:str}/changes")
@in_thread
def get_changes(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Say in words what changed since the assessment before."""
    assessment, before = ask(request, stored.see_change, assessment_id)
    found = changes(before.core, assessment.core, teller(live.rules, language_of(request))) if before else []
    since = {"since": before.at, "before": before.id} if before else {"since": None, "before": None}
    return answer_json(since | {"changes": found})


@post("/api/v1/assessments/{assessment_id:str}/override", status_code=201)
@in_thread
def post_override(request: Asking, assessment_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Choose another of the suggested steps: {chosen, code, note}."""
    made = ask(request, disagreement.override, assessment_id, *read_override(Form.of_json(body)))
    return answer_json({"id": made}, 201)


@post("/api/v1/assessments/{assessment_id:str}/objection", status_code=201)
@in_thread
def post_objection(request: Asking, assessment_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Write down a participant's objection, {words}: nothing more is worked out until a person decided."""
    made = ask(request, disagreement.objects, assessment_id, read_objection(Form.of_json(body)))
    return answer_json({"id": made}, 201)


@get("/api/v1/objections")
@in_thread
def get_objections(request: Asking) -> Response[bytes]:
    """List the objections that wait for a decision, a page at a time."""
    return answer_page(ask(request, disagreement.see_objections, view_of(request, disagreement.WAITING)))


@post("/api/v1/objections/{objection_id:str}/decision", status_code=200)
@in_thread
def post_decision(request: Asking, objection_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Decide on an objection: {decision, reason}."""
    decision, reason = read_decision(Form.of_json(body))
    ask(request, disagreement.decide, objection_id, decision, reason)
    return answer_json({"decided": decision})


@get("/api/v1/disagreements")
@in_thread
def get_disagreements(request: Asking) -> Response[bytes]:
    """List overrides and objections with versions, without people or words, a page at a time."""
    return answer_page(look_up(request, disagreement.disagreements, view_of(request, disagreement.LISTED)))


@get("/api/v1/switches/randomise-ties")
@in_thread
def get_randomise(request: Asking) -> Response[bytes]:
    """Say whether tied interventions are put in order by lot."""
    return answer_json({"on": look_up(request, switches.is_on, switches.RANDOMISATION)})


@put("/api/v1/switches/randomise-ties")
@in_thread
def put_randomise(request: Asking, body: RawBody) -> Response[bytes]:
    """Turn the lot among tied interventions on or off: {on}. Only while it is on is a propensity stored."""
    on = read_switch(Form.of_json(body))
    ask(request, switches.turn, switches.RANDOMISATION, on)
    return answer_json({"on": on})


HANDLERS: Final = (
    get_work_list,
    post_assessment,
    get_assessments,
    get_assessment,
    get_replay,
    get_changes,
    post_override,
    post_objection,
    get_objections,
    post_decision,
    get_disagreements,
    get_randomise,
    put_randomise,
)
