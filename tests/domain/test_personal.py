"""Of a person the log tells nothing once the key is gone, and nothing in plain text before."""

from __future__ import annotations

import orjson

from tests.domain.accounts import ADD, CREATE, DELETE, USER, opened, outcome, users
from tests.domain.imported import chunk
from tests.domain.partition import entity_id, envelope


def test_the_digest_of_personal_data_depends_on_its_persons_key() -> None:
    one, other = users(), users()
    assert one.ask(CREATE)["commanddigest"] != other.ask(CREATE)["commanddigest"]
    assert one.ask(ADD)["commanddigest"] == other.ask(ADD)["commanddigest"]


def test_once_the_key_is_gone_the_id_alone_makes_a_repeat() -> None:
    partition = opened()
    partition.keys.erase("user", USER)
    other_name = CREATE | {"data": {"username": "somebody", "balance": 1}}
    assert ("accepted", None, True) == outcome(partition.ask(other_name))


def test_a_lost_key_changes_nothing_for_commands_without_personal_data() -> None:
    partition = opened()
    partition.ask(ADD)
    partition.keys.erase("user", USER)
    # In one batch with a command that needs the key, so that the key is at hand.
    for command in (CREATE | {"id": entity_id(9)}, ADD | {"data": {"balance_change": 11}}):
        partition.publish(USER.encode(), orjson.dumps(command))
    partition.judge()
    assert ("conflict", "id_reused", False) == outcome(partition.replies[-1].json)


def test_from_the_deletion_on_it_does_not_matter_whether_the_key_is_gone_yet() -> None:
    gone, still_there = opened(), opened()
    for partition in (gone, still_there):
        partition.ask(DELETE)
    gone.keys.erase("user", USER)
    other_name = CREATE | {"data": {"username": "somebody", "balance": 1}}
    for command in (
        CREATE,
        other_name,
        other_name | {"id": entity_id(9)},
        ADD | {"id": entity_id(9)},
        chunk([], 3, USER),
    ):
        assert gone.ask(command) == still_there.ask(command)
    assert ("accepted", None, True) == outcome(gone.ask(other_name))
    assert ("conflict", "id_reused", False) == outcome(gone.ask(ADD | {"id": CREATE["id"]}))


def test_without_its_key_a_digest_tells_nothing_of_a_person() -> None:
    partition = opened()
    partition.keys.erase("user", USER)
    replies = [
        partition.ask(envelope("create_user", USER, {"username": name, "balance": 1}, id=entity_id(number)))
        for number, name in enumerate(["test_user", "somebody"], 5)
    ]
    assert replies[0]["commanddigest"] == replies[1]["commanddigest"]


def test_a_persons_name_is_never_written_in_plain_text() -> None:
    partition = opened()
    partition.ask(ADD)
    written = b"".join(record.value or b"" for record in [*partition.events, *partition.replies])
    assert b"test_user" not in written
    assert "test_user" not in repr(partition.entities)
