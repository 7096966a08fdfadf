"""The pages of webhooks: a lender's, and an operator's of the hosts to which they may go."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, RawBody

from api.web.asking import Asking, ask, in_thread, look_up
from api.web.forms import Form
from api.web.frame import go, page
from api.web.typed import NOTHING, Typed, attempt
from api.webhooks import service
from api.webhooks.endpoints import networks, read_host, read_url


@get("/webhooks")
@in_thread
def get_webhooks(request: Asking) -> Response[Any]:
    """Show a lender its webhooks."""
    return _webhooks_page(request)


def _webhooks_page(request: Asking, typed: Typed = NOTHING, *, status: int = 0, made: str = "") -> Response[Any]:
    """`made`: a secret, shown this once."""

    context = {"found": look_up(request, service.webhooks_of), "made": made}
    return page(request, "webhooks.html", typed=typed, status=status, here="/webhooks", **context)


@post("/webhooks")
@in_thread
def post_webhook(request: Asking, body: RawBody) -> Response[Any]:
    """Set up a webhook and show its secret once."""

    def add(form: Form) -> Response[Any]:
        _, secret = ask(request, service.add, read_url(form), networks(request))
        return _webhooks_page(request, status=201, made=secret)

    return attempt(request, body, add, lambda typed: _webhooks_page(request, typed))


@post("/webhooks/{webhook_id:str}/secret")
@in_thread
def post_secret(request: Asking, webhook_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Give a webhook a new secret and show it once."""

    def rotate(form: Form) -> Response[Any]:
        form.done()
        return _webhooks_page(request, status=201, made=ask(request, service.rotate, webhook_id))

    return attempt(request, body, rotate, lambda typed: _webhooks_page(request, typed))


@post("/webhooks/{webhook_id:str}/again")
@in_thread
def post_again(request: Asking, webhook_id: FromPath[str], body: RawBody) -> Response[Any]:
    """Send again what failed."""

    def again(form: Form) -> Response[Any]:
        form.done()
        ask(request, service.try_again, webhook_id)
        return go(request, "/webhooks", "sent_again")

    return attempt(request, body, again, lambda typed: _webhooks_page(request, typed))


@post("/webhooks/{webhook_id:str}/stop")
@in_thread
def post_stop(request: Asking, webhook_id: FromPath[str]) -> Response[Any]:
    """Stop a webhook."""
    ask(request, service.stop, webhook_id)
    return go(request, "/webhooks", "webhook_stopped")


@get("/webhook-hosts")
@in_thread
def get_hosts(request: Asking) -> Response[Any]:
    """Show an operator to which hosts webhooks may go."""
    return _hosts_page(request)


def _hosts_page(request: Asking, typed: Typed = NOTHING) -> Response[Any]:
    found = look_up(request, service.see_hosts)
    return page(request, "webhook_hosts.html", typed=typed, here="/webhook-hosts", found=found)


@post("/webhook-hosts")
@in_thread
def post_host(request: Asking, body: RawBody) -> Response[Any]:
    """Let webhooks go to a host."""

    def allow(form: Form) -> Response[Any]:
        ask(request, service.allow, read_host(form))
        return go(request, "/webhook-hosts", "host_allowed")

    return attempt(request, body, allow, lambda typed: _hosts_page(request, typed))


@post("/webhook-hosts/end")
@in_thread
def post_end(request: Asking, body: RawBody) -> Response[Any]:
    """Let webhooks no longer go to a host."""

    def disallow(form: Form) -> Response[Any]:
        ask(request, service.disallow, read_host(form))
        return go(request, "/webhook-hosts", "host_disallowed")

    return attempt(request, body, disallow, lambda typed: _hosts_page(request, typed))


HANDLERS: Final[tuple[Any, ...]] = (
    get_webhooks,
    post_webhook,
    post_secret,
    post_again,
    post_stop,
    get_hosts,
    post_host,
    post_end,
)
