"""The journal keeps events as they were written; who reads them is shown all in the present version, or is told."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from service.domain import AGGREGATES
from service.postgres.folded import FOLDINGS, Folding
from service.postgres.names import Names
from service.postgres.pool import Pool
from tests.domain.evolved import LATER
from tests.postgres.seeding import Seeding

FORMER = {"departed_from": "Oslo"}
PRESENT = {"port": "Oslo"}


@pytest.fixture
async def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release that knows both versions."""
    monkeypatch.setitem(AGGREGATES, "ship", LATER)
    monkeypatch.setitem(FOLDINGS, "ship", Folding("ship"))


@pytest.fixture
async def both(client: AsyncClient, seeding: Seeding, later: None) -> AsyncClient:  # noqa: ARG001  # in force meanwhile
    """A ship that left twice, as each of two releases wrote it."""
    await seeding.events("ship", ("a", "ShipRegistered", {"name": "A"}), ("a", "ShipDocked", {"port": "Oslo"}))
    for version, data in ((1, FORMER), (2, PRESENT)):
        await seeding.events(
            "ship", ("a", "ShipDeparted", data), dataschema=f"urn:fairlead:ship:ShipDeparted:{version}"
        )
        await seeding.events("ship", ("a", "ShipDocked", {"port": "Oslo"}))
    return client


async def _get(client: AsyncClient, path: str) -> Any:
    response = await client.get(path)
    assert 200 == response.status_code, response.text
    return response.json()


@pytest.mark.usefixtures("both")
async def test_the_journal_keeps_what_was_written(pool: Pool, names: Names) -> None:
    query = f"SELECT data, schema_version FROM {names.public}.journal WHERE type = 'ShipDeparted' ORDER BY version"  # noqa: S608
    assert [(FORMER, 1), (PRESENT, 2)] == [tuple(row) for row in await pool.fetch(query)]


async def test_events_are_shown_and_folded_as_of_the_present(both: AsyncClient) -> None:
    events = (await _get(both, "/ships/a/events"))["items"]
    assert [PRESENT, PRESENT] == [event["data"] for event in events if event["type"] == "ShipDeparted"]
    for version, status in ((3, "at sea"), (4, "docked"), (5, "at sea"), (6, "docked")):
        ship = await _get(both, f"/ships/a?version={version}")
        assert (version, status, False) == (ship["version"], ship["status"], ship["stale"])
    now = await _get(both, "/ships/a")
    assert ("docked", 6) == (now["status"], now["version"])


async def test_a_former_release_says_that_it_cannot_fold_what_a_later_one_wrote(
    both: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    ship = await _get(both, "/ships/a?version=6")
    assert (4, "docked", True) == (ship["version"], ship["status"], ship["stale"])
    events = (await _get(both, "/ships/a/events"))["items"]
    assert [FORMER, PRESENT] == [event["data"] for event in events if event["type"] == "ShipDeparted"]
