"""Whether a person's name is sealed in its event, under the key that the key store has."""

from __future__ import annotations

from typing import Any

from service.audit.matching import is_of, name_context, opened
from service.audit.records import Json, Keys


def seal_fault(user_id: str, data: Any, keys: Keys | None) -> str | None:
    """What is wrong with the data of a `UserCreated`; without `keys` only its shape is looked at."""
    sealed = data.get("username") if isinstance(data, dict) else None
    if not isinstance(sealed, dict) or sealed.keys() != {"alg", "kid", "value"} or sealed["alg"] != "A256GCM":
        return "its name is not sealed"
    return None if keys is None else _key_fault(user_id, sealed, keys)


def _key_fault(user_id: str, sealed: Json, keys: Keys) -> str | None:
    key = keys.get(user_id)
    if key is None:
        return f"its name is sealed under {sealed['kid']}, and the key store has no key of {user_id}"
    if not is_of(key, sealed["kid"]):
        return f"its name is sealed under {sealed['kid']}, and the key store has {key.kid}"
    if key.secret is not None and opened(sealed, name_context(user_id), key.secret) is None:
        return f"its name does not open under its key {key.kid}"
    return None
