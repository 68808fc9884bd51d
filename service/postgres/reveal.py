"""Personal names as this reader may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.commands.personal import DataKey, open_sealed
from service.commands.ports import KeyStore
from service.domain import AGGREGATES

PROTECTED = "[protected]"
ERASED = "[erased]"

Fields = Mapping[str, Any]


class Reveal:
    """Opens sealed fields where `show` says that the reader may see them."""

    def __init__(self, keys: KeyStore, *, show: bool) -> None:
        self._keys = keys
        self._show = show

    async def reveal(self, aggregate: str, items: Sequence[tuple[str, Fields]]) -> list[dict[str, Any]]:
        """The fields of each (entity id, fields) with text where something was sealed.

        Raises StoreUnavailable, and cryptography's InvalidTag where a sealed field was altered or moved.
        """
        personal = {name for names in AGGREGATES[aggregate].personal.values() for name in names}
        sealed = {entity_id for entity_id, fields in items if personal & fields.keys()}
        keys = await self._keys.find(aggregate, sealed) if sealed and self._show else {}
        return [
            {
                name: self._open(keys.get(entity_id), aggregate, entity_id, name, value) if name in personal else value
                for name, value in fields.items()
            }
            for entity_id, fields in items
        ]

    def _open(self, key: DataKey | None, aggregate: str, entity_id: str, field: str, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        if not self._show:
            return PROTECTED
        if key is None or key.secret is None or key.kid != value["kid"]:
            return ERASED
        return open_sealed(key, aggregate, entity_id, field, value)
