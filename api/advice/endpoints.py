"""The stateless endpoint: one person's signals in, one recommendation out. Nothing is stored and nothing personal logged."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import HttpMethod, Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import RawBody

from api import __version__
from api.advice.answer import Table, answer, versions_of
from api.advice.catalogue import catalogue
from api.advice.plain import plain_answer
from api.record.live import Live
from api.web.asking import in_the_open
from api.web.errors import Refusal, language_of, told
from api.web.openapi import DAY, LANGUAGE, answers, codes, documented, parameter, ref
from api.web.strict_json import UnreadableBody, read_json
from matcher.facts.participant import InputProblem, Participant, ParticipantError, as_date, know, read_participant
from matcher.message import Message
from matcher.programme.rules import Rules, rules_on
from matcher.recommend import decide
from words.telling import Teller, teller

MOST_BYTES: Final = 1024 * 1024
KEYS: Final = ("signals", "as_of", "goal", "language")
LONGEST_NAME: Final = 100
DETAILS: Final = ("plain", "full")


@dataclass(frozen=True)
class Asked:
    """A request that can be answered."""

    rules: Rules
    participant: Participant
    goal: str | None
    language: str
    detail: str = "plain"


def recommendation(live: Live, asked: Asked) -> Table:
    """Answer one request."""
    rules, participant, language = asked.rules, asked.participant, asked.language
    known = know(rules, participant)
    found = decide(rules, known, goal=asked.goal, scorecard=live.scorecard)
    versions = versions_of(live.programme, live.scorecard)
    if asked.detail == "full":
        return answer(rules, participant, found, language, versions)
    return plain_answer(rules, participant, known, found, language, versions)


# -- reading a request -------------------------------------------------------------------------------------------------


def read_request(content: bytes, query: str, live: Live) -> Asked:
    """Read and check a body and its address, whose language is that of the answer where the body names none.

    Raises:
        Refusal: with every problem at once.
    """
    given, problems = read_address(query, live, "language", "detail")
    reading = _Reading(live, given["language"], given["detail"], problems)
    try:
        body = read_json(content)
    except UnreadableBody as error:
        problems.append(InputProblem("body", None, error.message))
        raise _refusal(teller(live.rules, reading.language), problems) from None
    asked = reading.read(body.value, body.twice)
    if asked is None:
        raise Refusal(400, reading.language, reading.told)
    return asked


def _refusal(t: Teller, problems: list[InputProblem], status: int = 400) -> Refusal:
    return Refusal(status, t.language, told(t, problems))


@dataclass
class _Reading:
    """One body being read: problems gather here, behind those of its address."""

    live: Live
    language: str
    detail: str
    problems: list[InputProblem]
    told: list[Table] = field(default_factory=list)

    def note(self, where: str, value: Any, code: str, **args: Any) -> None:
        self.problems.append(InputProblem(where, value, Message(code, args)))

    def read(self, body: Any, twice: list[str]) -> Asked | None:
        for name in dict.fromkeys(twice):
            self.note(name, None, "duplicate_key", name=name)
        if not isinstance(body, dict):
            self.note("body", body, "not_an_object", sent=kind_of(body))
            body = {"signals": {}}
        for name in body:
            if name not in KEYS:
                self.note(name, body[name], "unknown_top_key", name=name)
        self._language(body.get("language"))
        rules = rules_on(self.live.programme, self._as_of(body.get("as_of")))
        goal = self._goal(rules, body.get("goal"))
        signals = self._signals(rules, body)
        t = teller(rules, self.language)
        self.told += told(t, self.problems)
        participant = self._participant(t, signals)
        if self.told or participant is None:
            return None
        return Asked(rules, participant, goal, self.language, self.detail)

    def _language(self, raw: Any) -> None:
        if raw is None:
            return
        if raw in self.live.programme.languages:
            self.language = raw
        else:
            self.note("language", raw, "wrong_language", allowed=self.live.programme.languages)

    def _as_of(self, raw: Any) -> date:
        day, problem = read_as_of(self.live, raw)
        if problem is not None:
            self.problems.append(problem)
        return day

    def _goal(self, rules: Rules, raw: Any) -> str | None:
        if raw is None:
            return None
        if not isinstance(raw, str) or not raw.strip():
            self.note("goal", raw, "wrong_goal")
        elif raw in rules.product_ids:
            return raw
        else:
            near = difflib.get_close_matches(raw[:LONGEST_NAME], rules.product_ids, 3, cutoff=0.4)
            offered = near or [name for name, product in rules.product_ids.items() if product.suggested]
            self.note("goal", raw, "goal_unknown", name=raw[:LONGEST_NAME], near=offered)
        return None

    def _signals(self, rules: Rules, body: dict[str, Any]) -> dict[str, Any]:
        """The signals to read; with names or counts beyond all reason none are, so that no answer takes long."""
        raw = body.get("signals")
        if raw is None:
            self.note("signals", None, "signals_missing")
            return {}
        if not isinstance(raw, dict):
            self.note("signals", raw, "not_an_object", sent=kind_of(raw))
            return {}
        if len(raw) > 2 * len(rules.signals):
            self.note("signals", None, "too_many_signals", count=len(raw), known=len(rules.signals))
            return {}
        for name in raw:
            if len(name) > LONGEST_NAME:
                self.note(f"signals.{name}", None, "name_too_long", count=len(name))
        return {name: value for name, value in raw.items() if len(name) <= LONGEST_NAME}

    def _participant(self, t: Teller, signals: dict[str, Any]) -> Participant | None:
        try:
            return read_participant(t.rules, signals)
        except ParticipantError as error:
            self.told += told(t, error.problems, "signals.")
            return None


def read_as_of(live: Live, raw: Any) -> tuple[date, InputProblem | None]:
    """Read the day asked about: today where none is given, the nearest day of the programme where it is wrong."""
    day, today, fallback = (live.today if raw is None else as_date(raw)), live.today, live.rules.day
    start, end = live.programme.valid_from, live.programme.valid_to
    if day is None:
        return fallback, InputProblem("as_of", raw, Message("wrong_as_of"))
    if day < start:
        return fallback, InputProblem("as_of", raw, Message("as_of_before", {"start": start}))
    if end is not None and day > end:
        return fallback, InputProblem("as_of", raw, Message("as_of_after", {"end": end}))
    if day > today:
        return fallback, InputProblem("as_of", raw, Message("future_as_of", {"today": today}))
    return day, None


def kind_of(value: Any) -> Message:
    """Name the kind of a JSON value."""
    kinds = {bool: "yes_no", int: "number", float: "number", str: "text", list: "list"}
    return Message(kinds.get(type(value), "null"))


def read_address(query: str, live: Live, *allowed: str) -> tuple[dict[str, str], list[InputProblem]]:
    """Read the parameters of an address; where none or a wrong one is given, language and detail are the first there is."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    given, problems = dict(pairs), []
    for name, value in given.items():
        if name not in allowed:
            message = Message("unknown_parameter", {"name": name[:LONGEST_NAME], "allowed": ", ".join(allowed)})
            problems.append(InputProblem(name, value, message))
        elif sum(key == name for key, _ in pairs) > 1:
            problems.append(InputProblem(name, value, Message("parameter_twice", {"name": name})))
    choices = (("language", live.programme.languages, "wrong_language"), ("detail", DETAILS, "wrong_detail"))
    for name, known, wrong in choices:
        if name in allowed and given.setdefault(name, known[0]) not in known:
            problems.append(InputProblem(name, given[name], Message(wrong, {"allowed": known})))
            given[name] = known[0]
    return given, problems


