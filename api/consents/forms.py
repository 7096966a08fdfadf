"""Reading what somebody agreed to from a form."""

from __future__ import annotations

from datetime import date
from typing import Final

from api.consents.purposes import CHANNELS, PURPOSES, WITH_RECIPIENT, current, documents
from api.consents.service import Agreement
from api.web.forms import Form

AT_REGISTRATION: Final = tuple(purpose for purpose in PURPOSES if purpose not in WITH_RECIPIENT)
"""What can be agreed to at registration; a referral needs its recipient and is agreed to later."""


def channel_and_day(form: Form, today: date) -> tuple[str, date, str]:
    """How and when somebody said it, and which version of the text they were shown."""
    channel = form.choice("channel", CHANNELS)
    said_on = form.day("said_on", today) or today
    if said_on > today:
        form.trouble("said_on", "future_consent")
    return channel, said_on, form.choice("text_version", tuple(documents()), current(today).version)


def read_agreement(form: Form, today: date) -> Agreement:
    """What somebody agreed to when they were registered."""
    return Agreement(form.choices("consents", AT_REGISTRATION), *channel_and_day(form, today))
