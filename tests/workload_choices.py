"""Which command leads a ship or a user to an answer, from what the model says of it now."""

from __future__ import annotations

from random import Random

from service.audit.contract import LIMIT
from service.audit.records import Json

_PORTS = ("Singapore", "Hong Kong", "Reykjavík", "Rotterdam", "Ålesund", "上海")
_ITEMS = ("electronics", "grain", "tea", "café", "steel")
_CLOSING = 0.02


def some_data(random: Random, type_: str) -> Json:
    """Ordinary data of a command."""
    moved = {"item": random.choice(_ITEMS), "quantity": random.randint(1, 500)}
    some: dict[str, Json] = {
        "register_ship": {"name": f"Pacific Explorer {random.randrange(1_000)}"},
        "dock_ship": {"port": random.choice(_PORTS)},
        "load_cargo": moved,
        "unload_cargo": moved,
        "create_user": {"username": f"Zoë {random.randrange(1_000)}", "balance": random.randint(0, 1_000)},
        "change_balance": {"balance_change": random.randint(-50, 250)},
    }
    return some.get(type_, {})


def for_ship(random: Random, intent: str, ship: Json | None) -> tuple[str, Json]:
    """The type and data of a command to a ship in this state."""
    docked = ship is not None and ship["current_port"] is not None
    if ship is None or intent == "already_exists":
        type_ = "register_ship"
    elif intent == "not_docked":
        type_ = random.choice(("depart_ship", "load_cargo", "unload_cargo"))
    elif not docked:
        type_ = "dock_ship"
    else:
        return _for_docked(random, intent, ship["cargo"])
    return type_, some_data(random, type_)


def _for_docked(random: Random, intent: str, cargo: Json) -> tuple[str, Json]:
    if intent == "no_such_item":
        return "unload_cargo", {"item": f"unheard of {random.randrange(9)}", "quantity": 1}
    if cargo:
        item = random.choice(sorted(cargo))
        if intent == "not_enough_cargo":
            return "unload_cargo", {"item": item, "quantity": cargo[item] + random.randint(1, 9)}
        if intent == "out_of_range":
            return "load_cargo", {"item": item, "quantity": LIMIT}
        if random.random() < 0.3:
            return "unload_cargo", {"item": item, "quantity": random.choice((1, cargo[item]))}
    type_ = random.choice(("load_cargo", "load_cargo", "depart_ship", "dock_ship"))
    return type_, some_data(random, type_)


def for_user(random: Random, intent: str, user: Json | None, *, mortal: bool) -> tuple[str, Json]:
    """The type and data of a command to a user in this state, who may be deleted where `mortal`."""
    if user is None or intent == "already_exists":
        type_ = "create_user"
    elif user["deleted"]:
        type_ = random.choice(("create_user", "change_balance", "delete_user"))
    elif mortal and (intent == "gone" or random.random() < _CLOSING):
        type_ = "delete_user"
    else:
        change = random.randint(-min(50, user["balance"]), 250)
        if intent == "insufficient_balance":
            change = -user["balance"] - random.randint(1, 1_000)
        elif intent == "out_of_range" and user["balance"]:
            change = LIMIT
        return "change_balance", {"balance_change": change}
    return type_, some_data(random, type_)
