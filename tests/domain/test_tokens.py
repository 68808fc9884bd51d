"""A token is text that says where somebody stands, whatever becomes of the partitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.failures import BadToken
from fairlead.tokens import Followed, read_token, write_token

NAMES = st.text(max_size=40).filter(lambda text: text.encode(errors="ignore").decode() == text)
PLACES = st.dictionaries(st.integers(0, 10_000), st.integers(0, 2**63 - 1), max_size=50)
# Of all ships, as it was written before tokens told their prefix.
EARLIER = "eyJvZiI6WyJzaGlwIixudWxsXSwiYXQiOnsiMCI6MSwiMyI6N319"


@given(NAMES, NAMES, st.none() | NAMES, PLACES)
def test_what_is_written_is_read(prefix: str, aggregate: str, entity_id: str | None, offsets: dict[int, int]) -> None:
    followed = Followed(prefix, aggregate, entity_id)
    token = write_token(followed, offsets)
    assert offsets == read_token(token, followed)
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=200))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        read_token(text, Followed("", "ship", None))


@given(NAMES, NAMES)
def test_a_token_is_of_the_topics_of_one_prefix(written: str, read: str) -> None:
    token = write_token(Followed(written, "ship", None), {0: 1})
    if written == read:
        assert {0: 1} == read_token(token, Followed(read, "ship", None))
    else:
        with pytest.raises(BadToken, match="Begin anew"):
            read_token(token, Followed(read, "ship", None))


@pytest.mark.parametrize("prefix", ["", "v2."])
def test_a_token_from_before_it_told_its_prefix_is_read(prefix: str) -> None:
    assert {0: 1, 3: 7} == read_token(EARLIER, Followed(prefix, "ship", None))
