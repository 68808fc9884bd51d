"""A certificate is only worth what it finds: each way in which a name could still be read, planted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from service.cli.erase_certificate import Certificate
from service.cli.erase_person import forget
from service.commands.personal import DataKey
from service.domain import AGGREGATES
from service.postgres.keys import PostgresKeys
from service.postgres.names import quoted
from tests.cli.forgotten import LATE, NAME, NAMESAKE, OTHER, USER, Place
from tests.cli.test_erase import DAY_MS
from tests.kafka.test_start_refused import alter

SEALED = {"alg": "A256GCM", "kid": "0b9c7e0e-6f0b-4c57-9d6b-0d3a3a5c1c11", "value": "AAAA"}


async def certified(place: Place) -> Certificate:
    return await forget(place.settings, AGGREGATES["user"], USER, 1.0)


def shown(certificate: Certificate, name: str) -> dict[str, list[str]]:
    [copy] = [copy for copy in certificate.copies if copy.copy == name]
    return {one.place: list(one.where) for one in copy.shown}


async def test_whom_nobody_knows_cannot_be_erased(place: Place) -> None:
    assert (7, True) == (place.nobody[0], "not found" in place.nobody[1])


@pytest.mark.parametrize(("column", "where"), [("display_name", "display_name"), ("username", "username")])
async def test_a_projection_that_keeps_the_plain_name(place: Place, column: str, where: str) -> None:
    schema = quoted(f"{place.names.prefix}ships_v1_2")
    await place.pool.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.people (person text, {column} text)")
    try:
        await place.pool.execute(f"INSERT INTO {schema}.people VALUES ($1, $2), ('other', $2)", USER, NAME)  # noqa: S608
        code, printed, told = await place.fairlead("erase", "user", USER)
        assert (1, False) == (code, printed["clear"])
        assert "can still be read" in told
        assert {"gone.ships_v1_2.people": [where]} == shown(await certified(place), "rows")
    finally:
        await place.pool.execute(f"DROP SCHEMA {schema} CASCADE")
    assert {} == shown(await certified(place), "rows")


async def test_a_key_under_which_the_name_is_sealed_and_which_is_still_there(place: Place) -> None:
    keys = f"{place.names.keys}.keys"
    await place.pool.execute(
        f"INSERT INTO {keys} (aggregate, entity_id, kid, key) VALUES ('user', 'ghost', $1, $2)",  # noqa: S608
        place.key.kid,
        place.key.secret,
    )
    try:
        certificate = await certified(place)
        assert (False, [f"key {place.key.kid}"]) == (certificate.clear, [*shown(certificate, "key store")])
    finally:
        await place.pool.execute(f"DELETE FROM {keys} WHERE entity_id = 'ghost'")  # noqa: S608
    assert (await certified(place)).clear


async def test_dead_letters_that_nothing_will_ever_remove(place: Place) -> None:
    try:
        for kept, result in ((-1, "READABLE"), (60 * DAY_MS, "rests"), (30 * DAY_MS, "rests")):
            await alter(place.settings, "user.dead-letters", "retention.ms", str(kept))
            certificate = await certified(place)
            [copy] = [copy for copy in certificate.copies if copy.copy == "dead-letters"]
            rests = result == "rests"
            assert (result, rests, rests) == (copy.result, certificate.clear, copy.until is not None)
            assert {rests} == {time is not None for one in copy.shown for time in (one.readable_until, one.removed_by)}
    finally:
        await alter(place.settings, "user.dead-letters", "retention.ms", str(30 * DAY_MS))


async def _restore(place: Place) -> None:
    query = f"UPDATE {place.names.keys}.keys SET key = $1, erased_at = NULL WHERE entity_id = $2"  # noqa: S608
    await place.pool.execute(query, place.key.secret, USER)


async def _key(place: Place, person: str) -> DataKey:
    return (await PostgresKeys(place.pool, place.names).find("user", [person]))[person]


async def test_a_key_that_a_backup_has_brought_back_is_destroyed_again(place: Place) -> None:
    await _restore(place)
    certificate = await certified(place)
    assert (True, None) == (certificate.clear, (await _key(place, USER)).secret)
    assert "a backup had brought the key back" in certificate.copies[0].checked


async def test_redo_destroys_all_that_came_back_and_nothing_else(place: Place) -> None:
    # What was not committed never happened.
    aborted = orjson.dumps({"type": "UserDeleted", "subject": NAMESAKE, "entityversion": 2, "data": {}})
    await place.put("events", aborted, NAMESAKE, keep=False)
    await _restore(place)
    for came_back in (1, 0):
        code, found, _ = await place.fairlead("erase", "redo")
        assert (0, [{"aggregate": "user", "deleted": 2, "came_back": came_back}]) == (code, found)
    assert (await _key(place, USER)).secret is None
    assert (await _key(place, NAMESAKE)).secret


async def test_a_deletion_that_nobody_judges_is_told(place: Place) -> None:
    code, _, told = await place.fairlead("erase", "user", OTHER, "--wait", "1")
    assert (5, True) == (code, "No reply" in told), told
    assert (await _key(place, OTHER)).secret


async def test_a_key_that_no_projector_destroys_in_time_is_told(place: Place) -> None:
    assert (5, True) == (place.late[0], "the key is not destroyed yet" in place.late[1]), place.late
    # It was once one ran.
    assert (await _key(place, LATE)).secret is None


Value = dict[str, Any]


@pytest.mark.parametrize(
    ("kind", "value", "where"),
    [
        ("events", {"type": "UserCreated", "data": {"username": "Any", "balance": 1}}, "data.username"),
        ("events", {"type": "UserDeleted", "data": {}, "correlationid": f"ask {NAME}"}, "correlationid"),
        ("replies", {"data": {"status": "failed", "message": f"{NAME}: too long"}}, "data.message"),
        ("snapshots", {"state": ["Active", {"username": NAME}]}, "state.username"),
    ],
)
@pytest.mark.parametrize("keep", [True, False], ids=["committed", "aborted"])
async def test_a_record_that_tells_the_name(place: Place, kind: str, value: Value, where: str, keep: bool) -> None:  # noqa: FBT001
    planted = await place.put(kind, orjson.dumps({"subject": USER, **value}), keep=keep)
    certificate = await certified(place)
    assert (False, [where]) == (certificate.clear, shown(certificate, kind)[planted])


@pytest.mark.parametrize("kind", ["commands", "dead-letters"])
@pytest.mark.parametrize(
    "value", [b'{"data": {"username": "' + NAME.encode() + b'"}}', b"\xff no JSON"], ids=["aborted", "unreadable"]
)
async def test_what_rests_is_named_though_nobody_has_committed_or_can_read_it(
    place: Place, kind: str, value: bytes
) -> None:
    planted = await place.put(kind, value, keep=False)
    assert planted in shown(await certified(place), kind)


async def test_a_record_under_another_key_is_theirs_where_it_says_so(place: Place) -> None:
    command = {"type": "create_user", "data": {"username": NAME}}
    theirs = await place.put("commands", orjson.dumps({**command, "subject": USER}), OTHER)
    others = await place.put("commands", orjson.dumps({**command, "subject": OTHER, "correlationid": USER}), OTHER)
    found = shown(await certified(place), "commands")
    assert (True, False) == (theirs in found, others in found)
