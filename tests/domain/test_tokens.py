"""A token is text that says where somebody stands, whatever becomes of the partitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.failures import BadToken
from fairlead.tokens import read_token, write_token

NAMES = st.text(max_size=40).filter(lambda text: text.encode(errors="ignore").decode() == text)
PLACES = st.dictionaries(st.integers(0, 10_000), st.integers(0, 2**63 - 1), max_size=50)


@given(NAMES, st.none() | NAMES, PLACES)
def test_what_is_written_is_read(aggregate: str, entity_id: str | None, offsets: dict[int, int]) -> None:
    token = write_token(aggregate, entity_id, offsets)
    assert offsets == read_token(token, aggregate, entity_id)
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=200))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        read_token(text, "ship", None)
