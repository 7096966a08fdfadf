"""Reading what is sent about an assessment: another choice, an objection, a decision, a switch."""

from __future__ import annotations

from api.assessments.disagreement import CODES, DECISIONS
from api.web.forms import Form


def read_override(form: Form) -> tuple[str, str, str]:
    """The step chosen instead, the code of the reason, and the reason in words."""
    chosen, code = form.text("chosen", most=60), form.choice("code", CODES)
    words = form.text("note", wanted=code == "other", most=1000)
    form.done()
    return chosen, code, words


def read_objection(form: Form) -> str:
    """What a participant says against a recommendation."""
    words = form.text("words", most=2000)
    form.done()
    return words


def read_decision(form: Form) -> tuple[str, str]:
    """What was decided on an objection, and why."""
    decision, reason = form.choice("decision", DECISIONS), form.text("reason", most=2000)
    form.done()
    return decision, reason


def read_switch(form: Form) -> bool:
    """Whether something is to be on."""
    on = form.yes_no("on")
    form.done()
    return on
