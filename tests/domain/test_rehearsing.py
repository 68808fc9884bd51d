"""The code at hand says what was said before, or each command of which it says something else is named."""

from __future__ import annotations

import tracemalloc
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from pydantic import Field

from fairlead.bounds import Message
from fairlead.ship import CargoLoaded, LoadCargo
from service.commands import asked, rehearsing
from service.commands.past import Log, Past
from service.commands.ports import Record
from service.commands.rehearsing import Difference, Logs, Rehearsal, may_import
from service.domain import AGGREGATES, Aggregate
from service.domain.aggregate import InvalidHistory, Rejected
from tests.domain.evolved import LATER
from tests.domain.partition import NOON, Partition, Stored, entity_id, envelope
from tests.workload import generate

SHIP, USER = AGGREGATES["ship"], AGGREGATES["user"]


class _Read(Stored):
    """A record that tells when nobody holds it any more."""

    __slots__ = ("__weakref__",)


async def batches(records: Sequence[Stored]) -> AsyncIterator[Sequence[Stored]]:
    for start in range(0, len(records), 7):
        yield records[start : start + 7]


async def rehearsed(
    release: Aggregate, partition: Partition, *, since: int = 0
) -> tuple[list[Difference], Counter[str]]:
    """What this release says otherwise to the commands from so many milliseconds after noon on."""
    counts: Counter[str] = Counter()
    found: list[Difference] = []
    commands, replies = (
        batches([record for record in records if record.timestamp >= NOON + since])
        for records in (partition.commands, partition.replies)
    )
    imported = {record.key for record in partition.commands if may_import(record.value)}
    logs = Logs(0, commands, replies, batches(partition.events), imported)
    await Rehearsal(release, logs, counts, found.append).run()
    return found, counts


def recorded(aggregate: Aggregate, count: int = 2_000) -> Partition:
    """Random commands, every answer of the contract among them, decided by a real decider in batches."""
    partition = Partition(aggregate)
    for message in generate(count, ships=8, users=8, seed=5):
        if message.topic == f"{aggregate.name}.commands":
            partition.publish(message.key, message.value, at=NOON + len(partition.commands), headers=message.headers)
            if len(partition.commands) % 50 == 0:
                partition.judge()
    partition.judge()
    return partition


def loaded(*quantities: int) -> Partition:
    """A ship that takes cargo."""
    partition = Partition(SHIP)
    partition.ask(envelope("register_ship", entity_id(1), {"name": "Pacific Explorer"}))
    partition.ask(envelope("dock_ship", entity_id(1), {"port": "Singapore"}))
    for place, quantity in enumerate(quantities, 1):
        load = envelope("load_cargo", entity_id(1), {"item": "electronics", "quantity": quantity})
        partition.ask(load, at=NOON + place)
    return partition


def limited(command: Any, state: Any, ship_id: str) -> Sequence[Message]:
    """The rules of ships, with one more."""
    if isinstance(command, LoadCargo) and state.cargo.get(command.item, 0) + command.quantity > 100:
        raise Rejected("too_much", "A ship takes a hundred of a thing")
    return SHIP.decide(command, state, ship_id)


@pytest.mark.parametrize("aggregate", [SHIP, USER], ids=lambda one: one.name)
async def test_the_same_code_says_the_same(aggregate: Aggregate) -> None:
    partition = recorded(aggregate)
    found, counts = await rehearsed(aggregate, partition)
    assert [] == found
    codes = {reply.json["data"]["code"] for reply in partition.replies}
    assert {"version_conflict", "invalid_command", "unknown_command", "id_reused"} <= codes
    assert counts["decided again"] > 500
    assert counts["not compared: repeats"] > 20
    assert len(partition.commands) == counts.total()


