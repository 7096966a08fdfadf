"""The endpoints of webhooks: a lender's own, and to which hosts an operator lets them go."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from litestar import Response, delete, get, post
from litestar.params import FromPath, RawBody

from api.settings import Settings
from api.web.asking import Asking, answer_json, ask, in_thread, look_up
from api.web.forms import Form
from api.webhooks import service
from api.webhooks.addresses import Network, networks_of
from api.webhooks.tables import LONGEST_HOST


def read_url(form: Form) -> str:
    """Read where a webhook is to go."""
    url = form.text("url", most=2000)
    form.done()
    return url


def read_host(form: Form) -> str:
    """Read a host."""
    host = form.text("host", most=LONGEST_HOST)
    form.done()
    return host


def networks(request: Asking) -> tuple[Network, ...]:
    """The networks to which this service may send beside the open internet."""
    settings: Settings = request.app.state.settings
    return networks_of(settings.webhook_network)


@get("/api/v1/webhooks")
@in_thread
def get_webhooks(request: Asking) -> Response[bytes]:
    """List one's webhooks: whether they work, what waits, what failed and why."""
    return answer_json({"webhooks": [asdict(one) for one in look_up(request, service.webhooks_of)]})


@post("/api/v1/webhooks", status_code=201)
@in_thread
def post_webhook(request: Asking, body: RawBody) -> Response[bytes]:
    """Have every change from now on sent to {url}; the secret that signs is told this once."""
    url = read_url(Form.of_json(body))
    webhook, secret = ask(request, service.add, url, networks(request))
    return answer_json({"id": webhook, "secret": secret, "told_once": True}, 201)


@post("/api/v1/webhooks/{webhook_id:str}/secret", status_code=200)
@in_thread
def post_secret(request: Asking, webhook_id: FromPath[str]) -> Response[bytes]:
    """Give a webhook a new secret, told this once; for a day what is sent is signed with the one before, too."""
    return answer_json({"secret": ask(request, service.rotate, webhook_id), "told_once": True})


@post("/api/v1/webhooks/{webhook_id:str}/again", status_code=200)
@in_thread
def post_again(request: Asking, webhook_id: FromPath[str]) -> Response[bytes]:
    """Send again what failed, and at once what waits."""
    return answer_json({"again": ask(request, service.try_again, webhook_id)})


@delete("/api/v1/webhooks/{webhook_id:str}", status_code=200)
@in_thread
def delete_webhook(request: Asking, webhook_id: FromPath[str]) -> Response[bytes]:
    """Stop a webhook, for good."""
    ask(request, service.stop, webhook_id)
    return answer_json({"stopped": True})


@get("/api/v1/webhook-hosts")
@in_thread
def get_hosts(request: Asking) -> Response[bytes]:
    """List to which hosts webhooks may go."""
    return answer_json({"hosts": look_up(request, service.see_hosts)})


@post("/api/v1/webhook-hosts", status_code=201)
@in_thread
def post_host(request: Asking, body: RawBody) -> Response[bytes]:
    """Let webhooks go to {host}: a name, with its port where that is not 443."""
    return answer_json({"host": ask(request, service.allow, read_host(Form.of_json(body)))}, 201)


@delete("/api/v1/webhook-hosts/{host:str}", status_code=200)
@in_thread
def delete_host(request: Asking, host: FromPath[str]) -> Response[bytes]:
    """Let webhooks no longer go to a host."""
    ask(request, service.disallow, host)
    return answer_json({"disallowed": True})


HANDLERS: Final[tuple[Any, ...]] = (
    get_webhooks,
    post_webhook,
    post_secret,
    post_again,
    delete_webhook,
    get_hosts,
    post_host,
    delete_host,
)
