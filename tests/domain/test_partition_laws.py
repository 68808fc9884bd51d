"""What holds of a partition's log whatever was published: one outcome each, no gaps, and nothing lost in a replay."""

from __future__ import annotations

from collections import defaultdict

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import Aggregate
from tests.domain.partition import HOUR, NOON, Partition, entity_id, envelope
from tests.domain.partition_histories import assert_equal, histories, outcomes_of, publish, states_of
from tests.domain.strategies import aggregates, commands_of, type_of


@pytest.fixture(params=aggregates, ids=lambda aggregate: aggregate.name, scope="module")
def aggregate(request: pytest.FixtureRequest) -> Aggregate:
    found: Aggregate = request.param
    return found


@given(st.data())
def test_versions_have_no_gaps(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    publish(partition, data.draw(histories(aggregate)))
    versions = defaultdict(list)
    for event in partition.events:
        versions[event.json["subject"]].append(event.json["entityversion"])
    for found in versions.values():
        assert [*range(1, len(found) + 1)] == found


@given(st.data())
def test_every_command_has_one_reply_and_no_two_events_one_id(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    publish(partition, data.draw(histories(aggregate)))
    assert [command.json["id"] for command in partition.commands] == [
        reply.json["causationid"] for reply in partition.replies
    ]
    ids = [record.json["id"] for record in [*partition.events, *partition.replies]]
    assert len(ids) == len(set(ids))
    assert [] == partition.dead_letters


@given(st.data())
def test_a_replay_knows_exactly_what_the_owner_knew(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    publish(partition, data.draw(histories(aggregate)))
    assert_equal(partition.entities, partition.replayed())


@given(st.data())
def test_batches_may_end_anywhere(aggregate: Aggregate, data: st.DataObject) -> None:
    history = data.draw(histories(aggregate))
    one_by_one, at_once = Partition(aggregate), Partition(aggregate)
    at_once.keys = one_by_one.keys
    publish(one_by_one, [(command, time, True) for command, time, _ in history])
    publish(at_once, [(command, time, False) for command, time, _ in history])
    assert [reply.json for reply in one_by_one.replies] == [reply.json for reply in at_once.replies]
    assert outcomes_of(one_by_one.entities) == outcomes_of(at_once.entities)


@given(st.data())
def test_without_replies_the_events_still_tell_what_was_accepted(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    publish(partition, data.draw(histories(aggregate)))
    replayed = partition.replayed(replies=[])
    assert states_of(partition.entities) == states_of(replayed)
    found = outcomes_of(replayed)
    for subject, known in outcomes_of(partition.entities).items():
        # By events alone the partition's clock may be behind when one was decided, which then counts less long.
        young = {id_: one for id_, (one, _) in known.items() if replayed.clock - one.time < 25 * HOUR * 1000}
        accepted = {id_: one for id_, one in young.items() if one.status == "accepted"}
        assert accepted.items() <= {id_: one for id_, (one, _) in found[subject].items()}.items()


@given(st.data())
def test_a_batch_that_is_dropped_leaves_no_trace(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    publish(partition, data.draw(histories(aggregate)))
    before = partition.replayed()
    for command, time, _ in data.draw(histories(aggregate)):
        partition.publish(command["subject"].encode(), orjson.dumps(command), at=time)
    partition.judge(commit=False)
    assert_equal(before, partition.entities)


@given(st.data())
def test_the_same_command_twice_appends_once(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    publish(partition, data.draw(histories(aggregate)))
    message = data.draw(commands_of(aggregate))
    command = envelope(type_of(aggregate, message), entity_id(1), message.model_dump())
    together = data.draw(st.booleans())
    publish(partition, [(command, NOON, not together)])
    events = len(partition.events)
    publish(partition, [(command, NOON, True)])
    first, second = (reply.json for reply in partition.replies[-2:])
    assert events == len(partition.events)
    assert {**first["data"], "duplicate": True} == second["data"]


@given(st.data())
def test_a_refusal_changes_nothing_but_the_window(aggregate: Aggregate, data: st.DataObject) -> None:
    partition = Partition(aggregate)
    for command, time, _ in data.draw(histories(aggregate)):
        before, events = dict(states_of(partition.entities)), len(partition.events)
        if partition.ask(command, at=time)["data"]["status"] != "accepted":
            assert before == states_of(partition.entities)
            assert events == len(partition.events)
