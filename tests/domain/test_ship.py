"""The rules of a ship, each by a test that states it."""

from __future__ import annotations

import pytest

from fairlead.bounds import MAX_INTEGER, MAX_ITEMS, Message
from fairlead.ship import (
    CargoLoaded,
    CargoUnloaded,
    DepartShip,
    DockShip,
    LoadCargo,
    RegisterShip,
    ShipDeparted,
    ShipDocked,
    ShipRegistered,
    UnloadCargo,
)
from service.domain.aggregate import InvalidHistory
from service.domain.ship import SHIP
from tests.domain.story import Story

ID = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9e10"
ship = Story(SHIP, ID)
registered = ship.given(ShipRegistered(name="Pacific Explorer"))
docked = registered.given(ShipDocked(port="Singapore"))
loaded = docked.given(CargoLoaded(item="electronics", quantity=500, port="Singapore"))
at_sea = loaded.given(ShipDeparted(departed_from="Singapore"))


def test_a_ship_is_registered_by_its_name() -> None:
    ship.when(RegisterShip(name="Pacific Explorer")).then(ShipRegistered(name="Pacific Explorer"))


@pytest.mark.parametrize("story", [registered, docked, at_sea])
def test_a_ship_is_registered_once(story: Story) -> None:
    story.when(RegisterShip(name="Again")).refused("already_exists", f"Ship with ID {ID} already exists")


@pytest.mark.parametrize(
    "command",
    [
        DockShip(port="Singapore"),
        DepartShip(),
        LoadCargo(item="tea", quantity=1),
        UnloadCargo(item="tea", quantity=1),
    ],
)
def test_nothing_but_registration_can_be_asked_of_an_unknown_ship(command: Message) -> None:
    ship.when(command).refused("not_found", f"Ship with ID {ID} not found")


@pytest.mark.parametrize("story", [registered, docked, at_sea])
@pytest.mark.parametrize("port", ["Singapore", "Hong Kong"])
def test_a_ship_may_dock_from_anywhere_and_again(story: Story, port: str) -> None:
    story.when(DockShip(port=port)).then(ShipDocked(port=port))


def test_a_ship_departs_from_the_port_it_lies_in() -> None:
    docked.when(DepartShip()).then(ShipDeparted(departed_from="Singapore"))


@pytest.mark.parametrize("story", [registered, at_sea])
def test_only_a_docked_ship_departs(story: Story) -> None:
    story.when(DepartShip()).refused("not_docked", "Ship is not docked at any port")


def test_cargo_is_loaded_at_the_port() -> None:
    docked.when(LoadCargo(item="tea", quantity=3)).then(CargoLoaded(item="tea", quantity=3, port="Singapore"))


@pytest.mark.parametrize("story", [registered, at_sea])
def test_only_a_docked_ship_loads(story: Story) -> None:
    story.when(LoadCargo(item="tea", quantity=3)).refused("not_docked", "Ship must be docked to load cargo")


@pytest.mark.parametrize("story", [registered, at_sea])
def test_only_a_docked_ship_unloads(story: Story) -> None:
    story.when(UnloadCargo(item="tea", quantity=3)).refused("not_docked", "Ship must be docked to unload cargo")


def test_only_what_is_aboard_is_unloaded() -> None:
    loaded.when(UnloadCargo(item="tea", quantity=1)).refused("no_such_item", "No tea on the ship")


def test_no_more_is_unloaded_than_is_aboard() -> None:
    too_much = UnloadCargo(item="electronics", quantity=501)
    loaded.when(too_much).refused("not_enough_cargo", "Not enough electronics on the ship")


def test_all_that_is_aboard_can_be_unloaded() -> None:
    everything = CargoUnloaded(item="electronics", quantity=500, port="Singapore")
    loaded.when(UnloadCargo(item="electronics", quantity=500)).then(everything)


def test_an_item_that_is_used_up_leaves_the_cargo() -> None:
    loaded.given(CargoUnloaded(item="electronics", quantity=500, port="Singapore")).shows(
        {"name": "Pacific Explorer", "status": "docked", "current_port": "Singapore", "cargo": {}}
    )


def test_a_quantity_stays_in_its_range() -> None:
    most = docked.given(CargoLoaded(item="tea", quantity=MAX_INTEGER, port="Singapore"))
    most.when(LoadCargo(item="tea", quantity=1)).refused("out_of_range", "quantity would leave its range")


def test_a_ship_carries_at_most_a_thousand_items() -> None:
    items = (CargoLoaded(item=f"item {number}", quantity=1, port="Singapore") for number in range(MAX_ITEMS))
    full = docked.given(*items)
    full.when(LoadCargo(item="one more", quantity=1)).refused("out_of_range", "cargo would leave its range")
    full.when(LoadCargo(item="item 7", quantity=1)).then(CargoLoaded(item="item 7", quantity=1, port="Singapore"))


def test_a_ship_is_shown_by_name_status_port_and_cargo() -> None:
    ship.shows(None)
    registered.shows({"name": "Pacific Explorer", "status": "registered", "current_port": None, "cargo": {}})
    cargo = {"electronics": 500}
    loaded.shows({"name": "Pacific Explorer", "status": "docked", "current_port": "Singapore", "cargo": cargo})
    at_sea.shows({"name": "Pacific Explorer", "status": "at sea", "current_port": None, "cargo": cargo})


def test_a_history_begins_with_registration() -> None:
    with pytest.raises(InvalidHistory, match=r"^First event must be ShipRegistered$"):
        SHIP.evolve(SHIP.initial, ShipDocked(port="Singapore"))
