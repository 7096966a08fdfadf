"""Signing in over HTTP, and what an answer gives a browser to keep."""

from __future__ import annotations

from api.accounts.cookies import COOKIE
from tests.installation import PASSWORD

NEW = "sapi-biru-delapan-puluh"


def sign_in(client, login="mentor", password=PASSWORD, **headers):
    return client.post("/api/v1/session", json={"login": login, "password": password}, headers=headers)


def id_in(answer, called=COOKIE):
    """The value of a cookie that an answer sets, by default the session id, and its flags in small letters."""
    set_by = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    [cookie] = [value for value in set_by if value.startswith(f"{called}=")]
    value, *flags = [part.strip() for part in cookie.split(";")]
    return value.partition("=")[2].strip('"'), {flag.lower() for flag in flags}
