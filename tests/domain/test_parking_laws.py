"""What holds of a partition whose code fails now and then: as if it had not, once what waits has been redriven."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.control import CONTROL
from service.commands import parked
from service.domain import AGGREGATES, Aggregate
from tests.domain.partition import NOON, Partition, entity_id, envelope
from tests.domain.partition_histories import assert_equal, histories, outcomes_of, publish
from tests.domain.strategies import aggregates
from tests.domain.troubles import History, Troubled, trouble


@pytest.fixture(params=aggregates, ids=lambda aggregate: aggregate.name, scope="module")
def aggregate(request: pytest.FixtureRequest) -> Aggregate:
    found: Aggregate = request.param
    return found


@given(st.data())
def test_a_replay_knows_what_waits_and_what_came_of_it(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Troubled(aggregate)
    trouble(partition, data.draw(histories(aggregate, control=True)), data)
    assert_equal(partition.entities, partition.replayed())


@given(st.data())
def test_batches_may_end_anywhere(aggregate: Aggregate, data: st.DataObject) -> None:
    history = data.draw(histories(aggregate, control=True))
    one_by_one, at_once = Troubled(aggregate), Troubled(aggregate)
    at_once.keys = one_by_one.keys
    publish(one_by_one, [(command, time, True) for command, time, _ in history])
    publish(at_once, [(command, time, False) for command, time, _ in history])
    assert [reply.json for reply in one_by_one.replies] == [reply.json for reply in at_once.replies]
    told = [[(one.key, one.json["parked"]) for one in of.snapshots] for of in (one_by_one, at_once)]
    assert told[0] == told[1]
    assert [letter.offset for letter in one_by_one.dead_letters] == [letter.offset for letter in at_once.dead_letters]
    assert outcomes_of(one_by_one.entities) == outcomes_of(at_once.entities)
    assert one_by_one.entities.parked == at_once.entities.parked


@given(st.data())
def test_a_batch_that_is_dropped_leaves_no_trace(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Troubled(aggregate)
    trouble(partition, data.draw(histories(aggregate, control=True)), data)
    before = partition.replayed()
    for command, time, _ in data.draw(histories(aggregate, control=True)):
        partition.publish(command["subject"].encode(), orjson.dumps(command), at=time)
    partition.judge(commit=False)
    assert_equal(before, partition.entities)


@given(st.data())
def test_every_command_has_its_reply_and_one_more_for_each_redrive(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Troubled(aggregate)
    trouble(partition, data.draw(histories(aggregate, control=True)), data)
    ids = [record.json["id"] for record in [*partition.events, *partition.replies]]
    assert len(ids) == len(set(ids))
    assert len(partition.replies) >= len(partition.commands)
    letters = defaultdict[str, list[int]](list)
    for letter in partition.dead_letters:
        letters[letter.said["fairlead-offset"]].append(int(letter.said.get("fairlead-redrives", 0)))
    for counts in letters.values():
        # Written again for as long as it waits behind another, and counted once it fails again itself.
        assert [0] * counts.count(0) + [*range(1, max(counts) + 1)] == counts


@given(st.data())
def test_the_letter_of_what_an_entity_waits_from_is_the_oldest_of_those_that_count(
    aggregate: Aggregate, data: st.DataObject
) -> None:
    partition = Troubled(aggregate)
    trouble(partition, data.draw(histories(aggregate, control=True)), data)
    for subject, since in partition.entities.parked.items():
        letters = [letter for letter in partition.dead_letters if letter.key == subject.encode()]
        latest = {int(letter.said["fairlead-offset"]): letter.offset for letter in letters}
        waiting = [offset for offset in sorted(latest, key=latest.__getitem__) if offset >= since]
        assert since == waiting[0]
        assert sorted(waiting) == waiting


@given(st.data())
def test_of_whom_more_waits_than_is_redriven_at_once_nothing_is_judged(
    aggregate: Aggregate, data: st.DataObject
) -> None:
    partition = Troubled(aggregate)
    trouble(partition, data.draw(histories(aggregate, control=True)), data)
    for subject, since in [*partition.entities.parked.items()]:
        waiting = {
            offset
            for letter in partition.dead_letters
            if letter.key == subject.encode() and (offset := int(letter.said["fairlead-offset"])) >= since
            if letter.said["fairlead-code"] in parked.PARKING
        }
        before = len(partition.events), len(partition.dead_letters), len(partition.snapshots)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(parked, "MAX_WAITING", most := data.draw(st.integers(1, 3)))
            told = partition.ask(envelope("redrive_parked", subject, {}))["data"]
        assert (len(waiting) > most) == (told["code"] == "too_many_waiting")
        if len(waiting) > most:
            assert before == (len(partition.events), len(partition.dead_letters), len(partition.snapshots))
            assert since == partition.entities.parked[subject]
    assert_equal(partition.entities, partition.replayed())


@given(st.data())
def test_once_all_is_redriven_at_once_it_is_as_if_nothing_had_failed(aggregate: Aggregate, data: st.DataObject) -> None:
    history = [(command, NOON, ends) for command, _, ends in data.draw(histories(aggregate))]
    assert_as_if_nothing_had_failed(aggregate, history)


def test_a_repeat_with_other_content_may_be_answered_before_a_deletion_that_waits() -> None:
    # The creation is one with which these rules do not fail, the deletion one with which they do.
    user, id_ = entity_id(1), entity_id(1_000)
    create, other = (envelope("create_user", user, {"username": "a", "balance": sum_}, id=id_) for sum_ in (3, 4))
    delete = envelope("delete_user", user, {}, id=entity_id(1_001))
    troubled = assert_as_if_nothing_had_failed(
        AGGREGATES["user"], [(one, NOON, True) for one in (create, delete, other)]
    )
    assert [("accepted", None), ("failed", "internal_error"), ("conflict", "id_reused")] == [
        (reply.json["data"]["status"], reply.json["data"]["code"]) for reply in troubled.replies[:3]
    ]


def assert_as_if_nothing_had_failed(aggregate: Aggregate, history: History) -> Partition:
    """Of a history whose failed commands are redriven until none waits; returns the partition that had them."""
    troubled, sound = Troubled(aggregate), Partition(aggregate)
    troubled.keys = sound.keys
    publish(troubled, history)
    publish(sound, history)
    while troubled.entities.parked:
        subject, offset = next(iter(troubled.entities.parked.items()))
        troubled.ask(envelope("redrive_parked", subject, {}))
        assert troubled.entities.parked.get(subject, len(history)) >= offset
    for subject in {command["subject"] for command, _, _ in history}:
        assert events_of(sound, subject) == events_of(troubled, subject)
        assert answers_of(sound, subject) == answers_of(troubled, subject)
    return troubled


def events_of(partition: Partition, subject: str) -> list[Any]:
    """All but names, which are sealed anew each time."""
    events = [event.json for event in partition.events if event.json["subject"] == subject]
    return [event | {"data": event["data"] | {"username": None}} for event in events]


def answers_of(partition: Partition, subject: str) -> list[Any]:
    """Each outcome of a command of the domain, in no order, since a repeat of what is known does not wait.

    Nor does one with an id that is known and other content: before a deletion that waits it is `id_reused`, which is
    told the version of then, and behind one it is a repeat, since content cannot be compared any more.
    """
    contents = defaultdict[str, set[bytes]](set)
    for command in partition.commands:
        if command.json["subject"] == subject and command.json["type"] not in CONTROL:
            contents[command.json["id"]].add(command.value or b"")
    return sorted(
        (reply.json["causationid"], orjson.dumps(told))
        for reply in partition.replies
        if reply.json["subject"] == subject
        and (told := reply.json["data"])["status"] != "failed"
        and told["code"] != "id_reused"
        and (sent := contents.get(reply.json["causationid"]))
        and not (len(sent) > 1 and told["duplicate"])
    )
