"""Reading what is sent about accounts and API keys."""

from __future__ import annotations

from datetime import UTC, datetime, time

from api.accounts.api_keys import SCOPES
from api.accounts.passwords import Password, new_password
from api.accounts.tables import ROLES
from api.web.forms import Form


def read_account(form: Form) -> tuple[str, str, str, Password]:
    """Login, name and role of somebody new, and a password for them."""
    login, name, role = form.text("login", most=100), form.text("name"), form.choice("role", ROLES)
    form.done()
    return login, name, role, new_password()


def read_key(form: Form) -> tuple[str, list[str], datetime]:
    """What an API key is to be called, what it may do, and when it ends."""
    name, scopes, expires_on = form.text("name"), form.choices("scopes", SCOPES), form.day("expires_on")
    if expires_on is None and not any(trouble.field == "expires_on" for trouble in form.troubles):
        form.trouble("expires_on", "wanted")
    form.done()
    assert expires_on is not None
    return name, list(scopes), datetime.combine(expires_on, time(), UTC)
