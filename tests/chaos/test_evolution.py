"""Old and new handlers share a log in a rolling restart: nothing is lost, and nothing that either wrote is misread."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from signal import SIGTERM
from typing import Any
from uuid import UUID

import pytest

from fairlead.bounds import Message
from fairlead.client import Client
from fairlead.envelope import Reply
from fairlead.ship import DepartShip, DockShip, RegisterShip
from service.audit.hashing import partition_of
from service.local.servers import Endpoints
from tests.chaos.handlers import ROOT, Handler, eventually, handler, owned_by
from tests.checker.reader import read_logs
from tests.releases import fairlead, next_release
from tests.running import PARTITIONS, apply_topics, settings_for

PREFIX = "evolution."
SHIPS = [str(UUID(int=number, version=4)) for number in range(1, 25)]
SECONDS = 60.0
NEWER = "ShipDeparted is of version 2, and this release knows none beyond 1"


class Fleet:
    """Asks all ships for the same, and remembers what each was told."""

    def __init__(self, client: Client) -> None:
        self.told: dict[str, list[Reply]] = defaultdict(list)
        self._client = client

    async def ask(self, command: Message, ships: list[str] = SHIPS) -> None:
        """Return once all are answered."""
        replies = await asyncio.gather(*(self._client.send(command, ship, timeout=3 * SECONDS) for ship in ships))
        for ship, reply in zip(ships, replies, strict=True):
            self.told[ship].append(reply)

    async def voyage(self, port: str, ships: list[str] = SHIPS) -> None:
        """Leave, and moor elsewhere."""
        await self.ask(DepartShip(), ships)
        await self.ask(DockShip(port=port), ships)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return next_release(tmp_path_factory.mktemp("next"))


async def test_old_and_new_handlers_share_a_log(servers: Endpoints, tree: Path, tmp_path: Path) -> None:
    await apply_topics(settings_for(servers, PREFIX))
    terms: dict[str, object] = {"prefix": PREFIX, "session_timeout_ms": 3_000}

    def of(release: Path, *role: str) -> Any:
        return handler(servers, tmp_path, terms, tree=release, role=role or ("handle", "ship"))

    async with (
        Client(bootstrap_servers=servers.bootstrap_servers, prefix=PREFIX) as client,
        # Who reads comes first: it has to do with both versions.
        of(tree, "project", "ships", "ports", "journal", "outcomes"),
        of(ROOT) as old,
    ):
        fleet = Fleet(client)
        await fleet.ask(RegisterShip(name="Pacific Explorer"))
        await fleet.ask(DockShip(port="Singapore"))
        await fleet.voyage("Lisbon")
        async with of(tree) as new:
            taken = await _shared(old, new)
            await fleet.voyage("Hamburg")
            assert {1, 2} == set(_versions(servers))
            new.signal(SIGTERM)
            assert 0 == await new.ended(SECONDS)
        there, elsewhere = _ships_in(taken), [ship for ship in SHIPS if ship not in _ships_in(taken)]
        # What the old one is given back it does not go on with, and all else it does.
        waiting = asyncio.create_task(fleet.voyage("Rio", there))
        await eventually(lambda: _stopped(old) >= taken, "the old one has stopped where it cannot read")
        await fleet.voyage("Rio", elsewhere)
        assert not waiting.done()
        async with of(tree):
            old.signal(SIGTERM)
            assert 0 == await old.ended(SECONDS)
            await waiting
            await fleet.voyage("Oslo")
            _assert_nothing_lost(servers, fleet)
            await asyncio.to_thread(_assert_kept, servers, tree)


async def _shared(old: Handler, new: Handler) -> set[int]:
    """The partitions that a new handler has taken over from an old one, while that has the others."""
    half = PARTITIONS // 2
    await eventually(lambda: [len(owned_by(one, (old, new))) for one in (old, new)] == [half, half], "each owns a half")
    return owned_by(new, (old, new))


def _ships_in(partitions: set[int]) -> list[str]:
    return [ship for ship in SHIPS if partition_of(ship.encode(), PARTITIONS) in partitions]


def _stopped(one: Handler) -> set[int]:
    return {said.partition or 0 for said in one.said("partition stopped") if NEWER in said.fields["reason"]}


def _events(servers: Endpoints) -> list[dict[str, Any]]:
    logs = read_logs(servers.bootstrap_servers, ["ship"], prefix=PREFIX, deadline=time.monotonic() + SECONDS)
    return [json.loads(record.value or b"") for one in logs for record in one.records["events"]]


def _versions(servers: Endpoints) -> Counter[int]:
    departed = (event for event in _events(servers) if event["type"] == "ShipDeparted")
    return Counter(int(event["dataschema"].rpartition(":")[2]) for event in departed)


def _assert_nothing_lost(servers: Endpoints, fleet: Fleet) -> None:
    """Each command was carried out once, in its order, and each event says what its ship did."""
    ports = ["Singapore", "Lisbon", "Hamburg", "Rio", "Oslo"]
    wanted = ["registered", ports[0], *(port for two in pairwise(ports) for port in two)]
    found: dict[str, list[Any]] = defaultdict(list)
    for event in sorted(_events(servers), key=lambda event: event["entityversion"]):
        data = event["data"]
        found[event["subject"]].append(data.get("port") or data.get("departed_from") or "registered")
    assert dict.fromkeys(SHIPS, wanted) == found
    for replies in fleet.told.values():
        assert [("accepted", number) for number in range(1, len(wanted) + 1)] == [
            (reply.data.status, reply.data.entity_version) for reply in replies
        ]


def _assert_kept(servers: Endpoints, tree: Path) -> None:
    """By the new release: rows are those of both versions, and it would have decided nothing otherwise."""
    variables = {
        "FAIRLEAD_PREFIX": PREFIX,
        "FAIRLEAD_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "FAIRLEAD_DATABASE_URL": servers.database_url,
    }
    count, deadline = 10 * len(SHIPS), time.monotonic() + SECONDS
    while True:
        verified = fairlead(tree, "verify", "ship", **variables)
        said = json.loads(verified.stdout)
        assert (0, []) == (verified.returncode, said["first"]), said
        if said["compared"].get("rows of journal") == count or time.monotonic() > deadline:
            break
    compared = ("rows of journal", "rows of ships", "rows of outcomes", "commands judged again")
    assert (count, len(SHIPS), count, count) == tuple(said["compared"].get(name) for name in compared)
    rehearsed = fairlead(tree, "rehearse", "ship", **variables)
    assert (0, count) == (rehearsed.returncode, json.loads(rehearsed.stdout)["compared"]["decided again"])
