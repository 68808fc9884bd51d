"""What `fairlead verify` prints, and the code with which it ends."""

from __future__ import annotations

import asyncio

import pytest

from service.audit.records import PartitionLogs
from service.local.servers import Endpoints
from tests.cli.processes import Ended, begin, outcome_of
from tests.kafka.handmade_topics import honest


def _unanswered(logs: PartitionLogs) -> None:
    del logs.records["replies"][:15]


async def _verify(servers: Endpoints, prefix: str, *words: str) -> Ended:
    environment = {
        "FAIRLEAD_PREFIX": prefix,
        "FAIRLEAD_BOOTSTRAP_SERVERS": servers.bootstrap_servers,
        "FAIRLEAD_DATABASE_URL": servers.database_url,
    }
    return await outcome_of(await begin(environment, "verify", "ship", *words))


async def test_no_difference_is_success(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers)

    code, printed, told = await _verify(servers, prefix)

    assert (0, 0, [], "") == (code, printed["differences"], printed["first"], told)
    assert printed["compared"]["commands judged again"] > 150


async def test_a_difference_is_told_and_fails(servers: Endpoints) -> None:
    prefix = await asyncio.to_thread(honest, servers.bootstrap_servers, _unanswered)

    code, printed, _ = await _verify(servers, prefix)
    assert (1, 20) == (code, len(printed["first"]))
    assert any("no reply in" in line for line in printed["first"])
    code, everything, _ = await _verify(servers, prefix, "--all")
    assert (1, printed["differences"]) == (code, len(everything["first"]))
    assert printed["differences"] >= 30


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--bootstrap-servers", "127.0.0.1:1"), 6),
        ((), 7),
        (("crane",), 2),
        (("--state-dir", "/nowhere"), 2),
    ],
)
async def test_what_cannot_be_asked_has_its_code(servers: Endpoints, words: tuple[str, ...], code: int) -> None:
    ended, printed, told = await _verify(servers, "verify-asked.", *words)

    assert (code, None, 1) == (ended, printed, told.count("\n"))