def read_query(query: str, live: Live) -> tuple[date, str]:
    """Read the address of the catalogue: language and as_of.

    Raises:
        Refusal: with every problem at once.
    """
    given, problems = read_address(query, live, "language", "as_of")
    day, problem = read_as_of(live, given.get("as_of"))
    problems += [problem] if problem else []
    if problems:
        raise _refusal(teller(live.rules, given["language"]), problems)
    return day, given["language"]


# -- what OpenAPI says of them -----------------------------------------------------------------------------------------

AS_OF: Final = parameter("as_of", "The day asked about; today by default.", DAY)
DETAIL: Final = parameter(
    "detail",
    "plain, the default: what a phone can carry. full: everything, with prices, sources and the score.",
    codes(*DETAILS),
)
_500: Final = "Something went wrong on our side"

RECOMMENDATION_DOCS: Final = documented(
    summary="Recommend",
    description=(
        "One person's signals in; tier, next steps, products, a path and the open questions out. Nothing is stored. "
        "The query's language is used where the body names none, also for a body that cannot be read."
    ),
    parameters=[LANGUAGE, DETAIL],
    request_body={"required": True, "content": {"application/json": {"schema": ref("RecommendationRequest")}}},
    responses=answers(
        {"oneOf": [ref("PlainRecommendation"), ref("Recommendation")]},
        _400="Every problem of the request at once",
        _413="The body is larger than 1 MiB",
        _415="The content type is not application/json",
        _500=_500,
        _503="Too many are asking; retry-after says when to come back",
    ),
)
CATALOGUE_DOCS: Final = documented(
    summary="Programme",
    description="Steps, signals, interventions, products and tiers of one day, with sources and our own choices.",
    parameters=[LANGUAGE, AS_OF],
    responses=answers(ref("Programme"), _400="Every problem of the request at once", _500=_500),
)
HEALTH_DOCS: Final = documented(
    summary="Health", description="Whether the service answers.", responses=answers(ref("Health"), _500=_500)
)


