"""What `fairlead rehearse` prints of a recorded workload, the code with which it ends, and that it leaves no trace."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from service.audit.records import PartitionLogs
from service.local.servers import Endpoints
from tests.cli.processes import Ended, begin, outcome_of
from tests.kafka.handmade_topics import PARTITIONS, commands_on, honest, transaction

LIMIT = 1_000


@pytest.fixture(scope="module")
async def prefix(servers: Endpoints) -> str:
    """Topics with commands and what followed from them."""
    return await asyncio.to_thread(honest, servers.bootstrap_servers)


def environment(servers: Endpoints, prefix: str) -> dict[str, str]:
    return {"FAIRLEAD_PREFIX": prefix, "FAIRLEAD_BOOTSTRAP_SERVERS": servers.bootstrap_servers}


async def rehearse(servers: Endpoints, prefix: str, *words: str, limit: int | None = None) -> Ended:
    line = ("rehearse", "ship", *words)
    if limit is None:
        return await outcome_of(await begin(environment(servers, prefix), *line))
    changed = await begin(environment(servers, prefix), str(limit), *line, module="tests.cli.with_rule")
    return await outcome_of(changed)


def accepted_beyond(servers: Endpoints, prefix: str, limit: int) -> Iterator[tuple[int, int, Any]]:
    """The commands that were taken and would not be: partition, offset and the command."""
    for partition in range(PARTITIONS):
        logs: PartitionLogs = commands_on(servers.bootstrap_servers, partition, prefix)
        for record in logs.records["commands"]:
            try:
                command = json.loads(record.value or b"")
                much = command["type"] == "load_cargo" and command["data"]["quantity"] > limit
            except (KeyError, TypeError, ValueError):
                continue
            if much:
                yield partition, record.offset, command


def groups(admin: AdminClient) -> set[str]:
    """The names of all groups of consumers."""
    return {group.group_id for group in admin.list_consumer_groups().result().valid}


async def test_the_same_code_says_the_same_and_nothing_is_written(servers: Endpoints, prefix: str) -> None:
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    before = groups(admin)

    code, printed, told = await rehearse(servers, prefix)

    assert (0, 0, [], "") == (code, printed["differences"], printed["first"], told)
    assert printed["compared"]["decided again"] > 150
    # Kafka itself removes those of other tests once nobody is in them.
    assert groups(admin) <= before


async def test_a_changed_rule_shows_the_commands_that_differ(servers: Endpoints, prefix: str) -> None:
    code, printed, _ = await rehearse(servers, prefix, "--all", limit=LIMIT)

    asked = {(partition, offset): command for partition, offset, command in accepted_beyond(servers, prefix, LIMIT)}
    assert (1, printed["differences"]) == (code, len(printed["first"]))
    assert printed["differences"] >= 5
    for one in printed["first"]:
        command = asked[one["partition"], one["offset"]]
        assert (command["id"], command["subject"], "load_cargo") == (one["command_id"], one["entity_id"], one["type"])
        assert ("rejected", "too_much", []) == tuple(one["now"][name] for name in ("status", "code", "events"))
        assert "too_much" != one["recorded"]["code"]
    ships = {one["entity_id"] for one in printed["first"]}
    ship = min(ships)
    code, of_one, _ = await rehearse(servers, prefix, "--all", "--entity", ship, limit=LIMIT)
    assert [one for one in printed["first"] if one["entity_id"] == ship] == of_one["first"]
    assert 1 == code
    assert of_one["compared"]["decided again"] < printed["compared"]["decided again"]


async def test_a_window_is_played_on_the_state_that_came_before_it(servers: Endpoints, prefix: str) -> None:
    middle = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    code, printed, told = await rehearse(servers, prefix, "--until", middle)
    assert (7, None, 1) == (code, printed, told.count("\n"))
    assert "--since" in told
    code, printed, _ = await rehearse(servers, prefix, "--since", "1h")
    assert (0, True) == (code, printed["compared"]["decided again"] > 150)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("crane",), 2, "choose from ship, user"),
        (("user", "--entity", "7"), 2, "say which"),
        (("--entity", "7"), 2, "no id of a ship"),
        (("--entity", str(uuid4())), 7, "is kept there"),
        (("--since", "soon"), 2, "such as 12h"),
        (("--since", "1h", "--until", "2h"), 2, "exchange them"),
        (("--bootstrap-servers", "127.0.0.1:1"), 6, "fairlead up"),
    ],
)
async def test_what_cannot_be_asked_has_its_code(
    servers: Endpoints, prefix: str, words: tuple[str, ...], code: int, said: str
) -> None:
    ended, printed, told = await rehearse(servers, prefix, *words)
    assert (code, None, 1) == (ended, printed, told.count("\n"))
    assert said in told


async def test_without_topics_nothing_is_created(servers: Endpoints) -> None:
    code, _, told = await rehearse(servers, "nowhere.")
    assert (7, 1) == (code, told.count("\n"))
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    assert not [topic for topic in admin.list_topics(timeout=10).topics if topic.startswith("nowhere.")]


async def test_a_person_is_shown_both_sides_and_may_break_off(servers: Endpoints, prefix: str) -> None:
    """On a terminal: a table at its end, and on Ctrl-C neither a traceback nor a table."""
    line = (sys.executable, "-m", "tests.cli.with_rule", str(LIMIT), "rehearse", "ship")

    async def on_terminal(until: bytes) -> tuple[int | None, str]:
        ours, theirs = pty.openpty()
        more = environment(servers, prefix) | {"TERM": "xterm", "COLUMNS": "150", "LINES": "50"}
        process = await asyncio.create_subprocess_exec(*line, env=more, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = await asyncio.to_thread(os.read, ours, 65536)
            except OSError:
                break
            said += piece
            if until in said and process.returncode is None:
                process.send_signal(signal.SIGINT)
                until = b"\0"
        os.close(ours)
        return await process.wait(), said.decode()

    code, said = await on_terminal(b"\0")
    assert 1 == code
    assert all(word in said for word in ("recorded", "now", "too_much", "decided again"))
    # An open transaction hides the end of a log: it is waited for, and so there is time to break off.
    with transaction(servers.bootstrap_servers, commit=False) as producer:
        producer.produce(f"{prefix}ship.replies", b"{}", b"nobody", 0)
        producer.flush(30)
        code, said = await on_terminal(b"Rehearsing ship")
    assert 130 == code
    assert "Interrupted" in said
    assert "Traceback" not in said
