"""What can be done with accounts: signing in and out, making them and changing their role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, case, func, insert, select, update

from api.accounts import passwords
from api.accounts.api_keys import revoke_keys
from api.accounts.limits import browser_mark, count_own_try, count_try, forget_own_tries, forget_tries, is_known
from api.accounts.passwords import Password
from api.accounts.second_person import GIVEN, ask_second, how_done, mentor_reset_alone, needs_second
from api.accounts.sessions import close_session, close_sessions, hashed, open_session
from api.accounts.tables import ACCOUNTS, ORGANISATIONS, ROLES, SANDBOXES
from api.audit.service import last_done, note
from api.record.actor import Actor
from api.record.approvals import Approval, Waits, keep_alone
from api.record.listed import WORDS, Choice, ListColumn, Listing, Page, View, page_in
from api.record.refusals import Refused, Trouble
from api.record.transaction import Record, Transaction, new_id
from words.speaking import Named

LISTED: Final = Listing(
    (ListColumn("name", sorts=WORDS, hidden=True), ListColumn("login", sorts=WORDS, hidden=True)),
    "login",
    (Choice("of_role", ROLES, "role"), Choice("of_state", ("open", "closed"), "account_state")),
)
"""What may be asked of the accounts."""
_SEEN: Final = [ACCOUNTS.c[name] for name in ("id", "login", "name", "role", "active", "version")]
MADE, CHANGED, RESET = "operator_made", "operator_changed", "password_reset"
"""The kinds of approvals about accounts."""
ONE_TIME: Final = timedelta(days=7)
"""How long a password that somebody else made opens anything: our choice. It may lie on a slip of paper."""


@dataclass(frozen=True)
class NewAccount:
    """An account just made or given another password, which is told once and opens for so many `days`."""

    id: str
    login: str
    password: str
    days: int = ONE_TIME.days


# -- signing in --------------------------------------------------------------------------------------------------------


def sign_in(
    record: Record, login: str, password: str, address: str, old: str = "", mark: str = ""
) -> tuple[str, Actor, str]:
    """Check a password; return the id of a new session, who signed in, and a mark for the browser to keep.

    `old`, `mark`: a session id and a mark that were sent with the request.

    Raises:
        Refused: 429 where a try comes too early, 401 where name or password is wrong, or it was for one time and is over.
    """
    login = login.strip().casefold()
    with record.write() as tx:
        account = tx.one(select(ACCOUNTS).where(ACCOUNTS.c.login == login))
        known = mark if account and is_known(tx, login, account.password_hash, mark) else ""
        wait = count_try(tx, login, address, known)
    if wait:
        raise Refused(429, Trouble("password", "too_many_tries", wait=wait))
    right = passwords.verify(account.password_hash if account else None, password)
    wrong = account is None or not right or not account.active
    if account is None or wrong or _is_over(record, account):
        with record.write() as tx:
            theirs = account.organisation_id if account else None
            note(tx, None, "sign_in_refused", "account", account.id if account else "", organisation_id=theirs)
        over = Trouble("password", "one_time_over", days=ONE_TIME.days)
        raise Refused(401, Trouble("password", "wrong_password") if wrong else over)
    again = passwords.hash_password(password) if passwords.needs_new_hash(account.password_hash) else None
    with record.write() as tx:
        if not _unchanged(tx, account):  # closed, or given another password, while this one was looked at
            raise Refused(401, Trouble("password", "wrong_password"))
        forget_tries(tx, login, address, known)
        if again:
            _set_password(tx, account.id, again, one_time=account.one_time)
        secret = open_session(tx, account.id, old)
        who = account.id, account.organisation_id, account.role, account.name, hashed(secret)
        actor = Actor(*who, must_change=account.one_time)
        note(tx, actor, "signed_in", "account", account.id)
        mark = browser_mark(tx, login, again.hash if again else account.password_hash, mark)
    return secret, actor, mark


def _is_over(record: Record, account: Row[Any]) -> bool:
    """Whether the password of an account was made by somebody else too long ago."""
    if not account.one_time:
        return False
    with record.read() as tx:
        return tx.now - (last_done(tx, GIVEN, account.id) or account.created_at) > ONE_TIME


def _unchanged(tx: Transaction, account: Row[Any]) -> bool:
    """Whether an account still has the password, the role and the right to come in that it had when it was read."""
    now = tx.one(select(ACCOUNTS).where(ACCOUNTS.c.id == account.id))
    assert now is not None
    return bool(now.active) and (now.password_hash, now.role) == (account.password_hash, account.role)


def sign_out(tx: Transaction, actor: Actor) -> None:
    """End the session of whoever asks."""
    close_session(tx, actor.session)
    note(tx, actor, "signed_out", "account", actor.account_id)


def change_password(record: Record, actor: Actor, old: str, new: str, mark: str = "") -> tuple[str, str]:
    """Change one's own password; every session ends. Return the id of a new one, and a mark for the browser to keep.

    Raises:
        Refused: 429 where a try comes too early, 400 where the old one is wrong or the new one too short or too easy.
    """
    with record.write() as tx:
        wait = count_own_try(tx, actor.account_id)
    if wait:
        raise Refused(429, Trouble("old", "too_many_tries", wait=wait))
    with record.read() as tx:
        account = tx.one(select(ACCOUNTS).where(ACCOUNTS.c.id == actor.account_id))
    assert account is not None
    troubles = [] if passwords.verify(account.password_hash, old) else [Trouble("old", "wrong_old_password")]
    if not passwords.SHORTEST <= len(new) <= passwords.LONGEST:
        troubles.append(Trouble("new", "password_length", least=passwords.SHORTEST, most=passwords.LONGEST))
    elif new == old:  # somebody else may know it
        troubles.append(Trouble("new", "password_same"))
    elif passwords.too_easy(new, account.login):
        troubles.append(Trouble("new", "password_easy"))
    if troubles:
        raise Refused(400, *troubles)
    password = passwords.hash_password(new)
    with record.write() as tx:
        if not _unchanged(tx, account):
            raise Refused(400, Trouble("old", "wrong_old_password"))
        forget_own_tries(tx, account.id)
        _set_password(tx, account.id, password, one_time=False)
        close_sessions(tx, account.id)
        revoke_keys(tx, account.id)
        note(tx, actor, "changed_password", "account", account.id)
        return open_session(tx, account.id), browser_mark(tx, account.login, password.hash, mark)


def _set_password(tx: Transaction, account_id: str, password: Password, *, one_time: bool) -> None:
    values = {"password_hash": password.hash, "one_time": one_time}
    tx.run(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(values))


# -- making and changing accounts --------------------------------------------------------------------------------------


def add_organisation(tx: Transaction, name: str, actor: Actor | None = None, *, sandbox: bool = False) -> str:
    """Add an organisation; return its id. `sandbox`: of people who never lived, for a bank to try its system on.

    Raises:
        Refused: 409 if there is one of that name.
    """
    if tx.one(select(ORGANISATIONS.c.id).where(ORGANISATIONS.c.name == name)):
        raise Refused(409, Trouble("name", "name_taken", name))
    organisation = new_id()
    tx.run(insert(ORGANISATIONS).values(id=organisation, name=name, created_at=tx.now, sandbox=sandbox))
    note(tx, actor, "added", "organisation", organisation)
    return organisation


def add_account(
    tx: Transaction,
    organisation_id: str,
    login: str,
    name: str,
    role: str,
    password: Password,
    actor: Actor | None = None,
    *,
    one_time: bool = True,
    active: bool = True,
    **noted: Any,
) -> NewAccount:
    """Add an account; its password is told once, and has to be changed first (`one_time`).

    `noted`: what the audit is to say of it beside its role.

    Raises:
        Refused: 409 if the login is taken, or somebody other than a lender's officer would come into a sandbox; 400 for an
            unknown organisation.
    """
    assert role in ROLES
    login = login.strip().casefold()
    if tx.one(select(ACCOUNTS.c.id).where(ACCOUNTS.c.login == login)):
        raise Refused(409, Trouble("login", "login_taken", login))
    home = tx.one(select(ORGANISATIONS.c.sandbox).where(ORGANISATIONS.c.id == organisation_id))
    if home is None:
        raise Refused(400, Trouble("organisation_id", "no_organisation", organisation_id))
    if home.sandbox and active and role != "lender":  # nobody who lives comes in by a mentor there
        raise Refused(409, Trouble("role", "sandbox_is_for_lenders", role=Named("role", role)))
    account = new_id()
    values = {
        "id": account,
        "organisation_id": organisation_id,
        "login": login,
        "name": name,
        "role": role,
        "role_since": tx.now,
        "password_hash": password.hash,
        "one_time": one_time,
        "active": active,
        "version": 1,
        "created_at": tx.now,
    }
    tx.run(insert(ACCOUNTS).values(values))
    note(tx, actor, "added", "account", account, organisation_id=organisation_id, role=role, **noted)
    return NewAccount(account, login, password.plain)


def add_colleague(
    tx: Transaction, actor: Actor, login: str, name: str, role: str, password: Password
) -> NewAccount | Waits:
    """Add an account to the asking operator's own organisation. One of an operator stays closed until it is approved.

    So nobody's name stands in an approval, and the login is theirs meanwhile.

    Raises:
        Refused: 409 if the login is taken.
    """
    home = actor.organisation_id
    if role != "operator":
        return add_account(tx, home, login, name, role, password, actor)
    waits = needs_second(tx, actor)
    noted = {} if waits else how_done(None)
    made = add_account(tx, home, login, name, role, password, actor, active=not waits, **noted)
    return ask_second(tx, actor, MADE, made.id, 1) or made


def open_made(tx: Transaction, actor: Actor, approved: Approval, password: Password) -> NewAccount:
    """Open the account of an operator that was made and is approved; its password is told once.

    Raises:
        Refused: as `change_account` does.
    """
    account, version = account_of(tx, actor, approved.object_id), approved.version
    assert version is not None
    change_account(tx, actor, account.id, version, active=True, approved=approved)
    _set_password(tx, account.id, password, one_time=True)
    note(tx, actor, "reset_password", "account", account.id, **how_done(approved))
    return NewAccount(account.id, account.login, password.plain)


def account_of(tx: Transaction, actor: Actor, account_id: str) -> Row[Any]:
    """Return an account of the operator's own organisation.

    Raises:
        Refused: 404, the same for one that does not exist and one of somebody else's organisation.
    """
    found = tx.one(
        select(ACCOUNTS).where(ACCOUNTS.c.id == account_id, ACCOUNTS.c.organisation_id == actor.organisation_id)
    )
    if found is None:
        raise Refused(404, Trouble("account", "not_found"))
    return found


def change_account(
    tx: Transaction,
    actor: Actor,
    account_id: str,
    version: int,
    *,
    role: str | None = None,
    active: bool | None = None,
    approved: Approval | None = None,
) -> int | Waits:
    """Change an account's role or close it; return the new version. What makes or ends an operator needs a second person.

    Its sessions end, so that the next one has the new role and a new id.

    Raises:
        Refused: 404, or 409 where it was changed meanwhile or an operator would shut themselves out.
    """
    account = account_of(tx, actor, account_id)
    if account.version != version:
        raise Refused(409, Trouble("version", "stale", version))
    if account_id == actor.account_id and approved is None:  # who approves it may be the one who goes
        raise Refused(409, Trouble("account", "own_account"))
    values: dict[str, Any] = {"role": role or account.role, "active": account.active if active is None else active}
    differs = (values["role"], values["active"]) != (account.role, account.active)
    if not differs:  # nobody is signed out, and nothing that waits is stale, for nothing
        return version
    of_operator = "operator" in (account.role, values["role"])
    if of_operator and approved is None and (waits := ask_second(tx, actor, CHANGED, account_id, version, values)):
        return waits
    noted = values | (how_done(approved) if of_operator else {})
    if values["role"] != account.role or (values["active"] and not account.active):
        values["role_since"] = tx.now
    tx.run(update(ACCOUNTS).where(ACCOUNTS.c.id == account_id).values(**values, version=version + 1))
    close_sessions(tx, account_id)
    if values["role"] != account.role or not values["active"]:  # no key lives on that its owner can no longer see
        revoke_keys(tx, account_id)
    note(tx, actor, "changed", "account", account_id, **noted)
    return version + 1


def reset_password(
    tx: Transaction, actor: Actor, account_id: str, password: Password, approved: Approval | None = None
) -> NewAccount | Waits:
    """Give an account a new password, told once; its sessions end. It needs a second person.

    For a mentor the organisation may have chosen beforehand that one is enough: the other operators are told then.

    Raises:
        Refused: 404, or 409 where the account was changed since it was asked for, or it waits for approval already.
    """
    account = account_of(tx, actor, account_id)
    if approved is not None and approved.version != account.version:
        raise Refused(409, Trouble("version", "stale", approved.version))
    may_alone = account.role == "mentor" and mentor_reset_alone(tx, actor)
    if approved is None and may_alone and needs_second(tx, actor):
        keep_alone(tx, actor, RESET, account.id)
    elif approved is None and (waits := ask_second(tx, actor, RESET, account.id, account.version)):
        return waits
    _set_password(tx, account.id, password, one_time=True)
    close_sessions(tx, account.id)
    revoke_keys(tx, account.id)
    note(tx, actor, "reset_password", "account", account.id, **how_done(approved))
    return NewAccount(account.id, account.login, password.plain)


def organisation_of(tx: Transaction, actor: Actor) -> str:
    """The name of the asking organisation."""
    row = tx.one(select(ORGANISATIONS.c.name).where(ORGANISATIONS.c.id == actor.organisation_id))
    assert row is not None
    return str(row.name)


def accounts_of(tx: Transaction, actor: Actor) -> list[dict[str, Any]]:
    """The accounts of the operator's organisation."""
    mine = select(*_SEEN).where(ACCOUNTS.c.organisation_id == actor.organisation_id).order_by(ACCOUNTS.c.login)
    return [dict(row._mapping) for row in tx.all(mine)]


