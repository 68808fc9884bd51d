"""Roles collect garbage seldom: what commands leave behind must be free without that."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from service.domain import AGGREGATES
from tests.domain.partition import Partition, entity_id, envelope

SHIP = entity_id(1)


@pytest.fixture
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
def test_what_commands_leave_behind_holds_no_cycles() -> None:
    partition = Partition(AGGREGATES["ship"])
    partition.ask(envelope("register_ship", SHIP, {"name": "Pacific Explorer"}))
    gc.collect()
    for _ in range(10):
        partition.ask(envelope("dock_ship", SHIP, {"port": "Singapore"}))
        partition.ask(envelope("unload_cargo", SHIP, {"item": "tea", "quantity": 1}))
        partition.ask(envelope("dock_ship", SHIP, {"port": ""}))
        partition.ask(envelope("dock_ship", SHIP, {"port": "Rio"}, expectedversion=1))
    assert 0 == gc.collect()
