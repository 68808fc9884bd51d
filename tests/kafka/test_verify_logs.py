"""`fairlead verify` finds each kind of damage to logs that were honest before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import orjson
import pytest

from service.audit.records import PartitionLogs, Record
from service.cli.verify_run import verify
from service.local.servers import Endpoints
from tests.checker.handmade import FOLD
from tests.flow.checker_edits import Damage, double, drop, put
from tests.kafka.handmade_topics import honest
from tests.running import settings_for

_STRANGER = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9eff"


def _snapshot(logs: PartitionLogs) -> None:
    """A sweep's record of a state that never was."""
    event = orjson.loads(logs.records["events"][0].value or b"")
    state = ["Docked", {"name": "x", "cargo": {}, "port": "Nowhere"}]
    value = {"parked": None, "version": 1, "fold": FOLD, "time": 0, "state": state}
    logs.records["snapshots"].insert(0, Record(0, event["subject"].encode(), orjson.dumps(value)))


_LOGS: Mapping[str, tuple[Damage, str]] = {
    "an event is gone": (drop("events", 3), "is missing"),
    "the last event is gone": (drop("events", -1), "is missing"),
    "an event is doubled": (double("events", 2), "is doubled"),
    "an event has another cause": (put("events", 2, _STRANGER, "causationid"), "value.causationid is"),
    "an event has another time": (put("events", 2, "2020-01-01T00:00:00.000Z", "time"), "value.time is"),
    "a command was decided otherwise": (put("replies", 2, 77, "data", "entity_version"), "entity_version is 77"),
    "a reply is gone": (drop("replies", 4), "no reply in"),
    "a dead letter is gone": (drop("dead-letters", 1), "no dead letter in"),
    "a snapshot is altered": (_snapshot, "snapshot of"),
    "the checkpoint is back": (put("snapshots", -1, 3, "next_offset"), "it has to rise"),
    "the checkpoint is ahead": (put("snapshots", -1, 99_999, "next_offset"), "lies beyond the end of the commands"),
    "the checkpoint needs too little": (put("snapshots", -1, 5, "needed", "events"), "its last snapshot tells 0"),
}


@pytest.mark.parametrize("name", _LOGS)
async def test_damage_to_a_log_is_found(servers: Endpoints, name: str) -> None:
    damage, said = _LOGS[name]
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers, damage)

    violations = (await verify(settings_for(servers, prefix), ["ship"], None)).violations

    assert any(said in line for line in violations), violations


async def test_an_honest_log_is_not_objected_to(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)

    assert [] == (await verify(settings_for(servers, prefix), ["ship"], None)).violations
