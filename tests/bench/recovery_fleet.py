"""Commands for a fleet of any size, none of which the rules refuse: what a ship is told follows from its number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from confluent_kafka import KafkaError, Message

from fairlead.kafka.partitions import partition_of
from tests.bench.commands import Command
from tests.bench.failure import BenchFailed
from tests.bench.topics import producer
from tests.running import PARTITIONS

HOT = 1_000
_REGISTER = b"register_ship", b'{"name":"Quiet Harbour"}'
_DOCK = b"dock_ship", b'{"port":"Singapore"}'
_ITEMS = (b"tea", b"copper", b"grain", b"steel", b"electronics")
_MOVES = [
    (kind, b'{"item":"%s","quantity":%d}' % (item, quantity))
    for item in _ITEMS
    for kind, quantity in ((b"load_cargo", 100), (b"unload_cargo", 40))
]
# A prime with which any number of ships is gone through once, each far from the one before.
_STRIDE = 2_654_435_761
_SECONDS = 60.0
_POLLED = 5_000


class Fleet:
    """Each command carries its number in its id; ships beyond the fleet's are the probes', one in each partition."""

    def __init__(self, ships: int) -> None:
        self._ships = ships
        self._numbers = count()
        self._hot = self._probed = 0
        numbers = count(ships)
        self._probes = [next(at for at in numbers if _partition(_id(at)) == each) for each in range(PARTITIONS)]

    def history(self, events: int) -> Iterator[Command]:
        """So many, of which each ship gets about as many: it is registered, docked, and then loaded and unloaded."""
        for done in range(events):
            turn, place = divmod(done, self._ships)
            yield self._command(place * _STRIDE % self._ships, _told(turn))

    def hot(self, number: int) -> Iterator[Command]:
        """So many for a thousand of those ships."""
        ships = min(HOT, self._ships)
        for done in range(self._hot, self._hot + number):
            turn, place = divmod(done, ships)
            yield self._command(place * _STRIDE % self._ships, _MOVES[turn % len(_MOVES)])
        self._hot += number

    def probes(self) -> list[Command]:
        """One in each partition."""
        self._probed += 1
        return [self._command(ship, _told(self._probed - 1)) for ship in self._probes]

    def _command(self, ship: int, told: tuple[bytes, bytes]) -> Command:
        key, (kind, data) = _id(ship), told
        return key, (
            b'{"specversion":"1.0","id":"%08x-0000-4000-8000-000000000000","source":"/bench","type":"%s",'
            b'"subject":"%s","data":%s}' % (next(self._numbers), kind, key, data)
        )


def _told(turn: int) -> tuple[bytes, bytes]:
    return (_REGISTER, _DOCK)[turn] if turn < 2 else _MOVES[(turn - 2) % len(_MOVES)]


def _id(ship: int) -> bytes:
    return b"%08x-0000-4000-8000-%012x" % (ship * _STRIDE & 0xFFFFFFFF, ship)


def _partition(key: bytes) -> int:
    return partition_of(key, PARTITIONS)


def publish(
    bootstrap_servers: str, topic: str, commands: Iterator[Command], told: Callable[[int], None] = lambda _: None
) -> int:
    """Publish all, however many, and return their number once they are acknowledged; raises BenchFailed."""
    failed: list[str] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failed.append(str(error))

    publishing, number = producer(bootstrap_servers, **{"linger.ms": 20}), 0
    for number, (key, value) in enumerate(commands, 1):  # what is left is their number
        while True:
            try:
                publishing.produce(topic, key=key, value=value, on_delivery=delivered)
                break
            except BufferError:
                publishing.poll(0.1)
        if number % _POLLED == 0:
            publishing.poll(0)
            told(number)
    left = publishing.flush(_SECONDS)
    if left or failed:
        raise BenchFailed(f"{left + len(failed)} commands were not taken by {topic}: {failed[:1]}; run it again")
    return number
