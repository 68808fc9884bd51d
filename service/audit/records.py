"""What the checker compares, as plain values: logs made by hand and logs from a broker look the same to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("commands", "events", "replies", "snapshots", "dead-letters")
AGGREGATES = ("ship", "user")

Headers = tuple[tuple[str, bytes | None], ...]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One committed record; `timestamp` in milliseconds."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: Headers = ()


@dataclass(slots=True)
class PartitionLogs:
    """The five logs of one partition; `starts` and `ends` are watermarks, known only where a broker told them."""

    aggregate: str
    partition: int
    partitions: int
    prefix: str = ""
    records: dict[str, list[Record]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)

    def topic(self, kind: str) -> str:
        """The name of the topic of a kind, one of KINDS."""
        return f"{self.prefix}{self.aggregate}.{kind}"

    def place(self, kind: str, offset: int | None = None) -> str:
        """Where something stands, as the report names it."""
        partition = f"{self.topic(kind)}[{self.partition}]"
        return partition if offset is None else f"{partition}@{offset}"

    def start(self, kind: str) -> int:
        """The offset of the first record, or the low watermark where it is known."""
        records = self.records[kind]
        return self.starts.get(kind, records[0].offset if records else 0)

    def end(self, kind: str) -> int:
        """The offset after the last record, or the high watermark where it is known."""
        records = self.records[kind]
        return self.ends.get(kind, records[-1].offset + 1 if records else 0)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A user's key; `secret` is None once it was erased."""

    kid: str
    secret: bytes | None


Keys = Mapping[str, DataKey]
