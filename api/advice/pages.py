"""Pages: what Kail is, for a person with a browser. Plain HTML that works without scripts on a small screen."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

from litestar import HttpMethod, Request, Response, route
from litestar.di import NamedDependency

from api.record.live import Live
from api.web.errors import language_of
from api.web.frame import page
from words.telling import teller

EXAMPLE: Final = {
    "signals": {
        "business_running": True,
        "business_age_months": 24,
        "wants_capital": True,
        "amount_asked": 5000000,
        "monthly_profit": 3000000,
        "nib": False,
    },
}
"""The request shown on the page; a test sends it."""
_HOST: Final = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


@route("/", http_method=[HttpMethod.GET, HttpMethod.HEAD], sync_to_thread=False, include_in_schema=False)
def get_home(request: Request[Any, Any, Any], live: NamedDependency[Live]) -> Response[bytes]:
    """Show what Kail is, the steps, the tiers and how to call it."""
    language = language_of(request)
    rules = live.rules
    t = teller(rules, language)
    context: dict[str, Any] = {
        "programme": t.text(rules.programme.name),
        "about": t.text(rules.programme.about),
        "steps": [(t.text(r.step.name), t.text(r.step.about), t.text(r.step.evidence)) for r in rules.steps],
        "tiers": [(t.text(r.tier.name), t.text(r.tier.offers)) for r in reversed(rules.tiers)],
        "tier_notice": t.text(rules.programme.tier_notice),
        "counts": {
            "signals": len(rules.signals),
            "interventions": len(rules.interventions),
            "products": len(rules.products),
        },
        "curl": curl(address(request), language, rules.programme.languages),
        "languages": rules.programme.languages,
    }
    return page(request, "home.html", **context)


def curl(base: str, language: str, spoken: Sequence[str]) -> str:
    """Return a command that can be pasted into a terminal."""
    body = json.dumps(EXAMPLE | ({} if language == spoken[0] else {"language": language}), indent=2)
    return f"curl {base}/api/v1/recommendations \\\n  -H 'Content-Type: application/json' \\\n  -d '{body}'"


def address(request: Request[Any, Any, Any]) -> str:
    """Return the address under which this service was called, if it looks like one."""
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host if _HOST.fullmatch(host) else '127.0.0.1:8000'}"


HANDLERS: Final = (get_home,)
