"""Where somebody stands in the events, as text to be kept anywhere."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic wants this one before Python 3.12

from fairlead.failures import BadToken
from fairlead.transport import Offsets


class _Token(TypedDict):
    of: tuple[str, str | None]
    at: dict[int, int]


_ADAPTER = TypeAdapter(_Token)


def write_token(aggregate: str, entity_id: str | None, offsets: Offsets) -> str:
    """Offsets by partition, not by place in a list: partitions may be added, and are then read from the beginning."""
    at = {str(partition): offset for partition, offset in offsets.items()}
    return urlsafe_b64encode(orjson.dumps({"of": [aggregate, entity_id], "at": at})).decode().rstrip("=")


def read_token(token: str, aggregate: str, entity_id: str | None) -> dict[int, int]:
    """The offsets that it holds; raises BadToken."""
    try:
        found = _ADAPTER.validate_json(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValidationError, binascii.Error, ValueError):
        msg = f"{token[:80]!r} is no token"
        raise BadToken(msg) from None
    if found["of"] != (aggregate, entity_id):
        told = " ".join(filter(None, found["of"]))
        msg = f"The token is of the events of {told}, not of {' '.join(filter(None, (aggregate, entity_id)))}"
        raise BadToken(msg)
    return found["at"]
