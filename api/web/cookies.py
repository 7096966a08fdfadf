"""Cookies of ours: how they are called, read and set."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie


def cookie_of(connection: ASGIConnection[Any, Any, Any, Any], name: str) -> str:
    """A cookie of ours that a browser sends; "" without one."""
    return connection.cookies.get(cookie_name(name, https=connection.app.state.https), "")


def cookie_name(name: str, *, https: bool) -> str:
    """A cookie's name; where browsers come by HTTPS it is one that no other site of the same domain can set."""
    return f"__Host-{name}" if https else name


def cookie(name: str, value: str, age: timedelta, *, https: bool) -> Cookie:
    """A cookie that no script reads and that goes with no request from another site."""
    seconds, key = int(age.total_seconds()), cookie_name(name, https=https)
    return Cookie(key=key, value=value, path="/", max_age=seconds, httponly=True, samesite="strict", secure=https)
