"""A key store without PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

from service.commands.personal import DataKey


class Keys:
    """An in-memory twin of the key store."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], DataKey] = {}

    async def ensure(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys of these entities, made where missing."""
        return self.made(aggregate, entity_ids)

    async def find(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The keys that are there."""
        found = {id_: self._keys.get((aggregate, id_)) for id_ in entity_ids}
        return {id_: key for id_, key in found.items() if key}

    def made(self, aggregate: str, entity_ids: Collection[str]) -> dict[str, DataKey]:
        """The same without waiting."""
        for id_ in entity_ids:
            self._keys.setdefault((aggregate, id_), DataKey(str(uuid4()), uuid4().bytes + uuid4().bytes))
        return {id_: self._keys[aggregate, id_] for id_ in entity_ids}

    def kept(self, aggregate: str) -> dict[str, DataKey]:
        """All keys of an aggregate."""
        return {id_: key for (name, id_), key in self._keys.items() if name == aggregate}

    def erase(self, aggregate: str, entity_id: str) -> None:
        """Forget a person's key for ever."""
        self._keys[aggregate, entity_id] = DataKey(self.made(aggregate, [entity_id])[entity_id].kid, None)