async def test_histories_meet_the_ids_that_were_there() -> None:
    def chunk(first: int, *numbers: int) -> dict[str, Any]:
        entries = [
            {"type": "ShipRegistered", "data": {"name": "Pacific Explorer"}},
            {"type": "ShipDocked", "data": {"port": "Singapore"}},
            {"type": "ShipDocked", "data": {"port": "Lisbon"}},
        ][first - 1 :]
        named = zip(numbers, entries, strict=False)
        events = [{"id": entity_id(n), "time": "2026-11-24T18:20:00Z", **entry} for n, entry in named]
        return envelope("import_history", entity_id(1), {"first_version": first, "events": events})

    partition = Partition(SHIP)
    for one in (chunk(1, 10, 11), chunk(1, 10, 11, 12), chunk(2, 13), chunk(1, 10), chunk(3, 12)):
        partition.ask(one)
    found, counts = await rehearsed(SHIP, partition)
    assert ([], {"decided again": 5}) == (found, counts)
    codes = [reply.json["data"]["code"] for reply in partition.replies]
    assert [None, None, "history_differs", None, None] == codes


async def test_an_import_whose_name_is_escaped_meets_them_too() -> None:
    events = [{"id": entity_id(9), "time": "2026-11-24T18:20:00Z", "type": "ShipRegistered", "data": {"name": "Rio"}}]
    partition = Partition(SHIP)
    for _ in range(2):
        asked = envelope("import_history", entity_id(1), {"first_version": 1, "events": events})
        escaped = orjson.dumps(asked).replace(b"import_history", rb"import\u005fhistory")
        partition.publish(entity_id(1).encode(), escaped, at=NOON)
        partition.judge()
    found, counts = await rehearsed(SHIP, partition)
    assert ([], {"decided again": 2}) == (found, counts)


@pytest.mark.parametrize(("with_ids", "most"), [((), 1), ((entity_id(1).encode(),), 20)])
async def test_of_an_event_nothing_is_kept_but_16_bytes_where_its_id_may_be_asked_for(
    with_ids: Sequence[bytes], most: int
) -> None:
    count, data = 5_000, {"ShipRegistered": b'{"name":"Rio"}', "ShipDocked": b'{"port":"Rio"}'}

    async def log() -> AsyncIterator[Sequence[Stored]]:
        for number in range(1, count + 1):
            type_ = "ShipDocked" if number > 1 else "ShipRegistered"
            told = b'{"id":"%s","subject":"%s","type":"%s","entityversion":%d,"data":%s}'
            names = (name.encode() for name in (entity_id(number), entity_id(1), type_))
            yield [Stored(None, told % (*names, number, data[type_]), number, NOON)]

    past = Past(SHIP, Log(log()), with_ids)
    await past.at(entity_id(1), 100)
    tracemalloc.start()
    try:
        await past.at(entity_id(1), count)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < most * count
    if with_ids:
        assert [entity_id(1), entity_id(count)] == [past.event_id(entity_id(1), at) for at in (1, count)]


async def test_from_the_middle_of_a_log_on_state_is_that_of_all_events() -> None:
    found, counts = await rehearsed(SHIP, loaded(60, 40, 7), since=3)
    assert ([], {"decided again": 1}) == (found, counts)
    found, counts = await rehearsed(SHIP, recorded(SHIP), since=500)
    assert ([], True) == (found, counts["decided again"] > 200)
    assert 0 == counts["not compared: replies to what is no longer kept"]


async def test_a_changed_rule_shows_the_commands_that_differ_and_no_others() -> None:
    partition = loaded(60, 40, 7, 90)
    found, counts = await rehearsed(replace(SHIP, decide=limited), partition)
    assert 6 == counts["decided again"]
    # The ship had all that was recorded: that one is refused does not let the next one pass.
    assert [4, 5] == [one.offset for one in found]
    event = {"type": "CargoLoaded", "data": {"item": "electronics", "quantity": 7, "port": "Singapore"}}
    assert {"status": "accepted", "code": None, "message": None, "events": [event]} == found[0].recorded
    assert ("rejected", "too_much", []) == tuple(found[0].now[name] for name in ("status", "code", "events"))
    assert ("ship", entity_id(1), "load_cargo") == (found[0].aggregate, found[0].entity_id, found[0].type)
    assert partition.replies[4].json["causationid"] == found[0].command_id


