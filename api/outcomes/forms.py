"""Reading what is sent about outcomes."""

from __future__ import annotations

from datetime import date

from api.outcomes.known import Asked
from api.web.forms import Form
from training_data.schema import ENDINGS, OUTCOMES

ALL = "all"
"""In place of an outcome: every row there is."""


def read_asked(form: Form) -> Asked:
    """Which training set is asked for: {known_at, outcome, ending}; outcome and ending may be left out."""
    known_at = form.day("known_at")
    if known_at is None and not form.troubles:
        form.trouble("known_at", "wanted")
    outcome = form.choice("outcome", (ALL, *OUTCOMES), ALL)
    ending = form.choice("ending", ENDINGS, ENDINGS[0])
    form.done()
    return Asked(known_at or date.min, "" if outcome == ALL else outcome, ending)
