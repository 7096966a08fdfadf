"""The endpoints of participants: register, find, correct, record evidence and consent, import, export, erase."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

from litestar import Response, get, patch, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, RawBody
from sqlalchemy import select

from api.accounts.tables import ACCOUNTS
from api.advice.participant_rows import Job
from api.audit.service import note
from api.consents import service as consents
from api.consents.forms import channel_and_day, purposes
from api.consents.purposes import PURPOSES, WITH_RECIPIENT
from api.participants import evidence, people, rights
from api.participants.imports import import_sheet
from api.participants.people import Agreement, Person
from api.record.live import Live
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.web.asking import Asking, actor_of, answer_json, in_thread, record_of
from api.web.errors import language_of
from api.web.forms import Form
from words.speaking import Named

MOST_BYTES: Final = 256 * 1024
MOST_IMPORT_BYTES: Final = 20 * 1024 * 1024


def shown(person: Person) -> dict[str, Any]:
    """A participant as their mentor sees them."""
    return {
        "id": person.id,
        **person.identity,
        "mentor_id": person.mentor_id,
        "version": person.version,
        "objection_waits": person.frozen,
        "created_at": person.created_at,
    }


@get("/api/v1/participants")
@in_thread
def get_participants(request: Asking) -> Response[bytes]:
    """List one's participants."""
    return _listed(request, "")


@post("/api/v1/participants/search", status_code=200, request_max_body_size=MOST_BYTES)
@in_thread
def post_search(request: Asking, body: RawBody) -> Response[bytes]:
    """Search one's participants by {text}: part of a name, or a whole NIK, phone number or own id. Never by an address."""
    form = Form.of_json(body)
    wanted = form.text("text")
    form.done()
    return _listed(request, wanted)


def _listed(request: Asking, search: str) -> Response[bytes]:
    with record_of(request).write() as tx:
        found = people.people_of(tx, actor_of(request), search)
        seen = [person.id for person in found]
        note(tx, actor_of(request), "listed", "account", actor_of(request).account_id, participants=seen)
    return answer_json({"participants": [shown(person) for person in found]})


