"""The bounds of every field, stated once, so that a publisher and the service refuse the same input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
    TypeAdapter,
)
from pydantic.config import JsonDict

MAX_INTEGER = 2**53 - 1
MAX_ITEMS = 1_000
MAX_HISTORY_CHUNK = 500
MAX_SKIPPED = 1_000
MAX_VALUE_BYTES = 256 * 1024
# The id of whatever was sent, by which it is answered even where it is no command.
MAX_ID_LENGTH = 200

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INTEGER = r"0|-?[1-9][0-9]{0,18}|[1-9][0-9]{19}"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
# What the functions below check, of which pydantic cannot tell: no keyword of these checks anything here.
_PLAIN: JsonDict = {
    # Not a pattern that allows all others: some engines let `$` match before a line feed.
    "not": {"pattern": r"[\u0000-\u001f\u007f-\u009f]"},
    "description": "In Unicode normalization form NFC; no control characters, no lone surrogates.",
}
_MOMENT: JsonDict = {
    "pattern": f"^{_RFC_3339.pattern}$",
    "description": "RFC 3339, within the years 1 to 9999 in UTC; no leap seconds, hours 00 to 23, in the offset too.",
}
# To say it by another pattern would be another schema.
_ENDED = Field(description="Nothing behind its end: some engines let `$` match before a line feed.")


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("must be in Unicode normalization form NFC")
    return text


def _rfc_3339(value: object) -> object:
    # pydantic alone would also read a number of seconds, a bare date and a time without seconds.
    if not isinstance(value, datetime) and not (isinstance(value, str) and _RFC_3339.fullmatch(value)):
        raise ValueError("must be a time as of RFC 3339")
    return value


def _in_utc(moment: datetime) -> datetime:
    """The moment where every reader can count on from it; raises ValueError for one that UTC has no year for."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be within the years 1 to 9999 in UTC") from None


Text = Annotated[str, Field(min_length=1, max_length=200, json_schema_extra=_PLAIN), AfterValidator(_plain)]
Uuid = Annotated[str, StringConstraints(pattern=rf"^{_UUID}$"), _ENDED]
ShipId = Uuid
UserId = Annotated[str, StringConstraints(pattern=rf"^({_UUID}|{_INTEGER})$"), _ENDED]
Quantity = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Balance = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
BalanceChange = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Time = Annotated[
    AwareDatetime,
    Field(json_schema_extra=_MOMENT),
    Strict(strict=False),
    BeforeValidator(_rfc_3339),
    AfterValidator(_in_utc),
]
Version = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


Upcaster = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Message(BaseModel):
    """What every command and event is: strict, frozen, without fields that nobody declared.

    Its fields are those of its present version. `upcasters` lead there from version 1, each from one version to the
    next: pure functions of `data` as it was written, which they leave as it is. There is none for what is new.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    upcasters: ClassVar[tuple[Upcaster, ...]] = ()


def reader_of(model: type[Message]) -> Callable[[Any], Message]:
    """What reads a message of this class as its `model_validate` does, in two thirds of the time: that is Python."""
    read: Callable[[Any], Message] = TypeAdapter(model).validator.validate_python
    return read


class Sealed(Message):
    """A protected field: AES-256-GCM under the data key `kid`; `value` is Base64 of nonce, ciphertext and tag."""

    alg: Annotated[str, StringConstraints(pattern="^A256GCM$")]
    kid: Uuid
    value: Annotated[str, Field(min_length=1, max_length=2_000)]
