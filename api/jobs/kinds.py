"""The kinds of jobs: what does each, and who may ask for it. An import is asked for with its file, the others here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from api.assessments.everybody import rescreen_everybody
from api.audit.service import note
from api.imports import service as imports
from api.outcomes import importing as outcomes
from api.outcomes import service as training_sets
from api.participants.reading_out import read_out
from api.participants.verification import verify_chains
from api.record.actor import Actor
from api.record.doing import Kind
from api.record.jobs import TRAINING_SET, enqueue
from api.record.refusals import Refused, Trouble
from api.record.transaction import Transaction
from api.web.forms import Form
from words.speaking import Named

EXPORT, RESCREENING, VERIFICATION = "export", "rescreening", "verification"


class Asked(NamedTuple):
    """A kind that is asked for by its name: what does it, and which role may ask for it."""

    do: Kind
    role: str
    reads_out: bool = False


ASKED: Final[Mapping[str, Asked]] = {
    EXPORT: Asked(read_out, "mentor", reads_out=True),
    RESCREENING: Asked(rescreen_everybody, "operator"),
    VERIFICATION: Asked(verify_chains, "operator"),
}
KINDS: Final[Mapping[str, Kind]] = {
    imports.KIND: imports.import_sheet,
    TRAINING_SET: training_sets.make_in_steps,
    outcomes.KIND: outcomes.import_outcomes,
    **{name: one.do for name, one in ASKED.items()},
}
"""What does a job of each kind."""
IMPORTS: Final = (imports.KIND, outcomes.KIND)
"""Those that are given a file of rows, of which each may have problems."""
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    imports.KIND: ("mentor",),
    TRAINING_SET: training_sets.ROLES,
    outcomes.KIND: outcomes.ROLES,
    **{name: (one.role,) for name, one in ASKED.items()},
}
"""Who may have a job of each kind done, when it is asked for and while it is done."""


def read_asked(form: Form, actor: Actor) -> tuple[str, dict[str, Any]]:
    """Which kind of job is asked for, and with what.

    Raises:
        Refused: 400 for what is none; 403 for one that is another role's.
    """
    kind, keep = form.choice("kind", tuple(ASKED)), form.yes_no("keep", default=False)
    if keep and kind != RESCREENING:
        form.trouble("keep", "keep_what")
    form.done()
    role = ASKED[kind].role
    if actor.role != role:
        allowed = [Named("role", role)]
        raise Refused(403, Trouble("role", "not_allowed", role=Named("role", actor.role), allowed=allowed))
    return kind, {"keep": keep}


def ask_for(tx: Transaction, actor: Actor, kind: str, given: Mapping[str, Any], language: str) -> str:
    """Ask for a job of that kind; return its id.

    Raises:
        Refused: 409 where too many of one's own wait.
    """
    job = enqueue(tx, actor, kind, language, given, reads_out=ASKED[kind].reads_out)
    note(tx, actor, "asked_for_job", "job", job, job=kind)
    return job
