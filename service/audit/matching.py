"""Stand-ins for what the contract leaves open: equal to whatever fits, and afterwards only to that."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.audit.records import DataKey
from service.audit.text import is_uuid

_NONCE = 12
_TAG = 16
# So many paths are named in one message for certain.
_NAMED = 10
_SHOWN = 100
_UNKNOWN = "00000000-0000-0000-0000-000000000000"


class Open:
    """A text that fits a pattern; the first one compared with it is what a repeat has to say again."""

    __hash__ = None  # type: ignore[assignment]  # equal to many

    def __init__(self, pattern: str = ".+", example: str = "a reason") -> None:
        self.example = example
        self._pattern = re.compile(pattern, re.DOTALL)
        self._said: str | None = None

    def __eq__(self, other: object) -> bool:
        """Whether the other is the text that was said, or may be said now."""
        if not isinstance(other, str) or (self._said is None and not self._pattern.fullmatch(other)):
            return False
        if self._said is None:
            self._said = other
        return other == self._said

    def __repr__(self) -> str:
        """What would fit."""
        return repr(self._said) if self._said is not None else f"a text like /{self._pattern.pattern}/"


def naming(paths: list[str]) -> Open:
    """A message that names every fault's path; the wording after a path is free."""
    # A service may cut a long name short as well.
    wanted = [
        rf"(?:^|.*; ){re.escape(path[:_SHOWN])}{'.*' if len(path) > _SHOWN else '(?:[.][^:]*)?'}: " for path in paths
    ]
    if len(paths) > _NAMED:
        # A service may cut a long list short; then any one of them has to be there.
        return Open("(?:" + "|".join(wanted) + ").+", f"{paths[0]}: wrong; and more")
    return Open("".join(f"(?={path})" for path in wanted) + ".+", "; ".join(f"{path}: wrong" for path in paths))


class Positive:
    """An integer above 0."""

    __hash__ = None  # type: ignore[assignment]  # equal to many

    def __eq__(self, other: object) -> bool:
        """Whether the other is one."""
        return type(other) is int and other > 0

    def __repr__(self) -> str:
        """What would fit."""
        return "an integer above 0"


class OpaqueDigests:
    """The digests of one entity whose key is not known: equal for equal content, different for different."""

    def __init__(self) -> None:
        self._by_content: dict[bytes, OpaqueDigest] = {}
        self.owners: dict[str, OpaqueDigest] = {}

    def of(self, content: bytes) -> OpaqueDigest:
        """The stand-in for the digest of a content."""
        return self._by_content.setdefault(content, OpaqueDigest(content, self))


class OpaqueDigest:
    """The digest of a content under a key that is not known."""

    __hash__ = None  # type: ignore[assignment]  # equal to many

    def __init__(self, content: bytes, siblings: OpaqueDigests) -> None:
        self.content = content
        self._siblings = siblings
        self._said: str | None = None

    def __eq__(self, other: object) -> bool:
        """Whether the other may be it, or is what it was before."""
        if not isinstance(other, str) or not re.fullmatch("[0-9a-f]{32}", other):
            return False
        if self._siblings.owners.setdefault(other, self) is not self:
            return False
        self._said = self._said or other
        return other == self._said

    def __repr__(self) -> str:
        """What would fit."""
        return self._said or "a digest that no other content has"


class Sealed:
    """A protected field that opens to this text; only its shape is looked at where there is no key to open it."""

    __hash__ = None  # type: ignore[assignment]  # equal to many

    def __init__(self, text: str, context: bytes, key: DataKey | None, *, have_keys: bool) -> None:
        self.text = text
        self.context = context
        self._key = key
        self._have_keys = have_keys

    def __eq__(self, other: object) -> bool:
        """Whether the other is well formed and, with the key at hand, seals this text."""
        if not isinstance(other, dict) or set(other) != {"alg", "kid", "value"} or other["alg"] != "A256GCM":
            return False
        raw = _bytes(other["value"])
        if raw is None or not is_uuid(other["kid"]):
            return False
        if len(raw) != _NONCE + len(self.text.encode()) + _TAG:
            return False
        if self._key is None:
            return not self._have_keys
        if not is_of(self._key, other["kid"]):
            return False
        return self._key.secret is None or opened(other, self.context, self._key.secret) == self.text.encode()

    def __repr__(self) -> str:
        """What would fit, without telling the text."""
        return f"a protected field under key {self._key.kid if self._key else '(unknown)'}"


def name_context(user_id: str) -> bytes:
    """What a user's name is sealed together with, so that it opens nowhere else."""
    return f"user\n{user_id}\nusername".encode()


def is_of(key: DataKey, kid: Any) -> bool:
    """Whether this key sealed what names that one: of who was not in a backup the key is gone, and was never known."""
    return kid == key.kid or (key.secret is None and key.kid == _UNKNOWN)


def opened(sealed: Any, context: bytes, secret: bytes) -> bytes | None:
    """What is in a protected field, None where this key does not open it here."""
    raw = _bytes(sealed["value"])
    if raw is None or len(raw) < _NONCE + _TAG:
        return None
    try:
        return AESGCM(secret).decrypt(raw[:_NONCE], raw[_NONCE:], context)
    except InvalidTag:
        return None


def _bytes(value: Any) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
