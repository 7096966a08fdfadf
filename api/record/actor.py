"""Actors: who acts, as a value. Who it is by session or API key is found out in `accounts`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Who asks: an account, its organisation and role. `session`: the hash of the session id, "" for an API key.

    `must_change`: whether the password was made by somebody else, so that it has to be changed before anything else.
    `sandbox`: whether all that it sees is about people who never lived.
    `browser`: by what a browser is known in which people signed in, "" without.
    """

    account_id: str
    organisation_id: str
    role: str
    name: str
    session: str = ""
    scopes: frozenset[str] = frozenset()
    must_change: bool = False
    browser: str = ""
    sandbox: bool = False
