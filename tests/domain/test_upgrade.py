"""What was sent to one release is a repeat to the next, whatever that knows more of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import create_model

from fairlead.bounds import Text
from fairlead.outgoing import said
from fairlead.ship import DockShip
from service.commands.identity import changed_by_reading
from service.domain import AGGREGATES
from tests.domain.partition import Partition, entity_id, envelope

SHIP = AGGREGATES["ship"]
LATER = replace(
    SHIP,
    commands={**SHIP.commands, "dock_ship": create_model("DockShip", __base__=DockShip, berth=(Text | None, None))},
)
DOCK = envelope("dock_ship", entity_id(1), {"port": "Singapore"})


def docked(first: Any) -> tuple[Partition, Any]:
    """A ship of one release that was told to dock, and the reply."""
    partition = Partition(first)
    partition.ask(envelope("register_ship", entity_id(1), {"name": "Pacific Explorer"}))
    return partition, partition.ask(DOCK)


def of_release(release: Any, before: Partition) -> Partition:
    """The same partition, owned by another release."""
    logs = {name: getattr(before, name) for name in ("commands", "events", "replies", "snapshots", "judged")}
    return Partition(release, **logs)


@pytest.mark.parametrize(("first", "then"), [(SHIP, LATER), (LATER, SHIP)])
def test_a_repeat_over_an_upgrade_or_back_finds_its_outcome(first: Any, then: Any) -> None:
    partition, reply = docked(first)
    again = of_release(then, partition).ask(DOCK)
    assert {**reply["data"], "duplicate": True} == again["data"]
    assert reply["commanddigest"] == again["commanddigest"]


def test_what_was_left_out_is_other_content_than_what_was_said() -> None:
    partition, _ = docked(LATER)
    other = DOCK | {"data": {"port": "Singapore", "berth": None}}
    assert "id_reused" == partition.ask(other)["data"]["code"]


def test_a_later_client_says_what_a_former_one_said() -> None:
    dock: Any = LATER.commands["dock_ship"]
    assert said(DockShip(port="Singapore")) == said(dock(port="Singapore")) == {"port": "Singapore"}
    assert {"port": "Singapore", "berth": "7"} == said(dock(port="Singapore", berth="7"))


def test_a_field_more_is_read_by_the_later_release_alone() -> None:
    """So handlers come before callers."""
    partition, _ = docked(SHIP)
    more = DOCK | {"id": entity_id(2), "data": {"port": "Lisbon", "berth": "7"}}
    assert ("invalid", "invalid_command") == tuple(partition.ask(more)["data"][name] for name in ("status", "code"))
    assert "accepted" == of_release(LATER, partition).ask(more)["data"]["status"]


def test_only_what_reading_changes_is_parsed_again() -> None:
    assert {"import_history", "redrive_parked"} == changed_by_reading(SHIP.commands)
    assert {"import_history", "redrive_parked", "dock_ship"} == changed_by_reading(LATER.commands)