@post("/api/v1/participants", status_code=201, request_max_body_size=MOST_BYTES)
@in_thread
def post_participant(request: Asking, body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Register somebody from {name, nik, phone, own_id, consents, channel, said_on, text_version}."""
    form = Form.of_json(body)
    identity, own, agreed = read_registration(form, live)
    form.done()
    with record_of(request).write() as tx:
        person = people.register(tx, actor_of(request), identity, agreed, own)
        return answer_json(shown(people.find(tx, actor_of(request), person)), 201)


def read_registration(form: Form, live: Live) -> tuple[dict[str, str], str, Agreement]:
    """Who somebody is, their id elsewhere, and what they agreed to."""
    identity = {"name": form.name(), "nik": form.nik(), "phone": form.phone()}
    own, agreed_to = form.text("own_id", wanted=False, most=60), purposes(form)
    channel, said_on, text_version = channel_and_day(form, live.today)
    kept = {name: text for name, text in identity.items() if text}
    return kept, own, Agreement(agreed_to, channel, said_on, text_version)


@get("/api/v1/participants/{person_id:str}")
@in_thread
def get_participant(request: Asking, person_id: FromPath[str], live: NamedDependency[Live]) -> Response[bytes]:
    """Show a participant with the signals of today and what they agree to; an operator sees no signals."""
    actor = actor_of(request)
    with record_of(request).write() as tx:
        person = people.find(tx, actor, person_id)
        note(tx, actor, "saw", "participant", person_id)
        found = shown(person) | {"consents": consents.standing(tx, person_id)}
        if actor.role == "mentor":
            consents.require(tx, person_id, "record")
            found["signals"] = evidence.signals_of(evidence.evidence_of(tx, person), live.rules.day)
    return answer_json(found)


@patch("/api/v1/participants/{person_id:str}", request_max_body_size=MOST_BYTES)
@in_thread
def patch_participant(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Correct {name, nik, phone}, given the {version} that was read; an empty text takes a NIK or phone away."""
    form = Form.of_json(body)
    version = form.number("version")
    identity = {"name": form.name(wanted="name" in form.fields), "nik": form.nik(), "phone": form.phone()}
    identity = {name: text for name, text in identity.items() if name in form.fields}
    form.done()
    with record_of(request).write() as tx:
        return answer_json({"version": people.change(tx, actor_of(request), person_id, version, identity)})


@post(
    "/api/v1/participants/{person_id:str}/mentor",
    status_code=200,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_mentor(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Hand a participant over to another mentor: {mentor_id, version}."""
    form = Form.of_json(body)
    mentor, version = form.text("mentor_id"), form.number("version")
    form.done()
    with record_of(request).write() as tx:
        return answer_json({"version": people.hand_over(tx, actor_of(request), person_id, version, mentor)})


@get("/api/v1/participants/{person_id:str}/evidence")
@in_thread
def get_evidence(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Show everything recorded about a participant: when it was true, when it became known, who said it."""
    with record_of(request).write() as tx:
        person = people.find(tx, actor_of(request), person_id)
        consents.require(tx, person_id, "record")
        note(tx, actor_of(request), "saw_evidence", "participant", person_id)
        return answer_json({"evidence": [fact._asdict() for fact in evidence.evidence_of(tx, person)]})


@post(
    "/api/v1/participants/{person_id:str}/evidence",
    status_code=201,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_evidence(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Record {signals: {name: value or {value, on, proof}}, said_by, version}; all of them or none."""
    form = Form.of_json(body)
    facts, said_by = form.raw("signals"), form.text("said_by", wanted=False, most=60)
    version = form.number("version") if "version" in form.fields else None
    form.asked.append("version")
    form.done()
    with record_of(request).write() as tx:
        person = people.find(tx, actor_of(request), person_id)
        if version is not None:
            people.check_version(person, version)
        new = evidence.add(tx, actor_of(request), person, live.rules, facts, language_of(request), said_by)
        return answer_json({"new": new, "version": people.find(tx, actor_of(request), person_id).version}, 201)


@get("/api/v1/participants/{person_id:str}/consents")
@in_thread
def get_consents(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Show everything a participant agreed to and took back."""
    with record_of(request).write() as tx:
        people.find(tx, actor_of(request), person_id)
        note(tx, actor_of(request), "saw_consents", "participant", person_id)
        ledger, standing = consents.ledger_of(tx, person_id), consents.standing(tx, person_id)
    return answer_json({"ledger": ledger, "standing": standing})


@post(
    "/api/v1/participants/{person_id:str}/consents",
    status_code=201,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_consent(
    request: Asking, person_id: FromPath[str], body: RawBody, live: NamedDependency[Live]
) -> Response[bytes]:
    """Record {purpose, recipient, given, channel, said_on, text_version, expires_on}; given false takes it back."""
    form = Form.of_json(body)
    entry = read_consent(form, live)
    form.done()
    with record_of(request).write() as tx:
        people.find(tx, actor_of(request), person_id)
        check_consent(tx, person_id, entry)
        number = consents.say(tx, actor_of(request), person_id, **entry)
        return answer_json({"number": number, "version": people.bump(tx, person_id)}, 201)


def read_consent(form: Form, live: Live) -> dict[str, Any]:
    """An entry for the ledger."""
    purpose, given = form.choice("purpose", PURPOSES), form.yes_no("given")
    recipient, expires_on = form.text("recipient", wanted=False), form.day("expires_on")
    channel, said_on, text_version = channel_and_day(form, live.today)
    if recipient and purpose not in WITH_RECIPIENT:
        form.trouble("recipient", "recipient_unwanted", purpose=Named("purpose", purpose))
    if not recipient and purpose in WITH_RECIPIENT:
        form.trouble("recipient", "no_recipient")
    if given and expires_on is not None and expires_on < live.today:
        form.trouble("expires_on", "past_expiry")
    said = {"channel": channel, "said_on": said_on, "text_version": text_version}
    return {"purpose": purpose, "given": given, "recipient": recipient, "expires_on": expires_on, **said}


def check_consent(tx: Transaction, person_id: str, entry: dict[str, Any]) -> None:
    """See that the recipient lends, that there is something to take back, and that no older paper undoes a withdrawal.

    Raises:
        Refused: 400 or 409.
    """
    recipient = entry["recipient"]
    lends = (ACCOUNTS.c.organisation_id == recipient) & (ACCOUNTS.c.role == "lender")
    if recipient and not tx.one(select(ACCOUNTS.c.id).where(lends)):
        raise Refused(400, Trouble("recipient", "no_lender", recipient))
    if not entry["given"] and not consents.stands(tx, person_id, entry["purpose"], recipient):
        raise Refused(409, Trouble("purpose", "never_agreed", entry["purpose"]))
    withdrawn = consents.withdrawn_on(tx, person_id, entry["purpose"], recipient)
    if entry["given"] and withdrawn is not None and entry["said_on"] < withdrawn:
        raise Refused(
            409, Trouble("said_on", "before_withdrawal", entry["said_on"].isoformat(), on=withdrawn.isoformat())
        )


@get("/api/v1/participants/{person_id:str}/export")
@in_thread
def get_export(request: Asking, person_id: FromPath[str]) -> Response[bytes]:
    """Everything held about a participant, to be handed to them."""
    with record_of(request).write() as tx:
        found = rights.export(tx, actor_of(request), person_id)
    response = answer_json(found)
    response.headers["content-disposition"] = f'attachment; filename="kail-{person_id}.json"'
    return response


@post(
    "/api/v1/participants/{person_id:str}/erasure",
    status_code=200,
    request_max_body_size=MOST_BYTES,
)
@in_thread
def post_erasure(request: Asking, person_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Erase a participant for good, given the {version} that was read."""
    form = Form.of_json(body)
    version = form.number("version")
    form.done()
    return answer_json({"erased": rights.erase(record_of(request), actor_of(request), person_id, version)})


@post("/api/v1/imports", status_code=200, request_max_body_size=MOST_IMPORT_BYTES)
@in_thread
def post_import(
    request: Asking,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
    live: NamedDependency[Live],
) -> Response[bytes]:
    """Import a sheet: the parts file, consents (comma-separated), channel, said_on, columns (a column map), sheet."""
    return answer_json(asdict(take_import(request, data, live)))


def take_import(request: Asking, data: dict[str, Any], live: Live) -> Any:
    """Read the parts of an upload and import the file."""
    files = {name: data.pop(name) for name in ("file", "columns") if isinstance(data.get(name), UploadFile)}
    if isinstance(data.get("consents"), str):
        data["consents"] = [part.strip() for part in data["consents"].split(",") if part.strip()]
    form = Form(data)
    agreed_to = purposes(form)
    channel, said_on, text_version = channel_and_day(form, live.today)
    sheet = form.text("sheet", wanted=False)
    if "file" not in files:
        form.trouble("file", "wanted")
    form.done()
    agreed = Agreement(agreed_to, channel, said_on, text_version)
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: _keep(upload, Path(folder), name) for name, upload in files.items()}
        job = Job(
            programme=live.programme,
            today=live.today,
            columns=paths.get("columns"),
            sheet=sheet or None,
            language=language_of(request),
        )
        return import_sheet(record_of(request), actor_of(request), job, paths["file"], agreed)


def _keep(upload: UploadFile, folder: Path, name: str) -> Path:
    """Write an upload under a name of our own; only the ending is the sender's."""
    ending = Path(upload.filename or "").suffix.lower()
    path = folder / f"{name}{ending if ending.isascii() and len(ending) <= 10 else ''}"
    upload.file.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file)
    return path


HANDLERS: Final = (
    get_participants,
    post_search,
    post_participant,
    get_participant,
    patch_participant,
    post_mentor,
    get_evidence,
    post_evidence,
    get_consents,
    post_consent,
    get_export,
    post_erasure,
    post_import,
)
