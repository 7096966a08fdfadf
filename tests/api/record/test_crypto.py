"""Sealing: nothing sealed can be moved, changed or read without its key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api.participants.rights import tables_of_people
from api.record.crypto import Tampered, seal, seal_json, unseal, unseal_json
from tests.keys import key_of

KEY = bytes(range(32))


@given(content=st.binary(max_size=300), flipped=st.integers(0), place=st.text(max_size=30))
def test_a_bit_changed_anywhere_is_refused(content, flipped, place):
    place = place.encode("utf-8", "replace").decode()
    sealed = bytearray(seal(KEY, content, place))
    assert unseal(KEY, bytes(sealed), place) == content
    flipped %= len(sealed) * 8
    sealed[flipped // 8] ^= 1 << flipped % 8
    with pytest.raises(Tampered):
        unseal(KEY, bytes(sealed), place)


def test_every_bit_and_every_length_counts():
    sealed = seal_json(KEY, {"nik": "3174012345678901"}, "participants.sealed:a")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            unseal_json(KEY, bytes(changed), "participants.sealed:a")
    for length in range(len(sealed)):
        with pytest.raises(Tampered):
            unseal_json(KEY, sealed[:length], "participants.sealed:a")
    with pytest.raises(Tampered):
        unseal_json(KEY, sealed + b"\0", "participants.sealed:a")


def test_no_two_sealings_are_alike():
    assert len({seal(KEY, b"same", "p") for _ in range(1000)}) == 1000


def test_what_was_sealed_for_one_place_is_refused_at_every_other(small_kail):
    """Every pair of sealed fields in a record of three people, two of them with the same key tried as well."""
    kail = small_kail
    with kail.client() as client:
        mentor, operator = kail.headers("mentor"), kail.headers("operator")
        for _ in range(3):
            person = kail.participant()
            kail.evidence(person)
            made = client.post(f"/api/v1/participants/{person}/assessments", json={}, headers=mentor).json()
            chosen = made["core"]["interventions"][1][0]
            override = {"chosen": chosen, "code": "other", "note": "words"}
            assert (
                client.post(f"/api/v1/assessments/{made['id']}/override", json=override, headers=mentor).status_code
                == 201
            )
            words = {"words": "no"}
            answer = client.post(f"/api/v1/assessments/{made['id']}/objection", json=words, headers=mentor)
            objected = answer.json()["id"]
            decided = {"decision": "rejected", "reason": "because"}
            assert (
                client.post(f"/api/v1/objections/{objected}/decision", json=decided, headers=operator).status_code
                == 200
            )
    fields = []
    with kail.record.read() as tx:
        for table in tables_of_people():
            for row in tx.all(select(table)):
                for column in table.columns:
                    if column.info.get("sealed") and row._mapping[column.name]:
                        key = key_of(tx.vault, row._mapping[table.info["person"]])
                        fields.append((f"{table.name}.{column.name}:{row.id}", key, row._mapping[column.name]))
    assert len({place.partition(":")[0] for place, _, _ in fields}) == 8
    refused = 0
    for place, key, _ in fields:
        for other, _, sealed in fields:
            if other != place:
                with pytest.raises(Tampered):
                    unseal(key, sealed, place)
                refused += 1
            else:
                assert unseal(key, sealed, place)
    assert refused == len(fields) * (len(fields) - 1) > 1000
