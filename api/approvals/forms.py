"""Reading what is sent about approvals."""

from __future__ import annotations

from api.web.forms import Form


def read_alone(form: Form) -> bool:
    """Whether one operator alone may give a mentor a new password."""
    alone = form.yes_no("alone")
    form.done()
    return alone
