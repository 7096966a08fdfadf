"""Reading what is sent about a participant: who somebody new is, and what somebody said about a consent."""

from __future__ import annotations

from datetime import date
from typing import Any

from api.consents.forms import channel_and_day, read_agreement
from api.consents.purposes import PURPOSES, WITH_RECIPIENT
from api.consents.service import Agreement
from api.web.forms import Form
from words.speaking import Named


def read_registration(form: Form, today: date) -> tuple[dict[str, str], Agreement, str]:
    """Who somebody is, what they agreed to, and their id elsewhere."""
    identity = {"name": form.name(), "nik": form.nik(), "phone": form.phone()}
    own, agreed = form.text("own_id", wanted=False, most=60), read_agreement(form, today)
    form.done()
    return {name: text for name, text in identity.items() if text}, agreed, own


def read_consent(form: Form, today: date) -> dict[str, Any]:
    """An entry for the ledger."""
    purpose, given = form.choice("purpose", PURPOSES), form.yes_no("given")
    recipient, expires_on = form.text("recipient", wanted=False), form.day("expires_on")
    channel, said_on, text_version = channel_and_day(form, today)
    if recipient and purpose not in WITH_RECIPIENT:
        form.trouble("recipient", "recipient_unwanted", purpose=Named("purpose", purpose))
    if not recipient and purpose in WITH_RECIPIENT:
        form.trouble("recipient", "no_recipient")
    if given and expires_on is not None and expires_on < today:
        form.trouble("expires_on", "past_expiry")
    form.done()
    said = {"channel": channel, "said_on": said_on, "text_version": text_version}
    return {"purpose": purpose, "given": given, "recipient": recipient, "expires_on": expires_on, **said}
