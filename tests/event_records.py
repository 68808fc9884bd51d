"""Events as they stand on a topic, written by hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
COMMAND = "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11"


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a feed reads it."""

    key: bytes | None
    value: bytes
    partition: int
    offset: int


def event_record(
    offset: int, entity_id: str, version: int, happening: tuple[str, dict[str, Any]], minute: int = 0, **fields: Any
) -> Record:
    """An event `minute` minutes after noon; with other fields where they are given."""
    type_, data = happening
    envelope = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{entity_id} {version}")),
        "type": type_,
        "subject": entity_id,
        "time": (NOON + timedelta(minutes=minute)).isoformat(),
        "entityversion": version,
        "causationid": COMMAND,
        "data": data,
        **fields,
    }
    return Record(entity_id.encode(), orjson.dumps(envelope), 0, offset)
