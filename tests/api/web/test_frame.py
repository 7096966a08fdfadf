"""What every page shares: a home and a menu for every role, words for every code."""

import pytest

from api.accounts.api_keys import SCOPES
from api.accounts.tables import ROLES
from api.assessments.disagreement import CODES as WHY
from api.assessments.disagreement import DECISIONS
from api.assessments.pages import STATUSES
from api.consents.purposes import CHANNELS, PURPOSES
from api.web.frame import HOMES, MENU
from matcher.programme.entries import PROOFS
from words.catalogues import catalogue


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("role", ROLES),
        ("purpose", PURPOSES),
        ("channel", CHANNELS),
        ("proof", PROOFS),
        ("scope", SCOPES),
        ("why", WHY),
        ("decision", DECISIONS),
        ("status", STATUSES),
        ("cause", ("asked", "rescreened")),
        ("affordable", ("yes", "no", "unknown")),
    ],
)
def test_every_code_has_a_name(kind, codes):
    assert set(catalogue("id").codes(kind)) == set(codes)


def test_every_role_has_a_home_and_a_menu():
    assert set(HOMES) == set(MENU) == set(ROLES)
