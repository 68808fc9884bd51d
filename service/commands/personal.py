"""Personal data is sealed under a key of its own person, so that destroying the key destroys every copy."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairlead.bounds import Message, Sealed

_Event = TypeVar("_Event", bound=Message)

_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class DataKey:
    """A person's key; `secret` is 32 bytes, or None once the person has been erased."""

    kid: str
    secret: bytes | None = field(repr=False)


class KeyErased(LookupError):
    """The key is gone, and what it sealed with it."""


def _context(aggregate: str, entity_id: str, field: str) -> bytes:
    return f"{aggregate}\n{entity_id}\n{field}".encode()


def seal(key: DataKey, aggregate: str, entity_id: str, field: str, text: str) -> dict[str, str]:
    """The protected form of a text; raises KeyErased."""
    if key.secret is None:
        raise KeyErased(entity_id)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key.secret).encrypt(nonce, text.encode(), _context(aggregate, entity_id, field))
    return {"alg": "A256GCM", "kid": key.kid, "value": base64.b64encode(nonce + sealed).decode()}


def open_sealed(key: DataKey, aggregate: str, entity_id: str, field: str, sealed: Mapping[str, str]) -> str:
    """The text again; raises KeyErased, and cryptography's InvalidTag where it was altered or moved."""
    if key.secret is None:
        raise KeyErased(entity_id)
    raw = base64.b64decode(sealed["value"])
    nonce, ciphertext = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
    return AESGCM(key.secret).decrypt(nonce, ciphertext, _context(aggregate, entity_id, field)).decode()


def protected(event: _Event, fields: Sequence[str], aggregate: str, entity_id: str, key: DataKey | None) -> _Event:
    """The event with these fields sealed; raises KeyErased, and LookupError where there is no key at all."""
    if not fields:
        return event
    if key is None:
        raise LookupError(f"No data key for {entity_id}: its {type(event).__name__} must not be written in plain text")
    sealed = {name: Sealed(**seal(key, aggregate, entity_id, name, getattr(event, name))) for name in fields}
    return event.model_copy(update=sealed)
