"""Where somebody stands in the events, as text to be kept anywhere."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple, NotRequired

import orjson
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from fairlead.failures import BadToken
from fairlead.transport import Offsets


class Followed(NamedTuple):
    """Whose events a token is of; the prefix too, since offsets say nothing of the topics that somebody moved to."""

    prefix: str
    aggregate: str
    entity_id: str | None


class _Token(TypedDict):
    of: tuple[str, str | None]
    at: dict[int, int]
    # Earlier releases wrote none, and read tokens that have one.
    prefix: NotRequired[str]


_ADAPTER = TypeAdapter(_Token)


def write_token(followed: Followed, offsets: Offsets) -> str:
    """Offsets by partition, not by place in a list: partitions may be added, and are then read from the beginning."""
    at = {str(partition): offset for partition, offset in offsets.items()}
    prefix, *of = followed
    return urlsafe_b64encode(orjson.dumps({"of": of, "at": at, "prefix": prefix})).decode().rstrip("=")


def read_token(token: str, followed: Followed) -> dict[int, int]:
    """The offsets that it holds; raises BadToken."""
    try:
        found = _ADAPTER.validate_json(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValidationError, binascii.Error, ValueError):
        msg = f"{token[:80]!r} is no token"
        raise BadToken(msg) from None
    prefix, *of = followed
    if [*found["of"]] != of:
        told, asked = (" ".join(filter(None, which)) for which in (found["of"], of))
        msg = f"The token is of the events of {told}, not of {asked}"
        raise BadToken(msg)
    if (theirs := found.get("prefix", prefix)) != prefix:
        msg = (
            f"The token is of topics with the prefix {theirs!r}, not of those with {prefix!r}, where its offsets say "
            "nothing. Begin anew without a token"
        )
        raise BadToken(msg)
    return found["at"]
