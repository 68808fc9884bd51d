"""Partition, ids and digest, computed from the contract's words alone."""

from __future__ import annotations

import json
from functools import lru_cache
from hashlib import blake2b
from typing import Any

# An encoder that is made once: `json.dumps` would make one for each call.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


@lru_cache(maxsize=100_000)
def murmur2(key: bytes) -> int:
    """Kafka's murmur2 of a key, unsigned."""
    h = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * _M & _MASK
        h = (h * _M & _MASK) ^ ((k ^ k >> 24) * _M & _MASK)
    if tail := key[whole:]:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that a key belongs to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def uuid8(*parts: object) -> str:
    """The UUIDv8 of BLAKE2b-128 over the parts, a line each."""
    text = "\n".join(map(str, parts))
    raw = bytearray(blake2b(text.encode(), digest_size=16).digest())
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def content(type_: str, schema_version: int, expected_version: int | None, data: Any) -> bytes:
    """What makes two commands the same, as canonical JSON."""
    parts = [type_, schema_version, expected_version, data]
    return _CANONICAL.encode(parts).encode("utf-8", "surrogatepass")


def digest(canonical: bytes, key: bytes = b"") -> str:
    """The `commanddigest` of a content."""
    return blake2b(canonical, digest_size=16, key=key).hexdigest()