# -- endpoints ---------------------------------------------------------------------------------------------------------


def json_answer(table: Table, **headers: str) -> Response[bytes]:
    """Return a table as JSON."""
    return Response(msgspec.json.encode(table), media_type="application/json", headers=headers)


def query_of(request: Request[Any, Any, Any]) -> str:
    """The parameters of an address as they were sent."""
    return request.scope["query_string"].decode("latin-1")


def check_type(request: Request[Any, Any, Any], live: Live, language: str) -> None:
    """Refuse a body that does not call itself JSON.

    Raises:
        Refusal: with status 415.
    """
    sent = request.headers.get("content-type", "")
    kind = sent.partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        message = Message("not_json_type", {"sent": sent[:LONGEST_NAME] or Message("no_type")})
        raise _refusal(teller(live.rules, language), [InputProblem("content-type", sent or None, message)], 415)


@post(
    "/api/v1/recommendations",
    status_code=200,
    request_max_body_size=MOST_BYTES,
    operation_class=RECOMMENDATION_DOCS,
)
@in_the_open
def post_recommendation(request: Request[Any, Any, Any], body: RawBody, live: NamedDependency[Live]) -> Response[bytes]:
    """Answer what is asked about one person."""
    check_type(request, live, language_of(request))
    asked = read_request(body, query_of(request), live)
    return json_answer(recommendation(live, asked), **{"cache-control": "no-store"})


@get("/api/v1/programme", operation_class=CATALOGUE_DOCS)
@in_the_open
def get_programme(request: Request[Any, Any, Any], live: NamedDependency[Live]) -> Response[bytes]:
    """Answer with the programme of a day."""
    day, language = read_query(query_of(request), live)
    return json_answer(catalogue(rules_on(live.programme, day), language))


@route("/health", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False, operation_class=HEALTH_DOCS)
def get_health(live: NamedDependency[Live]) -> Response[bytes]:
    """Answer that the service answers, and with what."""
    programme = {"id": live.programme.id, "name": live.programme.name[live.programme.languages[0]]}
    table = {"status": "ok", "programme": programme, "digest": live.programme.digest, "kail": __version__}
    return json_answer(table, **{"cache-control": "no-store"})


HANDLERS: Final = (post_recommendation, get_programme, get_health)
