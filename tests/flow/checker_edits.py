"""Ways to damage a log."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from service.audit.records import PartitionLogs, Record

Damage = Callable[[PartitionLogs], None]
Place = int | Callable[[PartitionLogs], int]


def _at(logs: PartitionLogs, place: Place) -> int:
    return place if isinstance(place, int) else place(logs)


def edit(kind: str, place: Place, change: Callable[[Any], Any]) -> Damage:
    """Another message, or the same one changed."""

    def damage(logs: PartitionLogs) -> None:
        at = _at(logs, place)
        value = json.loads(logs.records[kind][at].value or b"")
        changed = change(value)
        logs.records[kind][at] = replace(
            logs.records[kind][at], value=json.dumps(value if changed is None else changed).encode()
        )

    return damage


def put(kind: str, place: Place, value: Any, *path: str) -> Damage:
    """Another value at this path of a message."""

    def change(message: Any) -> None:
        for name in path[:-1]:
            message = message[name]
        message[path[-1]] = value

    return edit(kind, place, change)


def drop(kind: str, place: Place) -> Damage:
    """A record less."""

    def damage(logs: PartitionLogs) -> None:
        del logs.records[kind][_at(logs, place)]

    return damage


def double(kind: str, place: Place) -> Damage:
    """The same record once more at the end."""
    return lambda logs: logs.records[kind].append(replace(logs.records[kind][_at(logs, place)], offset=1_000))


def swap(kind: str, place: Place, other: Place | None = None) -> Damage:
    """A record and another one, else the next, each in the place of the other."""

    def damage(logs: PartitionLogs) -> None:
        at = _at(logs, place)
        to = at + 1 if other is None else _at(logs, other)
        records = logs.records[kind]
        one, two = records[at], records[to]
        records[at], records[to] = replace(two, offset=one.offset), replace(one, offset=two.offset)

    return damage


def record(kind: str, place: Place, **changes: Any) -> Damage:
    """Another key, value or headers."""

    def damage(logs: PartitionLogs) -> None:
        at = _at(logs, place)
        logs.records[kind][at] = replace(logs.records[kind][at], **changes)

    return damage


def add(kind: str, place: Place, **changes: Any) -> Damage:
    """A record more at the end, made from one that is there by other values at the top of its message."""

    def damage(logs: PartitionLogs) -> None:
        model = logs.records[kind][_at(logs, place)]
        value = json.dumps(json.loads(model.value or b"") | changes).encode()
        logs.records[kind].append(Record(1_000, model.key, value, 0, model.headers))

    return damage


def header(kind: str, place: Place, name: str, value: bytes | None) -> Damage:
    """Another value of a header, or none."""

    def damage(logs: PartitionLogs) -> None:
        found = logs.records[kind][_at(logs, place)]
        others = tuple(pair for pair in found.headers if pair[0] != name)
        headers = others if value is None else (*others, (name, value))
        logs.records[kind][_at(logs, place)] = replace(found, headers=headers)

    return damage


def both(*damages: Damage) -> Damage:
    """One after the other."""

    def damage(logs: PartitionLogs) -> None:
        for each in damages:
            each(logs)

    return damage
