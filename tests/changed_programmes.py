"""OK OCE with one place written otherwise, and the same record served with it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from api.accounts.cookies import COOKIE
from api.accounts.sessions import open_session
from api.app import create_app
from api.record.live import Live, go_live
from api.settings import Settings
from matcher.programme.loading import OKOCE
from tests.installation import Installation

PRODUCT = r'(\nid = "{product}"\n(?:(?!\nid = ).)*?'
"""The beginning of a pattern within one product's entry, to be closed by the part that stays and the part that goes."""
OLDER = ("kur_super_mikro", r"business_age_months\", at_least = )6", "600")
DEARER = ("kur_super_mikro", r"rate_percent = )3\b", "9")
ANOTHER_LETTER = ("kur_super_mikro", r'\{ signal = "sku", is = true \})', ', { signal = "npwp", is = true }')


def changed(folder: Path, *changes: tuple[str, str, str]) -> Path:
    """Write OK OCE into a folder with some places of its products written otherwise; return the folder."""
    shutil.copytree(OKOCE, folder)
    file = folder / "products.toml"
    text = file.read_text(encoding="utf-8")
    for product, place, instead in changes:
        pattern = PRODUCT.format(product=product) + place
        text, times = re.subn(pattern, lambda found, new=instead: found[1] + new, text, count=1, flags=re.DOTALL)
        assert times == 1, pattern
    file.write_text(text, encoding="utf-8")
    return folder


def live_with(kail: Installation, programme: Path) -> Live:
    """What the installation would answer with under another programme."""
    return go_live(replace(kail.settings, programme=programme, model="none"), kail.clock)


@contextmanager
def served(kail: Installation, programme: Path, login: str) -> Iterator[TestClient[Any]]:
    """The record of an installation served with another programme, to somebody signed in."""
    settings: Settings = replace(kail.settings, programme=programme, model="none")
    with TestClient(create_app(settings, clock=kail.clock)) as client:
        with kail.record.write() as tx:
            client.cookies.set(COOKIE, open_session(tx, kail.actors[login].account_id))
        yield client
