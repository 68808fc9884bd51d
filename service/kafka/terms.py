"""What is the same for every owner of an aggregate's partitions."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.commands.ports import KeyStore, Shelf
from service.commands.reading import CommandReader
from service.commands.snapshots import Snapshots
from service.domain import Aggregate
from service.kafka.topics import Topics


@dataclass(frozen=True, slots=True)
class Terms:
    """Where they work, on what and how; with `busy_above`, so many commands may wait.

    `cached` is how many entities of a partition stay in memory, about; with `standby` there are copies of the
    partitions that others own. `opened` is held by who has the store of a partition.
    """

    connection: Mapping[str, Any]
    aggregate: Aggregate
    topics: Topics
    partitions: int
    reader: CommandReader
    snapshots: Snapshots
    shelf: Shelf
    cached: int
    standby: bool
    keys: KeyStore
    allow_import: bool
    park: bool
    busy_above: int | None
    transaction_timeout_ms: int
    commit_timeout_s: float
    opened: Mapping[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
