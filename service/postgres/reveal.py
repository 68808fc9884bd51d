"""Personal names as this reader may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.commands.personal import DataKey, open_sealed
from service.commands.ports import KeyStore
from service.domain import AGGREGATES
from service.postgres.erasures import Erasures
from service.postgres.pool import reading_faults

PROTECTED = "[protected]"
ERASED = "[erased]"

Fields = Mapping[str, Any]


class Reveal:
    """Opens sealed fields where `show` says that the reader may see them.

    Of the deleted nobody sees anything, even where a backup has brought their key back.
    """

    def __init__(self, keys: KeyStore, erasures: Erasures, *, show: bool) -> None:
        self._keys = keys
        self._erasures = erasures
        self._show = show

    async def reveal(self, aggregate: str, items: Sequence[tuple[str, Fields]]) -> list[dict[str, Any]]:
        """The fields of each (entity id, fields) with text where something was sealed.

        Raises StoreUnavailable, and cryptography's InvalidTag where a sealed field was altered or moved.
        """
        personal = {name for names in AGGREGATES[aggregate].personal.values() for name in names}
        sealed = {entity_id for entity_id, fields in items if personal & fields.keys()}
        erased = await self._erasures.find(aggregate, sealed) if sealed else {}
        seen = sealed - erased.keys() if self._show else set()
        with reading_faults():
            keys = await self._keys.find(aggregate, seen) if seen else {}
        return [
            {
                name: (ERASED if entity_id in erased else self._open(keys, aggregate, entity_id, name, value))
                if name in personal and isinstance(value, Mapping)
                else value
                for name, value in fields.items()
            }
            for entity_id, fields in items
        ]

    def _open(
        self, keys: Mapping[str, DataKey], aggregate: str, entity_id: str, field: str, value: Mapping[str, str]
    ) -> str:
        if not self._show:
            return PROTECTED
        key = keys.get(entity_id)
        if key is None or key.secret is None or key.kid != value["kid"]:
            return ERASED
        return open_sealed(key, aggregate, entity_id, field, value)
