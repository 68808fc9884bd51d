"""A person's name is seen by who may see it, and by nobody once the key is gone."""

from __future__ import annotations

from typing import Any

import pytest

from service.commands.personal import seal
from service.postgres.keys import PostgresKeys
from service.postgres.pool import Pool
from service.postgres.queries import Queries
from service.postgres.signals import Signals
from service.projections.answers import Gone
from tests.postgres.seeding import Seeding


async def _create(seeding: Seeding, keys: PostgresKeys, *, name: str) -> None:
    key = (await keys.ensure("user", ["7"]))["7"]
    sealed = seal(key, "user", "7", "username", name)
    await seeding.events("user", ("7", "UserCreated", {"username": sealed, "balance": 100}))


async def test_a_deleted_user_is_gone_now_and_still_there_before(
    queries: Queries, seeding: Seeding, keys: PostgresKeys
) -> None:
    await _create(seeding, keys, name="Ada")
    await seeding.events("user", ("7", "UserDeleted", {}))

    versions: list[dict[str, Any]] = [{}, {"version": 2}]
    for when in versions:
        with pytest.raises(Gone, match="User with ID 7 was deleted"):
            await queries.state("user", "7", **when)
    assert {"username": "Ada", "balance": 100} == (await queries.state("user", "7", version=1)).fields


async def _names_seen(queries: Queries) -> set[Any]:
    states = [await queries.state("user", "7"), await queries.state("user", "7", version=1)]
    events = [*await queries.events("user", "7", limit=9), *[event async for event in queries.export("user")]]
    return {state.fields["username"] for state in states} | {event["data"]["username"] for event in events}


async def test_a_name_is_seen_by_who_may_and_by_nobody_once_erased(
    pool: Pool, queries: Queries, seeding: Seeding, keys: PostgresKeys, signals: Signals
) -> None:
    await _create(seeding, keys, name="Ada")
    stranger = Queries(pool, seeding.names, keys, signals, show_personal_data=False)

    assert ({"Ada"}, {"[protected]"}) == (await _names_seen(queries), await _names_seen(stranger))
    await pool.execute(f"UPDATE {seeding.names.keys}.keys SET key = NULL, erased_at = now()")  # noqa: S608
    assert ({"[erased]"}, {"[protected]"}) == (await _names_seen(queries), await _names_seen(stranger))
