"""Reading what is sent about a participant: who somebody new is, and what somebody said about a consent."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from api.consents.forms import channel_and_day, read_agreement
from api.consents.purposes import PURPOSES, WITH_RECIPIENT
from api.consents.service import Agreement
from api.web.forms import Form
from words.speaking import Named


def read_identity(form: Form, *, name_wanted: bool = True) -> dict[str, str]:
    """Name, NIK and phone number, each "" where it was not sent."""
    return {"name": _name(form, name_wanted), "nik": _nik(form), "phone": _phone(form)}


def _name(form: Form, wanted: bool) -> str:
    """A person's name: one line, of letters that can be seen."""
    text = form.text("name", wanted=wanted)
    hidden = any(unicodedata.category(mark) in ("Cf", "Zl", "Zp") or mark in "\n\r\t" for mark in text)
    if hidden or (text and not any(mark.isalnum() for mark in text)):
        form.trouble("name", "bad_characters")
    return text


def _nik(form: Form) -> str:
    """A NIK, 16 digits; a wrong one is not repeated."""
    text = re.sub(r"[\s.-]", "", unicodedata.normalize("NFKC", form.text("nik", wanted=False)))
    if text and not re.fullmatch(r"[0-9]{16}", text):
        form.trouble("nik", "bad_nik")
    return text


def _phone(form: Form) -> str:
    """A phone number as digits with the country's code: 0812... is 62812...; a wrong one is not repeated."""
    text = re.sub(r"[\s().-]", "", unicodedata.normalize("NFKC", form.text("phone", wanted=False)))
    if text and not re.fullmatch(r"\+?[0-9]{8,15}", text):
        form.trouble("phone", "bad_phone")
    digits = text.lstrip("+")
    if digits.startswith("8") and text == digits:  # a sheet that kept 0812... as a number
        return f"62{digits}"
    return f"62{digits[1:]}" if digits.startswith("0") else digits


def read_registration(form: Form, today: date) -> tuple[dict[str, str], Agreement, str]:
    """Who somebody is, what they agreed to, and their id elsewhere."""
    identity = read_identity(form)
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