async def test_an_event_with_other_data_is_a_difference() -> None:
    def decide(command: Any, state: Any, ship_id: str) -> Sequence[Message]:
        events = SHIP.decide(command, state, ship_id)
        return [one.model_copy(update={"item": "boxes"}) if isinstance(one, CargoLoaded) else one for one in events]

    [found], _ = await rehearsed(replace(SHIP, decide=decide), loaded(1))
    assert ["electronics", "boxes"] == [said["events"][0]["data"]["item"] for said in (found.recorded, found.now)]


async def test_other_words_for_people_are_none() -> None:
    def decide(command: Any, state: Any, ship_id: str) -> Sequence[Message]:
        try:
            return SHIP.decide(command, state, ship_id)
        except Rejected as refusal:
            raise Rejected(refusal.code, "No") from refusal

    found, _ = await rehearsed(replace(SHIP, decide=decide), recorded(SHIP, 500))
    assert [] == found


async def test_code_that_fails_on_a_command_has_failed() -> None:
    def decide(_: Any, state: Any, ship_id: str) -> Sequence[Message]:
        raise ZeroDivisionError(ship_id, state)

    found, _ = await rehearsed(replace(SHIP, decide=decide), loaded(1))
    assert {("failed", "internal_error")} == {(one.now["status"], one.now["code"]) for one in found}
    assert 3 == len(found)


async def test_events_that_can_no_longer_be_folded_are_told() -> None:
    def evolve(state: Any, event: Any) -> Any:
        if isinstance(event, CargoLoaded):
            raise InvalidHistory("Ships carry nothing")
        return SHIP.evolve(state, event)

    found, _ = await rehearsed(replace(SHIP, evolve=evolve), loaded(1, 2))
    assert [2, 3] == [one.offset for one in found]
    assert "CargoLoaded 3 cannot be folded: InvalidHistory: Ships carry nothing" == found[1].now["message"]


async def test_what_is_no_command_any_more_or_has_become_one_is_told() -> None:
    partition = loaded(1)
    partition.ask(envelope("sink_ship", entity_id(1), {}))
    commands = {"sink_ship": SHIP.commands["depart_ship"]} | {
        name: model for name, model in SHIP.commands.items() if name != "load_cargo"
    }
    found, _ = await rehearsed(replace(SHIP, commands=commands), partition)
    told = [(one.type, one.recorded["status"], one.now["status"], one.now["code"]) for one in found]
    assert [("load_cargo", "accepted", "invalid", "unknown_command"), ("sink_ship", "invalid", "read", None)] == told


async def test_a_later_version_of_an_event_is_the_same_decision() -> None:
    partition = loaded(1)
    partition.ask(envelope("depart_ship", entity_id(1), {}))
    found, counts = await rehearsed(LATER, partition)
    assert ([], 4) == (found, counts["decided again"])


async def test_a_digest_that_would_let_no_repeat_find_its_outcome_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = loaded()
    monkeypatch.setattr(rehearsing, "command_digest", lambda *_: "0" * 32)
    found, _ = await rehearsed(SHIP, partition)
    digests = [reply.json["commanddigest"] for reply in partition.replies]
    assert [({"digest": digest}, {"digest": "0" * 32}) for digest in digests] == [
        (one.recorded, one.now) for one in found
    ]


async def test_what_failed_is_compared_once_it_was_redriven() -> None:
    failing = Partition(replace(SHIP, decide=limited))
    failing.ask(envelope("register_ship", entity_id(1), {"name": "Pacific Explorer"}))
    # Nothing is aboard of what never docked: the rule above does not expect that.
    failing.ask(envelope("load_cargo", entity_id(1), {"item": "electronics", "quantity": 1}))
    assert "failed" == failing.replies[-1].json["data"]["status"]
    logs = {name: getattr(failing, name) for name in ("commands", "replies", "events", "dead_letters", "snapshots")}
    mended = Partition(SHIP, **logs, judged=failing.judged)
    mended.ask(envelope("redrive_parked", entity_id(1), {}))
    found, counts = await rehearsed(SHIP, mended)
    assert ([], 2) == (found, counts["decided again"])
    assert 1 == counts["not compared: failed or waiting then"] == counts["not compared: redrives and discards"]


