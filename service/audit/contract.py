"""Which fields a command may have: the paths of its faults, none where it keeps the contract."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from service.audit.records import Json
from service.audit.text import is_integer, is_text, is_uuid, micros
from service.audit.versions import STEPS, brought_up, schema_of

LIMIT = 2**53 - 1
MAX_CHUNK = 500
MAX_SKIPPED = 1_000
_NUMBER = re.compile(r"0|-?[1-9][0-9]*")
_MAX_NUMBER = 20
_EXTENSION = re.compile("[a-z0-9]+")

Test = Callable[[Any], bool]
Fields = Mapping[str, Test]


def _quantity(value: Any) -> bool:
    return is_integer(value, 1, LIMIT)


def _balance(value: Any) -> bool:
    return is_integer(value, 0, LIMIT)


def _change(value: Any) -> bool:
    return is_integer(value, -LIMIT, LIMIT)


def _skip(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_SKIPPED and all(is_integer(at, 0, LIMIT) for at in value)


def _user_id(value: Any) -> bool:
    return is_uuid(value) or (
        isinstance(value, str) and len(value) <= _MAX_NUMBER and _NUMBER.fullmatch(value) is not None
    )


COMMANDS: Mapping[str, Mapping[str, Fields]] = {
    "ship": {
        "register_ship": {"name": is_text},
        "dock_ship": {"port": is_text},
        "depart_ship": {},
        "load_cargo": {"item": is_text, "quantity": _quantity},
        "unload_cargo": {"item": is_text, "quantity": _quantity},
        "import_history": {},
        "redrive_parked": {},
        "discard_parked": {},
    },
    "user": {
        "create_user": {"username": is_text, "balance": _balance},
        "change_balance": {"balance_change": _change},
        "delete_user": {},
        "import_history": {},
        "redrive_parked": {},
        "discard_parked": {},
    },
}
EVENTS: Mapping[str, Mapping[str, Fields]] = {
    "ship": {
        "ShipRegistered": {"name": is_text},
        "ShipDocked": {"port": is_text},
        "ShipDeparted": {"departed_from": is_text},
        "CargoLoaded": {"item": is_text, "quantity": _quantity, "port": is_text},
        "CargoUnloaded": {"item": is_text, "quantity": _quantity, "port": is_text},
    },
    "user": {
        "UserCreated": {"username": is_text, "balance": _balance},
        "UserBalanceChanged": {"balance_change": _change},
        "UserDeleted": {},
    },
}
_IDS: Mapping[str, Test] = {"ship": is_uuid, "user": _user_id}


def faults(aggregate: str, command: Json, key: bytes | None) -> list[str]:
    """The paths of everything that is wrong with a readable command under this key."""
    schema = schema_of(aggregate, command["type"])
    required: Fields = {
        "specversion": lambda value: value == "1.0",
        "id": is_uuid,
        "source": is_text,
        "type": lambda _: True,
        "subject": _IDS[aggregate],
    }
    # CloudEvents allows an attribute that is not set to be written as null.
    optional: Fields = {
        "time": lambda value: micros(value) is not None,
        "datacontenttype": lambda value: value == "application/json",
        "dataschema": lambda value: value == schema,
        "expectedversion": lambda value: is_integer(value, 0, LIMIT),
        "correlationid": is_text,
    }
    found = [name for name, test in required.items() if name not in command or not test(command[name])]
    found += [name for name, test in optional.items() if command.get(name) is not None and not test(command[name])]
    for name in command.keys() - required.keys() - optional.keys() - {"data"}:
        if not _EXTENSION.fullmatch(name):
            found.append(name)
    found += _data(aggregate, command["type"], command.get("data"))
    subject = command.get("subject")
    if not isinstance(subject, str) or key != subject.encode("utf-8", "surrogatepass"):
        found.append("key")
    return found


def _data(aggregate: str, type_: str, data: object) -> Iterator[str]:
    if type_ == "redrive_parked" and isinstance(data, dict) and "skip" in data:
        yield from _fields("data", data, {"skip": _skip})
        return
    if type_ != "import_history":
        yield from _fields("data", data, COMMANDS[aggregate][type_])
        return
    is_list: Test = lambda value: isinstance(value, list) and len(value) <= MAX_CHUNK  # noqa: E731  # beside its use
    wrong = list(_fields("data", data, {"first_version": lambda value: is_integer(value, 1, LIMIT), "events": is_list}))
    yield from wrong
    if isinstance(data, dict) and "data.events" not in wrong:
        for place, event in enumerate(data["events"]):
            if not _is_event(aggregate, event):
                yield f"data.events.{place}"


def _is_event(aggregate: str, event: object) -> bool:
    known = EVENTS[aggregate]
    if not isinstance(event, dict) or not isinstance(event.get("type"), str) or event["type"] not in known:
        return False
    steps = STEPS[aggregate].get(event["type"], ())
    former = event.get("schema_version", 1) if steps else 1
    shape: Fields = {
        "id": is_uuid,
        "time": lambda value: micros(value) is not None,
        "type": lambda _: True,
        "data": lambda value: not list(_fields("", brought_up(steps, former, value), known[event["type"]])),
    }
    if "schema_version" in event and steps:
        shape = {**shape, "schema_version": lambda value: is_integer(value, 1, 1 + len(steps))}
    return not list(_fields("", event, shape))


def _fields(path: str, value: object, fields: Fields) -> Iterator[str]:
    if not isinstance(value, dict):
        yield path
        return
    for name, test in fields.items():
        if name not in value or not test(value[name]):
            yield f"{path}.{name}"
    for name in value.keys() - fields.keys():
        yield f"{path}.{name}"