def see_accounts(tx: Transaction, actor: Actor, view: View) -> Page[Row[Any]]:
    """A page of the accounts of the operator's organisation."""
    c = ACCOUNTS.c
    mine = select(*_SEEN).where(c.organisation_id == actor.organisation_id)
    state = case((c.active, "open"), else_="closed")
    by = {"name": func.lower(c.name), "login": c.login, "of_role": c.role, "of_state": state}
    return page_in(tx, mine, by, c.id, view)


def mentors_of(tx: Transaction, actor: Actor, *, closed: bool = False) -> list[Row[Any]]:
    """The mentors of the asking organisation who may sign in, or whose account is `closed` as well: id and name."""
    here = (ACCOUNTS.c.organisation_id == actor.organisation_id) & (ACCOUNTS.c.role == "mentor")
    here = here if closed else here & ACCOUNTS.c.active
    return list(tx.all(select(ACCOUNTS.c.id, ACCOUNTS.c.name).where(here).order_by(ACCOUNTS.c.name)))


def lenders(tx: Transaction) -> list[Row[Any]]:
    """The organisations in which a lender may sign in: id and name."""
    real = ACCOUNTS.c.organisation_id.not_in(SANDBOXES)
    there = select(ACCOUNTS.c.organisation_id).where(ACCOUNTS.c.role == "lender", ACCOUNTS.c.active, real)
    some = select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).where(ORGANISATIONS.c.id.in_(there))
    return list(tx.all(some.order_by(ORGANISATIONS.c.name)))


def names_of(tx: Transaction, actor: Actor) -> dict[str, str]:
    """The name of every account of the asking organisation, by id."""
    mine = ACCOUNTS.c.organisation_id == actor.organisation_id
    return {row.id: row.name for row in tx.all(select(ACCOUNTS.c.id, ACCOUNTS.c.name).where(mine))}
