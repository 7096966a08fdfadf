"""What was typed into a form: read, and kept where it may be."""

import pytest

from api.record.refusals import Refused, Trouble
from api.web.typed import NOTHING, Typed, fields_of


def test_a_field_that_stands_twice_is_a_list():
    assert fields_of(b"a=1&b=x%20y&a=2&c=&a=3&d=1%0D%0A2") == {"a": ["1", "2", "3"], "b": "x y", "c": "", "d": "1\n2"}


@pytest.mark.parametrize("body", [b"a=%ff", b"\xff", b"a&" * 600])
def test_what_is_no_form_is_refused(body):
    with pytest.raises(Refused) as refused:
        fields_of(body)
    assert [trouble.code for trouble in refused.value.troubles] == ["bad_form"]


def test_passwords_are_never_kept():
    refused = Refused(400, Trouble("old", "wrong_old_password"))
    typed = Typed.after(refused, {"old": "a", "new": "b", "password": "c", "confirm": "d", "login": "e"}, "id")
    assert typed.fields == {"login": "e"}


def test_a_problem_calls_its_field_what_the_page_calls_it():
    refused = Refused(400, Trouble("own_id", "wanted", name="own_id"))
    assert Typed.after(refused, {}, "en").problems[0]["message"] == "Number in your organisation is missing."
    assert NOTHING.wrong("own_id") == []
