"""What the broker never takes is answered so: no half of it is published, and nobody else has to wait for it."""

from __future__ import annotations

import pytest

from service.local.servers import Endpoints
from tests.kafka.protections import DEPART, DOCK, DOCK_FAR, REGISTER, Harbour
from tests.running import running_handler


async def test_a_command_whose_event_finds_no_room_is_answered_failed_and_parks_its_ship(servers: Endpoints) -> None:
    harbour = await Harbour(servers).build(cramped=True)
    # All in one batch: the refusal does not say which of them it is about.
    await harbour.ask(REGISTER, DOCK, DEPART, DOCK_FAR, DEPART)
    await harbour.ask(REGISTER, DOCK, ship=2)
    async with running_handler(harbour.settings):
        report = await harbour.report(failures_allowed=True)

    assert report.ok, report.text()
    assert report.counts["failed.not_writable"] == 1
    assert report.counts["failed.parked"] == 1
    assert report.counts["accepted"] == 5


async def test_told_to_go_on_the_ship_goes_on_without_the_command_that_failed(servers: Endpoints) -> None:
    harbour = await Harbour(servers, on_failure="continue").build(cramped=True)
    await harbour.ask(REGISTER, DOCK_FAR, DEPART, DOCK, DEPART)
    async with running_handler(harbour.settings):
        report = await harbour.report(failures_allowed=True)

    assert report.ok, report.text()
    assert report.counts["failed.not_writable"] == 1
    assert report.counts["rejected.not_docked"] == 1
    assert report.counts["accepted"] == 3


@pytest.mark.parametrize("size", [1, 40])
async def test_once_there_is_room_a_redrive_judges_what_waits_in_order(servers: Endpoints, size: int) -> None:
    harbour = await Harbour(servers).build(cramped=True)
    async with running_handler(harbour.settings):
        await harbour.ask(REGISTER, DOCK_FAR, *[DEPART, DOCK_FAR] * size)
        await harbour.handled()
        await harbour.widen()
        await harbour.ask(("redrive_parked", {}))
        report = await harbour.report(failures_allowed=True)

    assert report.ok, report.text()
    assert report.counts["parked"] == 0
    assert report.counts["accepted"] == 3 + 2 * size
