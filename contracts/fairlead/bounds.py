"""The bounds of every field, stated once, so that a publisher and the service refuse the same input."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_INTEGER = 2**53 - 1
MAX_ITEMS = 1_000
MAX_HISTORY_CHUNK = 500
MAX_VALUE_BYTES = 256 * 1024

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if _CONTROL.search(text):
        msg = "must not contain control characters"
        raise ValueError(msg)
    if not unicodedata.is_normalized("NFC", text):
        msg = "must be in Unicode normalization form NFC"
        raise ValueError(msg)
    return text


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Uuid = Annotated[str, StringConstraints(pattern=rf"^{_UUID}$")]
ShipId = Uuid
UserId = Annotated[str, StringConstraints(pattern=rf"^({_UUID}|-?(0|[1-9][0-9]{{0,18}}))$")]
Quantity = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Balance = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
BalanceChange = Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Version = Annotated[int, Field(ge=1, le=MAX_INTEGER)]


class Message(BaseModel):
    """What every command and event is: strict, frozen, without fields that nobody declared."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Sealed(Message):
    """A protected field: AES-256-GCM under the data key `kid`; `value` is Base64 of nonce, ciphertext and tag."""

    alg: Annotated[str, StringConstraints(pattern="^A256GCM$")]
    kid: Uuid
    value: Annotated[str, Field(min_length=1, max_length=2_000)]
