"""What the README shows is what Kail answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from api.app import create_app
from api.settings import Settings

PATH = "/api/v1/recommendations"
README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_answer_shown_is_part_of_the_real_answer():
    request, shown = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL))
    with TestClient(create_app(Settings())) as client:
        answer = client.post(PATH, json=request).json()
    assert missing(shown, answer) == []


def test_a_phone_can_carry_the_answer_and_gets_all_of_it_on_demand():
    request = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    with TestClient(create_app(Settings())) as client:
        for language in ("id", "en"):
            body = request | {"language": language}
            plain, full = (client.post(f"{PATH}?detail={detail}", json=body) for detail in ("plain", "full"))
            assert len(plain.content) < 25_000 < len(full.content)


def test_the_two_commands_come_first():
    first = re.search(r"```\n(.*?)```", README, re.DOTALL)
    assert first is not None
    assert [line.split("#")[0].strip() for line in first[1].splitlines()] == [
        "python3 dev.py run",
        "python3 dev.py test",
    ]


def missing(part: Any, whole: Any, where: str = "answer") -> list[str]:
    """Every value of `part` that `whole` does not hold in the same place."""
    if isinstance(part, dict):
        return [found for key in part for found in missing(part[key], whole.get(key), f"{where}.{key}")]
    if isinstance(part, list):
        if len(part) != len(whole):
            return [f"{where}: {len(part)} shown, {len(whole)} answered"]
        return [found for n, one in enumerate(part) for found in missing(one, whole[n], f"{where}[{n}]")]
    return [] if part == whole else [f"{where}: {part!r} shown, {whole!r} answered"]
