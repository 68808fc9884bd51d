"""Ids, digests and times follow from the contract alone: each is computed here again as its text says."""

from __future__ import annotations

import json
from hashlib import blake2b
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from service.commands.identity import digest, event_id, render_time, reply_id
from service.commands.personal import DataKey, KeyErased, open_sealed, seal
from tests.domain.partition import entity_id

COMMAND = "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11"
KEY = DataKey(entity_id(1), bytes(range(32)))


def by_the_contract(text: str) -> str:
    bits = int.from_bytes(blake2b(text.encode(), digest_size=16).digest())
    bits = bits & ~(0xF << 76) | 8 << 76
    bits = bits & ~(0x3 << 62) | 2 << 62
    return str(UUID(int=bits))


def test_an_event_id_follows_from_aggregate_entity_version_and_command() -> None:
    expected = by_the_contract(f"ship\n{entity_id(1)}\n3\n{COMMAND}")
    assert expected == event_id("ship", entity_id(1), 3, COMMAND)
    assert 8 == UUID(expected).version


def test_a_reply_id_follows_from_the_place_of_its_command() -> None:
    assert by_the_contract("ship\nreply\n2\n17") == reply_id("ship", 2, 17)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.none() | st.integers(0, 2**53 - 1))
def test_a_digest_is_of_canonical_json(text: str, expected_version: int | None) -> None:
    data = {"b": text, "a": 1}
    canonical = json.dumps(
        ["load_cargo", 1, expected_version, data], separators=(",", ":"), sort_keys=True, ensure_ascii=False
    )
    expected = blake2b(canonical.encode(), digest_size=16).hexdigest()
    assert expected == digest(data, expected_version, "load_cargo", 1)


@pytest.mark.parametrize(
    ("micros", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_544_400_123_000, "2026-11-24T18:20:00.123Z"),
        (1_795_544_400_123_456, "2026-11-24T18:20:00.123456Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_has_three_decimals_or_six_where_they_say_more(micros: int, expected: str) -> None:
    assert expected == render_time(micros)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_was_sealed_opens_under_its_own_key_and_place(text: str) -> None:
    sealed = seal(KEY, "user", "42", "username", text)
    assert text == open_sealed(KEY, "user", "42", "username", sealed)
    with pytest.raises(InvalidTag):
        open_sealed(KEY, "user", "43", "username", sealed)
    with pytest.raises(InvalidTag):
        open_sealed(DataKey(KEY.kid, bytes(32)), "user", "42", "username", sealed)


def test_without_the_key_nothing_opens() -> None:
    sealed = seal(KEY, "user", "42", "username", "test_user")
    erased = DataKey(KEY.kid, None)
    with pytest.raises(KeyErased):
        open_sealed(erased, "user", "42", "username", sealed)
    with pytest.raises(KeyErased):
        seal(erased, "user", "42", "username", "test_user")
