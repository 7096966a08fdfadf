"""Bodies that are JSON, and bodies that are not: read or refused with a reason, never anything else."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.strict_json import DEEPEST, UnreadableBody, read_json


def nested(levels):
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "body_empty"),
        (b" \n ", "body_empty"),
        (b'{"a": "\xff"}', "body_not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "body_not_utf8"),
        (b'{"a": 1', "body_not_json"),
        (b"{'a': 1}", "body_not_json"),
        (b"a=1", "body_not_json"),
        (nested(DEEPEST + 1), "body_too_deep"),
        (nested(100_000), "body_too_deep"),
        (b'{"a":' * 100_000, "body_too_deep"),
    ],
)
def test_what_is_no_json_is_refused_with_its_reason(content, code):
    with pytest.raises(UnreadableBody) as caught:
        read_json(content)
    assert caught.value.message.code == code


def test_the_place_of_a_mistake_is_named():
    with pytest.raises(UnreadableBody) as caught:
        read_json(b'{\n  "a": 1,\n  "b" 2\n}')
    assert caught.value.message.args == {"line": 3, "column": 7}


def test_keys_that_stand_twice_are_named_wherever_they_stand():
    assert read_json(b'{"a": 1, "b": {"c": 1, "c": 2, "c": 3}, "a": 4}').twice == ["c", "c", "a"]


def test_nesting_up_to_the_limit_is_read():
    assert read_json(nested(DEEPEST)).twice == []


def test_a_byte_order_mark_is_no_mistake():
    assert read_json(b"\xef\xbb\xbf{}").value == {}


def test_a_number_without_end_becomes_infinite_instead_of_failing():
    assert read_json(b'{"a": ' + b"9" * 6000 + b"}").value == {"a": math.inf}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with contextlib.suppress(UnreadableBody):
        read_json(content)