async def test_what_was_redriven_is_let_go() -> None:
    failing = Partition(replace(SHIP, decide=limited))
    failing.ask(envelope("register_ship", entity_id(1), {"name": "Pacific Explorer"}))
    failing.ask(envelope("load_cargo", entity_id(1), {"item": "electronics", "quantity": 1}))
    logs = {name: getattr(failing, name) for name in ("commands", "replies", "events", "dead_letters", "snapshots")}
    mended = Partition(SHIP, **logs, judged=failing.judged)
    mended.ask(envelope("redrive_parked", entity_id(1), {}))
    seen: list[weakref.ref[_Read]] = []

    async def commands() -> AsyncIterator[Sequence[Record]]:
        for stored in mended.commands:
            read = _Read(stored.key, stored.value, stored.offset, stored.timestamp)
            seen.append(weakref.ref(read))
            yield [read]

    counts: Counter[str] = Counter()
    rehearsal = Rehearsal(SHIP, Logs(0, commands(), batches(mended.replies), batches(mended.events), ()), counts, print)
    await rehearsal.run()
    assert 2 == counts["decided again"]
    # The last one is that of the log itself, which is at its end.
    assert [None] * 2 == [one() for one in seen[:-1]]


async def test_what_retention_took_is_counted() -> None:
    partition = loaded(1, 2)
    del partition.commands[:2], partition.replies[-1]
    found, counts = await rehearsed(SHIP, partition)
    assert [] == found
    assert {
        "not compared: replies to what is no longer kept": 2,
        "decided again": 1,
        "not compared: without a reply": 1,
    } == counts


@pytest.mark.parametrize(("most", "held"), [(1_000, 6), (10**6, 41)])
async def test_no_more_is_held_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch, most: int, held: int) -> None:
    monkeypatch.setattr(asked, "_AHEAD_BYTES", most)
    partition = loaded(*[1] * 40)
    del partition.commands[0]
    seen: list[weakref.ref[_Read]] = []
    there = []

    async def commands() -> AsyncIterator[Sequence[Record]]:
        for stored in partition.commands:
            there.append(sum(one() is not None for one in seen))
            read = _Read(stored.key, stored.value, stored.offset, stored.timestamp)
            seen.append(weakref.ref(read))
            yield [read]

    counts: Counter[str] = Counter()
    logs = Logs(0, commands(), batches(partition.replies), batches(partition.events), ())
    await Rehearsal(SHIP, logs, counts, print).run()
    assert counts["decided again"] == len(seen)
    assert held - 2 <= max(there) <= held


async def test_however_many_have_no_reply_those_behind_them_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "_AHEAD_BYTES", 1_000)
    partition = loaded(*[1] * 40)
    del partition.replies[:20]
    found, counts = await rehearsed(SHIP, partition)
    assert [] == found
    assert {"decided again": 22, "not compared: without a reply": 20} == counts


async def test_nobodys_name_is_shown() -> None:
    def decide(command: Any, state: Any, user_id: str) -> Sequence[Message]:
        events = USER.decide(command, state, user_id)
        return [one.model_copy(update={"balance": 7}) if hasattr(one, "balance") else one for one in events]

    partition = Partition(USER)
    partition.ask(envelope("create_user", entity_id(1), {"username": "test_user", "balance": 100}))
    [found], _ = await rehearsed(replace(USER, decide=decide), partition)
    assert [
        {"username": "[protected]", "balance": 100},
        {"username": "[protected]", "balance": 7},
    ] == [said["events"][0]["data"] for said in (found.recorded, found.now)]
    assert "test_user" not in str(found)


async def test_nobodys_name_is_shown_where_code_fails_on_it() -> None:
    class Short(Message):
        username: str = Field(max_length=3)

    def decide(command: Any, _state: Any, _user_id: str) -> Sequence[Message]:
        return [Short(username=command.username)]

    partition = Partition(USER)
    partition.ask(envelope("create_user", entity_id(1), {"username": "test_user", "balance": 100}))
    [found], _ = await rehearsed(replace(USER, decide=decide), partition)
    assert "failed" == found.now["status"]
    assert "ValidationError in decide, test_rehearsing.py:" in found.now["message"]
    assert found.now["message"].endswith("; username: string_too_long")
    assert "test_user" not in str(found)
