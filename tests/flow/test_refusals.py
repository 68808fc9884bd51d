"""Each refusal with its status, code and message, and no event for any of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from fairlead.bounds import MAX_INTEGER as MAX
from tests.domain.partition import envelope
from tests.flow.harness import Harness, ask

Given = list[tuple[str, dict[str, Any]]]

REGISTERED: Given = [("register_ship", {"name": "Pacific Explorer"})]
DOCKED: Given = [*REGISTERED, ("dock_ship", {"port": "Singapore"})]
LOADED: Given = [*DOCKED, ("load_cargo", {"item": "tea", "quantity": 5})]
FULL: Given = [*DOCKED, ("load_cargo", {"item": "tea", "quantity": MAX})]
CREATED: Given = [("create_user", {"username": "test_user", "balance": 100})]
DELETED: Given = [*CREATED, ("delete_user", {})]
TEA = {"item": "tea", "quantity": 6}

REFUSALS: list[tuple[str, Given, str, dict[str, Any], str, str]] = [
    ("ship", REGISTERED, "register_ship", {"name": "A"}, "already_exists", "Ship with ID {id} already exists"),
    ("ship", [], "dock_ship", {"port": "Singapore"}, "not_found", "Ship with ID {id} not found"),
    ("ship", [], "depart_ship", {}, "not_found", "Ship with ID {id} not found"),
    ("ship", [], "load_cargo", TEA, "not_found", "Ship with ID {id} not found"),
    ("ship", [], "unload_cargo", TEA, "not_found", "Ship with ID {id} not found"),
    ("ship", REGISTERED, "depart_ship", {}, "not_docked", "Ship is not docked at any port"),
    ("ship", REGISTERED, "load_cargo", TEA, "not_docked", "Ship must be docked to load cargo"),
    ("ship", REGISTERED, "unload_cargo", TEA, "not_docked", "Ship must be docked to unload cargo"),
    ("ship", DOCKED, "unload_cargo", TEA, "no_such_item", "No tea on the ship"),
    ("ship", LOADED, "unload_cargo", TEA, "not_enough_cargo", "Not enough tea on the ship"),
    ("ship", FULL, "load_cargo", TEA, "out_of_range", "quantity would leave its range"),
    ("user", CREATED, "create_user", CREATED[0][1], "already_exists", "User with ID {id} already exists"),
    ("user", DELETED, "create_user", CREATED[0][1], "gone", "User with ID {id} was deleted"),
    ("user", DELETED, "delete_user", {}, "gone", "User with ID {id} was deleted"),
    ("user", [], "change_balance", {"balance_change": 1}, "not_found", "User with ID {id} not found"),
    ("user", [], "delete_user", {}, "not_found", "User with ID {id} not found"),
    ("user", CREATED, "change_balance", {"balance_change": -101}, "insufficient_balance", "Insufficient balance"),
    (
        "user",
        CREATED,
        "change_balance",
        {"balance_change": MAX},
        "out_of_range",
        "balance would leave its range",
    ),
]


@pytest.mark.parametrize(
    ("aggregate", "given", "type_", "data", "code", "message"), REFUSALS, ids=[f"{r[2]}-{r[4]}" for r in REFUSALS]
)
async def test_a_broken_rule_is_told(  # noqa: PLR0913  # a row of the table of rules has as many columns
    harness: Harness, aggregate: str, given: Given, type_: str, data: dict[str, Any], code: str, message: str
) -> None:
    entity = str(uuid4())
    for before, fields in given:
        assert "accepted" == (await ask(harness, aggregate, envelope(before, entity, fields)))[0]
    expected = ("rejected", code, message.format(id=entity), len(given))
    assert expected == await ask(harness, aggregate, envelope(type_, entity, data))
    assert len(given) == len(await harness.events(aggregate, entity))
