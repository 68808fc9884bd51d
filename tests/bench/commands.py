"""Commands for a thousand ships, about a tenth of which the rules refuse; their bytes are ready before they count."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random
from uuid import UUID

SHIPS = 1_000
_REFUSED = 0.1
_PORTS = ("Rio", "Singapore", "Hamburg", "Rotterdam")
_ITEMS = ("tea", "copper", "grain", "steel", "electronics")
_CAUSE = b'"causationid":"'

Command = tuple[bytes, bytes]


class Workload:
    """Makes commands, the same ones for the same seed; each carries its number in its id."""

    def __init__(self, *, seed: int = 1, ships: int = SHIPS) -> None:
        self._random = Random(seed)
        self._numbers = count()
        self._ships = [_Ship(self._uuid()) for _ in range(ships)]

    def registrations(self, entities: int) -> Iterator[Command]:
        """Key and value of commands that register so many ships, none of which is ever heard of again."""
        for _ in range(entities):
            yield self._command(self._uuid(), "register_ship", b'{"name":"Quiet Harbour"}')

    def commands(self, number: int) -> Iterator[Command]:
        """Key and value of so many for the thousand, each as its ship then stands."""
        for _ in range(number):
            ship = self._random.choice(self._ships)
            yield self._command(ship.id, *ship.next(self._random))

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _command(self, ship: str, kind: str, data: bytes) -> Command:
        key = ship.encode()
        value = b'{"specversion":"1.0","id":"%08x-0000-4000-8000-000000000000","source":"/bench","type":"%s",' % (
            next(self._numbers),
            kind.encode(),
        )
        return key, value + b'"subject":"%s","data":%s}' % (key, data)


class _Ship:
    """As much of a ship as it takes to know what it would refuse."""

    def __init__(self, id_: str) -> None:
        self.id = id_
        self._known = self._docked = False
        self._cargo: dict[str, int] = {}

    def next(self, random: Random) -> tuple[str, bytes]:
        """The type and data of a command to it."""
        if not self._known:
            self._known = True
            return "register_ship", b'{"name":"Pacific Explorer"}'
        if random.random() < _REFUSED:
            return "unload_cargo", b'{"item":"unheard of","quantity":1}'
        if not self._docked or random.random() < 0.1:
            self._docked = True
            return "dock_ship", b'{"port":"%s"}' % random.choice(_PORTS).encode()
        if random.random() < 0.2:
            self._docked = False
            return "depart_ship", b"{}"
        return self._move(random)

    def _move(self, random: Random) -> tuple[str, bytes]:
        item = random.choice(_ITEMS)
        aboard = self._cargo.get(item, 0)
        kind, quantity = "load_cargo", random.randint(1, 500)
        if aboard and random.random() < 0.4:
            kind, quantity = "unload_cargo", random.randint(1, aboard)
            self._cargo[item] = aboard - quantity
        else:
            self._cargo[item] = aboard + quantity
        return kind, b'{"item":"%s","quantity":%d}' % (item.encode(), quantity)


def number_of(reply: bytes) -> int:
    """The number of the command that this reply answers."""
    at = reply.index(_CAUSE) + len(_CAUSE)
    return int(reply[at : at + 8], 16)
