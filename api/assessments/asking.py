"""Asking for an assessment: what is asked, and who works it out.

Under a key the asking thread does it itself: the answer is kept in the transaction that stores the assessment, and that of
another process is another one.
"""

from __future__ import annotations

from api.assessments import service
from api.assessments.own_process import OwnProcess
from api.assessments.working_out import Outcome
from api.record.live import Live
from api.web.asking import Asking, actor_of, is_joined, record_of
from api.web.errors import language_of
from api.web.forms import Form


def assess(request: Asking, form: Form, live: Live, person_id: str) -> tuple[str, Outcome]:
    """Assess a participant, with {goal} as the product that is wanted, in the process kept for that if there is one.

    Raises:
        Refused: as `service.assess` does.
    """
    goal = form.text("goal", wanted=False) or None
    form.done()
    asked = actor_of(request), person_id, goal, language_of(request)
    own: OwnProcess | None = request.app.state.own_process
    return own.assess(*asked) if own and not is_joined(request) else service.assess(record_of(request), live, *asked)
