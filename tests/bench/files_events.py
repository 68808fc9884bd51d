"""A file of events as `fairlead export` writes it: in order of time, those of each ship between those of all others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import orjson

from service.cli.event_files import compressed, form_of

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_PORTS = ("Rio", "Singapore", "Hamburg", "Rotterdam")
_ITEMS = ("tea", "copper", "grain", "steel", "electronics")


def write_events(path: Path, events: int, ships: int) -> None:
    """So many events of so many ships, one each 10 ms."""
    form = form_of(path)
    with path.open("wb") as target, compressed(path, target) as sink:
        sink.write(form.begin)
        for number, row in enumerate(_rows(events, ships)):
            sink.write((form.between if number else b"") + row)
        sink.write(form.end)


def _rows(events: int, ships: int) -> Iterator[bytes]:
    random = Random(1)
    ids = [_uuid(random) for _ in range(ships)]
    ports = [""] * ships
    for number in range(events):
        turn, ship = divmod(number, ships)
        data: dict[str, str | int]
        if turn == 0:
            kind, data = "ShipRegistered", {"name": f"Ship {ship}"}
        elif turn % 10 == 1:
            ports[ship] = random.choice(_PORTS)
            kind, data = "ShipDocked", {"port": ports[ship]}
        else:
            kind = "CargoLoaded"
            data = {"item": random.choice(_ITEMS), "quantity": random.randint(1, 500), "port": ports[ship]}
        row = {
            "event_id": _uuid(random),
            "timestamp": (_BEGAN + timedelta(milliseconds=10 * number)).isoformat(),
            "event_type": kind,
            "entity_id": ids[ship],
            "data": data,
        }
        yield orjson.dumps(row)


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
