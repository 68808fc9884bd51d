"""Both scenarios of the notebook, played through the running service."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from itertools import chain, count
from uuid import uuid4

from fairlead.bounds import MAX_INTEGER
from fairlead.ship import DepartShip, DockShip, LoadCargo, RegisterShip, UnloadCargo
from fairlead.user import ChangeBalance, CreateUser, DeleteUser
from service.cli.exits import Exit
from service.cli.output import out
from service.cli.stage import Stage, act, expect, note, show_events, show_state

_CAUGHT_UP = ("--wait", "20", "--min-version")


async def play_user(stage: Stage) -> None:
    """An account that is opened, changed, looked at in the past, and closed."""
    act("1 · An account")
    user = str(uuid4())
    await stage.ask(CreateUser(username="test_user", balance=100), user)
    await stage.ask(ChangeBalance(balance_change=10), user)
    await stage.ask(ChangeBalance(balance_change=250), user)
    note("… a pause of a second")
    await asyncio.sleep(1)
    await stage.ask(ChangeBalance(balance_change=-50), user)

    events = await stage.fairlead("replay", "user", user, *_CAUGHT_UP, "4")
    show_events(events)
    expect(len(events) == 4, f"Four events were to be there, not {len(events)}")  # noqa: PLR2004  # the story's
    state = await stage.fairlead("show", "user", user, *_CAUGHT_UP, "4")
    show_state(state, "balance")
    expect(state["balance"] == 310, f"The balance was to be 310, not {state['balance']}")  # noqa: PLR2004  # as above

    out.print()
    await stage.ask(ChangeBalance(balance_change=-1000), user, refused="insufficient_balance")

    before = datetime.fromisoformat(events[3]["timestamp"]) - timedelta(milliseconds=1)
    past = await stage.fairlead("replay", "user", user, "--until", before.isoformat(timespec="milliseconds"))
    show_events(past)
    expect(past == events[:3], "Before the last change there were to be three events")

    out.print()
    await stage.ask(DeleteUser(), user)
    await stage.ask(ChangeBalance(balance_change=1), user, refused="gone")
    gone = await stage.fairlead("show", "user", user, *_CAUGHT_UP, "5", code=Exit.NOT_FOUND)
    note(f"  {gone.removeprefix('fairlead: ').replace(user, user[:8] + '…')}")


async def play_ship(stage: Stage) -> str:
    """A voyage from Singapore to Hong Kong, and all that a ship refuses on the way; the file that tells of it."""
    act("2 · Pacific Explorer")
    ship = str(uuid4())
    register = RegisterShip(name="Pacific Explorer")
    await stage.ask(LoadCargo(item="electronics", quantity=500), ship, refused="not_found")
    await stage.ask(register, ship)
    await stage.ask(register, ship, refused="already_exists")
    await stage.ask(DepartShip(), ship, refused="not_docked")
    await stage.ask(DockShip(port="Singapore"), ship)
    await stage.ask(LoadCargo(item="electronics", quantity=500), ship)
    await stage.ask(DepartShip(), ship)
    note("… at sea")
    await stage.ask(LoadCargo(item="electronics", quantity=1), ship, refused="not_docked")
    await stage.ask(UnloadCargo(item="electronics", quantity=1), ship, refused="not_docked")
    await stage.ask(DockShip(port="Hong Kong"), ship)
    unloading = str(uuid4())
    await stage.ask(UnloadCargo(item="electronics", quantity=200), ship, command_id=unloading)
    note("… the same again, as after a time-out: by its id it is carried out once")
    await stage.ask(UnloadCargo(item="electronics", quantity=200), ship, command_id=unloading)
    await stage.ask(UnloadCargo(item="bananas", quantity=1), ship, refused="no_such_item")
    await stage.ask(UnloadCargo(item="electronics", quantity=400), ship, refused="not_enough_cargo")
    await stage.ask(LoadCargo(item="electronics", quantity=MAX_INTEGER), ship, refused="out_of_range")
    await stage.ask(DockShip(port="Manila"), ship, refused="version_conflict", expected_version=2)
    await stage.ask_raw("ship", "load_cargo", ship, {"item": "silk", "quantity": 0}, refused="invalid_command")
    await stage.ask_raw("ship", "fly_ship", ship, {}, refused="unknown_command")

    state = await stage.fairlead("show", "ship", ship, *_CAUGHT_UP, "6")
    show_state(state, "name", "status", "current_port", "cargo")
    where = (state["status"], state["current_port"], state["cargo"])
    expect(where == ("docked", "Hong Kong", {"electronics": 300}), f"The ship was to be docked with 300, not {where}")
    events = await stage.fairlead("replay", "ship", ship, *_CAUGHT_UP, "6")
    show_events(events)
    expect(len(events) == 6, f"Six events were to be there, not {len(events)}")  # noqa: PLR2004  # the story's
    file = unused_name()
    exported = await stage.fairlead("export", "ship", file)
    note(f"  {exported['events']} events in {exported['file']}")
    expect(exported["events"] == 6, f"Six events were to be exported, not {exported['events']}")  # noqa: PLR2004  # as above
    return file


def unused_name() -> str:
    """Of a file that is not there yet: an older one may be all that somebody has."""
    names = chain(("ship_events.json",), (f"ship_events-{number}.json" for number in count(2)))
    return next(name for name in names if not os.path.lexists(name))
