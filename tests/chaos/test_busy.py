"""Where a service is told to answer busy, what it answers so changes nothing, and counts when it comes again."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from service.local.servers import Endpoints
from tests.chaos.handlers import eventually, handler
from tests.chaos.load import Load, command, watched_replies
from tests.checker import check
from tests.checker.reader import read_logs
from tests.running import PARTITIONS, apply_topics, settings_for

WAITING, BUSY_ABOVE, BATCH = 20_000, 1_000, 100
AGAIN = 500
TERMS = {"on_overload": "busy", "busy_above": BUSY_ABOVE, "max_batch": BATCH}
# The checker is told that a command may be answered busy.
BUSY_ALLOWED: dict[str, Any] = {"busy_allowed": True}

Found = dict[str, list[Any]]


async def test_a_busy_answer_leads_to_nothing_and_the_same_command_is_judged_later(
    servers: Endpoints, tmp_path: Path
) -> None:
    prefix, random = "busy.", Random(5)
    await apply_topics(settings_for(servers, prefix))
    ships = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(40)]
    asked = [(ship, command(random, ship)) for ship in random.choices(ships, k=WAITING)]
    load = Load(servers.bootstrap_servers, prefix)
    for ship, value in asked:
        load.send(ship, value)
    await asyncio.to_thread(load.settle)
    waiting = load.acknowledged
    with watched_replies(servers.bootstrap_servers, prefix) as replies:
        async with handler(servers, tmp_path, {"prefix": prefix, **TERMS}):
            await eventually(lambda: replies.have(waiting), "all are answered")
            found = await asyncio.to_thread(_answers, servers, prefix)
            busy = {id_ for id_, answers in found.items() if answers[0]["status"] == "busy"}
            # All but the last ones of each partition were too many.
            assert len(busy) >= waiting - PARTITIONS * (BUSY_ABOVE + BATCH)
            for ship, value in [(ship, value) for ship, value in asked if json.loads(value)["id"] in busy][:AGAIN]:
                load.send(ship, value)
            await asyncio.to_thread(load.settle)
            await eventually(lambda: replies.have(load.acknowledged), "those sent again are answered")
            report = await asyncio.to_thread(
                check, servers.bootstrap_servers, prefix=prefix, aggregates=["ship"], **BUSY_ALLOWED
            )
    after = await asyncio.to_thread(_answers, servers, prefix)

    for id_ in busy:
        first, *others = after[id_]
        assert first["retry_after_ms"] > 0
        assert (first["code"], first["events"], first["entity_version"]) == ("busy", [], None)
        assert all(other["status"] in {"accepted", "rejected"} and not other["duplicate"] for other in others)
    judged_later = {id_ for id_ in busy if len(after[id_]) > 1}
    assert len(judged_later) == load.acknowledged - waiting > 0
    assert not (busy - judged_later) & await asyncio.to_thread(_causes, servers, prefix)
    assert report.ok, report.text()


def _answers(servers: Endpoints, prefix: str) -> Found:
    """What was replied to each command id, in order."""
    found: Found = {}
    for value in _values(servers, prefix, "replies"):
        found.setdefault(value["causationid"], []).append(value["data"])
    return found


def _causes(servers: Endpoints, prefix: str) -> set[str]:
    """The command ids that led to an event."""
    return {value["causationid"] for value in _values(servers, prefix, "events")}


def _values(servers: Endpoints, prefix: str, kind: str) -> list[Any]:
    logs = read_logs(servers.bootstrap_servers, ["ship"], prefix=prefix, deadline=float("inf"))
    return [json.loads(record.value or b"") for one in logs for record in one.records[kind]]
