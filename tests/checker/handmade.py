"""Writes by hand what an honest service would have left, so that a test can damage it and see the checker object."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.audit.entity import Entity
from service.audit.letters import why
from service.audit.matching import OpaqueDigest, Open, Positive, Sealed
from service.audit.messages import Verdict
from service.audit.model import Judge
from service.audit.records import DataKey, Headers, Json, Keys, PartitionLogs, Record
from service.audit.told import Told
from tests.checker import rows
from tests.checker.projections import READS, Projections
from tests.checker.told import told_by

KID = "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11"
FOLD = "0123456789abcdef"
KEY = DataKey(KID, bytes(range(32)))


def written(commands: PartitionLogs, keys: Keys | None = None, told: Told | None = None) -> PartitionLogs:
    """The same partition with everything that has to follow from its commands, and from what failed or was busy."""
    logs = PartitionLogs(commands.aggregate, commands.partition, commands.partitions, commands.prefix)
    logs.records["commands"] = list(commands.records["commands"])
    judge = Judge(logs, keys=keys, told=told)
    for record in logs.records["commands"]:
        last = judge.judge(record)
        for verdict in (*last.redriven, last):
            _write(logs, verdict)
        _append(logs, "snapshots", b"checkpoint", _json(checkpoint(logs, record)))
    return logs


def projected(partitions: Iterable[PartitionLogs], keys: Keys | None = None) -> Projections:
    """The rows that projections of these logs would have."""
    found: dict[str, list[Any]] = {name: [] for name in READS}
    progress: dict[tuple[str, str, int], int] = {}
    ships: list[Entity] = []
    moves: list[Verdict] = []
    for logs in partitions:
        judge = Judge(logs, keys=keys, told=told_by(logs))
        handled = [judge.judge(record) for record in logs.records["commands"]]
        verdicts = [verdict for last in handled for verdict in (*last.redriven, last)]
        if logs.aggregate == "ship":
            found["ships"] += rows.ships(judge.entities)
            ships += judge.entities.values()
            moves += verdicts
        else:
            found["accounts"] += rows.accounts(judge.entities, logs, ())
        found["journal"] += rows.journal(logs)
        found["outcomes"] += rows.outcomes(logs)
        for name, sources in READS.items():
            for aggregate, kind in sources:
                if aggregate == logs.aggregate:
                    progress[name, logs.topic(kind), logs.partition] = logs.end(kind)
    found["ports"] = rows.ports(moves, ships)
    return Projections(found, progress)


def checkpoint(logs: PartitionLogs, last: Record) -> Json:
    """That after a command, for a service that never swept."""
    return {
        "next_offset": last.offset + 1,
        "last_command": {"offset": last.offset, "timestamp": last.timestamp},
        "reached": {kind: len(logs.records[kind]) for kind in ("events", "replies")},
        "needed": {"events": 0, "replies": 0, "clock": 0},
        "fold": FOLD,
    }


def _write(logs: PartitionLogs, verdict: Verdict) -> None:
    record = verdict.record
    if verdict.reply is not None:
        _append(logs, "replies", verdict.reply_key, _json(verdict.reply), verdict.headers)
    for event in verdict.events:
        _append(logs, "events", record.key, _json(event), verdict.headers)
    if verdict.reason is not None:
        _put_aside(logs, verdict)
    for waiting in verdict.behind:
        _put_aside(logs, waiting)
    if verdict.snapshot is not None:
        _append(logs, "snapshots", record.key, _json(verdict.snapshot))


def _put_aside(logs: PartitionLogs, verdict: Verdict) -> None:
    record = verdict.record
    added = tuple((name, str(_said(value)).encode()) for name, value in why(logs, verdict).items())
    _append(logs, "dead-letters", record.key, record.value, (*record.headers, *added))


def _append(logs: PartitionLogs, kind: str, key: bytes | None, value: bytes | None, headers: Headers = ()) -> None:
    # Every second offset, as a transaction's marker would take one.
    logs.records[kind].append(Record(2 * len(logs.records[kind]), key, value, 0, headers))


def _json(value: object) -> bytes:
    return json.dumps(value, default=_said, ensure_ascii=False).encode()


def _said(value: object) -> object:
    """Something definite in place of a stand-in."""
    if isinstance(value, Open):
        return value.example
    if isinstance(value, Positive):
        return 100
    if isinstance(value, OpaqueDigest):
        return blake2b(value.content, digest_size=16, key=KEY.secret or b"").hexdigest()
    if isinstance(value, Sealed):
        nonce = bytes(12)
        sealed = AESGCM(KEY.secret or b"").encrypt(nonce, value.text.encode(), value.context)
        return {"alg": "A256GCM", "kid": KID, "value": base64.b64encode(nonce + sealed).decode()}
    return value
