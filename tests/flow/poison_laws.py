"""The law of poison, whatever holds the rows: what has been taken is what the rows say, and at last all is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from hypothesis import strategies as st

from service.projections import PROJECTIONS
from service.projections.batch import entity_of, project_batch
from service.projections.folding import Write
from service.projections.projection import Change, Projection, Upsert
from service.projections.store import OffsetMoved
from service.projections.stored import Source, Stored
from service.projections.taking import Taking
from tests.event_records import Record, event_record

SHIP_EVENTS = Source("ship", "events")
TOPIC = "ship.events"

# By offset: the function raises on it, or makes rows of it that no store keeps.
Poison = Mapping[int, Literal["raises", "refused"]]
Rows = dict[str, list[tuple[Any, ...]]]


class World(Protocol):
    """A build's rows, with what is parked beside them."""

    def taking(self, projection: Projection) -> Taking:
        """One who takes messages by this code."""

    async def redrive(self, projection: Projection, only: str | None) -> None:
        """Take by this code what waits."""

    async def rows(self) -> Rows:
        """Of each table, with all columns that were written, in the order of their keys."""

    async def waiting(self) -> set[int]:
        """The offsets of the messages that wait."""

    async def parked(self) -> set[str]:
        """The entities that are parked."""


@dataclass(frozen=True, slots=True)
class Take:
    """The next messages are taken at once."""

    count: int


@dataclass(frozen=True, slots=True)
class Restart:
    """Another takes the partition over; the one before may try once more."""

    zombie: bool


@dataclass(frozen=True, slots=True)
class Redrive:
    """What waits is redriven, of all or of one, by code in which so much of the poison is mended."""

    only: str | None
    mended: frozenset[int]


Step = Take | Restart | Redrive

SHIPS = ("a", "b", "c")


def histories() -> st.SearchStrategy[list[Record]]:
    """Events of some ships in any order."""
    moves = st.one_of(
        st.builds(lambda port: ("ShipDocked", {"port": port}), st.sampled_from(["Oslo", "Riga"])),
        st.just(("ShipDeparted", {"departed_from": "Oslo"})),
        st.builds(lambda n: ("CargoLoaded", {"item": "tea", "quantity": n, "port": "Riga"}), st.integers(1, 9)),
        st.builds(lambda n: ("CargoUnloaded", {"item": "tea", "quantity": n, "port": "Oslo"}), st.integers(1, 9)),
    )
    return st.lists(st.tuples(st.sampled_from(SHIPS), moves), min_size=8, max_size=30).map(_records)


def _records(happenings: Sequence[tuple[str, tuple[str, dict[str, Any]]]]) -> list[Record]:
    versions = dict.fromkeys(SHIPS, 0)
    records = []
    for offset, (ship, happening) in enumerate(happenings):
        versions[ship] += 1
        records.append(event_record(offset, ship, versions[ship], happening))
    return records


def poisons() -> st.SearchStrategy[Poison]:
    """Any offsets, most of them early ones, of which a history may have some."""
    offsets = st.one_of(st.integers(0, 5), st.integers(0, 29))
    return st.dictionaries(offsets, st.sampled_from(["raises", "refused"]), min_size=1, max_size=8)


def steps() -> st.SearchStrategy[list[Step]]:
    """What becomes of a projection meanwhile."""
    offsets = st.one_of(st.frozensets(st.integers(0, 29)), st.just(frozenset(range(30))))
    redrive = st.builds(Redrive, st.sampled_from([None, None, None, *SHIPS]), offsets)
    return st.lists(
        st.one_of(st.builds(Take, st.integers(1, 8)), st.builds(Restart, st.booleans()), redrive), max_size=12
    )


def poisoned(projection: Projection, poison: Poison) -> Projection:
    """The projection with a function that fails on these."""

    def project(event: Stored) -> Iterable[Change]:
        yield from projection.project(event)
        match poison.get(event.offset):
            case "raises":
                raise RuntimeError("poison")
            case "refused":
                yield Upsert("berths", {"ship_id": "nobody"}, {"port": "\x00"})

    return replace(projection, project=project)


PORTS = PROJECTIONS["ports"]


def writes_of(records: Sequence[Record]) -> Sequence[Write]:
    """What they lead to with nothing between."""
    return project_batch(PORTS, SHIP_EVENTS, records).writes


async def obeys(world: World, straight: Any, history: Sequence[Record], poison: Poison, plan: Sequence[Step]) -> None:
    """Assert the law for one history; `straight(records)` are the rows that these lead to with nothing between."""
    taking = world.taking(poisoned(PORTS, poison))
    at = await taking.begin(0)

    async def holds() -> None:
        waiting = await world.waiting()
        assert {entity_of(history[offset]) for offset in waiting} == await world.parked()
        assert straight([one for one in history[:at] if one.offset not in waiting]) == await world.rows()

    for step in (*plan, Take(len(history))):
        match step:
            case Take(count):
                records = history[at : at + count]
                try:
                    await taking.take(records, at + len(records))
                except OffsetMoved:
                    assert at == await taking.begin(0)
                    await taking.take(records, at + len(records))
                at += len(records)
            case Restart(zombie):
                before, taking = taking, world.taking(poisoned(PORTS, poison))
                assert at == await taking.begin(0)
                if zombie and at < len(history):
                    await taking.take(history[at : at + 1], at + 1)
                    try:
                        await before.take(history[at : at + 1], at + 1)
                    except OffsetMoved:
                        at += 1
                    else:
                        raise AssertionError("taken twice")
            case Redrive(only, mended):
                left = {offset: how for offset, how in poison.items() if offset not in mended}
                await world.redrive(poisoned(PORTS, left), only)
        await holds()
    await world.redrive(PORTS, None)

    assert set() == await world.waiting()
    assert straight(history) == await world.rows()
