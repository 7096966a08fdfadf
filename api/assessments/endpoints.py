"""The endpoints of assessments: ask, look back, make again, compare, override, object, decide; the work list."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, RawBody

from api.assessments import disagreement, service, switches
from api.assessments.changes import changes
from api.assessments.core import differences
from api.assessments.own_process import OwnProcess
from api.assessments.work_list import work_list
from api.assessments.working_out import Outcome
from api.audit.service import note
from api.consents import service as consents
from api.participants.people import find
from api.record.live import Live
from api.web.asking import Asking, actor_of, answer_json, in_thread, record_of
from api.web.errors import language_of
from api.web.forms import Form
from words.telling import teller

MOST_BYTES: Final = 256 * 1024


def told(assessment: service.Assessment) -> dict[str, Any]:
    """An assessment in a history."""
    versions = assessment.core["versions"]
    about = {"id": assessment.id, "at": assessment.at, "as_of": assessment.as_of, "cause": assessment.cause}
    return about | {"propensity": assessment.propensity, "versions": versions, **assessment.summary}


def assessed(request: Asking, live: Live, person_id: str, goal: str | None) -> tuple[str, Outcome]:
    """Assess a participant in the process kept for that, if there is one."""
    asked = actor_of(request), person_id, goal, language_of(request)
    own: OwnProcess | None = request.app.state.own_process
    return own.assess(*asked) if own else service.assess(record_of(request), live, *asked)


@get("/api/v1/work-list")
@in_thread
def get_work_list(request: Asking, live: NamedDependency[Live]) -> Response[bytes]:
    """Say whom to see this week and why."""
    with record_of(request).write() as tx:
        t = teller(live.rules, language_of(request))
        return answer_json(work_list(tx, actor_of(request), t, live.rules.day))


@post(
    "/api/v1/participants/{person_id:str}/assessments",
    status_code=201,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_assessment(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Recommend for a participant and store it; {goal} names a product. The answer is the core: ids and codes."""
    form = Form.of_json(body)
    goal = form.text("goal", wanted=False) or None
    form.done()
    assessment, found = assessed(request, live, person_id, goal)
    return answer_json({"id": assessment, "digest": found.digest, "core": msgspec.Raw(found.content)}, 201)


@get("/api/v1/participants/{person_id:str}/assessments")
@in_thread
def get_assessments(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """List a participant's assessments, the latest first."""
    with record_of(request).write() as tx:
        person = find(tx, actor_of(request), person_id)
        consents.require(tx, person_id, "record")
        note(tx, actor_of(request), "saw_assessments", "participant", person_id)
        return answer_json({"assessments": [told(one) for one in service.history_of(tx, person)]})


@get("/api/v1/assessments/{assessment_id:str}")
@in_thread
def get_assessment(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Show an assessment: its inputs and core, and in words what comes out if it is made again today.

    Nothing is worked out (`same` and `answer` null) without consent, or while an objection waits.
    """
    with record_of(request).write() as tx:
        assessment, person = service.find_assessment(tx, actor_of(request), assessment_id)
        consents.require(tx, person.id, "record")
        note(tx, actor_of(request), "saw_assessment", "participant", person.id, assessment=assessment_id)
        may = service.is_open(tx, person)
    same, worked = service.replay(live, assessment) if may else (None, None)
    answer = service.in_words(live, worked, language_of(request)) if worked and same else None
    return answer_json(
        told(assessment) | {"inputs": assessment.inputs, "core": assessment.core, "same": same, "answer": answer}
    )


@get("/api/v1/assessments/{assessment_id:str}/replay")
@in_thread
def get_replay(request: Asking, assessment_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Make an assessment again from its stored inputs: the same bytes, or what differs and by which versions."""
    with record_of(request).write() as tx:
        assessment, person = service.find_assessment(tx, actor_of(request), assessment_id)
        consents.require(tx, person.id, "record", "recommendation")
        note(tx, actor_of(request), "replayed", "participant", person.id, assessment=assessment_id)
    same, worked = service.replay(live, assessment)
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
    with record_of(request).write() as tx:
        assessment, person = service.find_assessment(tx, actor_of(request), assessment_id)
        consents.require(tx, person.id, "record")
        before = service.the_one_before(tx, person, assessment)
        note(tx, actor_of(request), "saw_changes", "participant", person.id, assessment=assessment_id)
    t = teller(live.rules, language_of(request))
    found = changes(before.core, assessment.core, t) if before else []
    return answer_json(
        {"since": before.at if before else None, "before": before.id if before else None, "changes": found}
    )


@post(
    "/api/v1/assessments/{assessment_id:str}/override",
    status_code=201,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_override(request: Asking, assessment_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Choose another of the suggested steps: {chosen, code, note}."""
    form = Form.of_json(body)
    chosen, code = form.text("chosen", most=60), form.choice("code", disagreement.CODES)
    words = form.text("note", wanted=code == "other", most=1000)
    form.done()
    with record_of(request).write() as tx:
        return answer_json(
            {"id": disagreement.override(tx, actor_of(request), assessment_id, chosen, code, words)}, 201
        )


@post(
    "/api/v1/assessments/{assessment_id:str}/objection",
    status_code=201,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_objection(request: Asking, assessment_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Write down a participant's objection, {words}: nothing more is worked out until a person decided."""
    form = Form.of_json(body)
    words = form.text("words", most=2000)
    form.done()
    with record_of(request).write() as tx:
        return answer_json({"id": disagreement.objects(tx, actor_of(request), assessment_id, words)}, 201)


@get("/api/v1/objections")
@in_thread
def get_objections(request: Asking) -> Response[bytes]:
    """List the objections that wait for a decision."""
    actor = actor_of(request)
    with record_of(request).write() as tx:
        found = disagreement.objections_of(tx, actor)
        persons = [one["participant_id"] for one in found]
        note(tx, actor, "saw_objections", "account", actor.account_id, participants=persons)
    return answer_json({"objections": found})


@post(
    "/api/v1/objections/{objection_id:str}/decision",
    status_code=200,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_decision(request: Asking, objection_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Decide on an objection: {decision, reason}."""
    form = Form.of_json(body)
    decision, reason = form.choice("decision", disagreement.DECISIONS), form.text("reason", most=2000)
    form.done()
    with record_of(request).write() as tx:
        disagreement.decide(tx, actor_of(request), objection_id, decision, reason)
    return answer_json({"decided": decision})


@get("/api/v1/disagreements")
@in_thread
def get_disagreements(request: Asking) -> Response[bytes]:
    """List overrides and objections with versions, without people or words."""
    with record_of(request).read() as tx:
        return answer_json({"disagreements": disagreement.disagreements(tx, actor_of(request))})


@get("/api/v1/switches/randomise-ties")
@in_thread
def get_randomise(request: Asking) -> Response[bytes]:
    """Say whether tied interventions are put in order by lot."""
    with record_of(request).read() as tx:
        return answer_json({"on": switches.is_on(tx, actor_of(request).organisation_id, switches.RANDOMISATION)})


@put("/api/v1/switches/randomise-ties", request_max_body_size=MOST_BYTES)
@in_thread
def put_randomise(request: Asking, body: RawBody) -> Response[bytes]:
    """Turn the lot among tied interventions on or off: {on}. Only while it is on is a propensity stored."""
    form = Form.of_json(body)
    on = form.yes_no("on")
    form.done()
    with record_of(request).write() as tx:
        switches.turn(tx, actor_of(request), switches.RANDOMISATION, on)
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
