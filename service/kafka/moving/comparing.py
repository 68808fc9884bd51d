"""Whether a copy is one: of each entity the same records, byte for byte and in their order, each where it belongs."""

from __future__ import annotations

from contextlib import aclosing
from hashlib import blake2b
from typing import Any

from service.kafka.moving.copying import place_of
from service.kafka.moving.places import NotMovable, Place
from service.kafka.scan import Progress, scan

_DIGEST_BYTES = 16
_NAMED = 3

Entity = bytes | int


async def compare(source: Place, target: Place, kind: str, progress: Progress) -> int:
    """Read both topics anew; how many entities they have. Raises NotMovable where they differ.

    Ids and versions are in the bytes, so that they are compared with them.
    """
    wanted = await _digests(source, kind, progress, sorted_by=None)
    found = await _digests(target, kind, progress, sorted_by=target.partitions)
    if wanted != found:
        different = [entity for entity in wanted.keys() | found.keys() if wanted.get(entity) != found.get(entity)]
        names = ", ".join(sorted(str(entity) for entity in different)[:_NAMED])
        raise NotMovable(
            f"{target.topics.name(kind)} is no copy of {source.topics.name(kind)}: {len(different)} entities differ, "
            f"such as {names}; retention may just have removed something"
        )
    return len(wanted)


async def _digests(place: Place, kind: str, progress: Progress, *, sorted_by: int | None) -> dict[Entity, bytes]:
    """Of each entity a digest of all its records in order; those without a key count as one for each partition."""
    digests: dict[Entity, bytes] = {}
    everywhere = dict.fromkeys(range(place.partitions), 0)
    async with aclosing(scan(place.connection, place.topics.name(kind), everywhere, progress)) as records:
        async for record in records:
            if sorted_by is not None and record.partition != place_of(record, sorted_by):
                raise NotMovable(f"{place.topics.name(kind)}[{record.partition}] has what belongs elsewhere")
            entity = record.partition if record.key is None else record.key
            digests[entity] = _next(digests.get(entity, b""), record)
    return digests


def _next(before: bytes, record: Any) -> bytes:
    size = None if record.value is None else len(record.value)
    digest = blake2b(before, digest_size=_DIGEST_BYTES)
    digest.update(repr((record.timestamp, size, record.headers)).encode())
    digest.update(record.value or b"")
    return digest.digest()
