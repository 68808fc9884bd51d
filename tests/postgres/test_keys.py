"""A person's key is made once, kept before it is used, and gone for good once erased."""

from __future__ import annotations

import asyncio
import secrets
from urllib.parse import urlsplit, urlunsplit

import pytest

from service.commands.personal import KeyErased, open_sealed, seal
from service.local.servers import Endpoints
from service.postgres.keys import PostgresKeys
from service.postgres.names import Names
from service.postgres.pool import Pool, open_pool


async def test_writers_that_race_get_the_same_keys(keys: PostgresKeys) -> None:
    people = [str(number) for number in range(50)]
    answers = await asyncio.gather(*(keys.ensure("user", people[::step]) for step in (1, -1, 1, -1, 2)))

    assert set(people) == answers[0].keys()
    for answer in answers:
        assert answer == {person: answers[0][person] for person in answer}
    assert 50 == len({key.secret for key in answers[0].values()})
    assert {32} == {len(key.secret or b"") for key in answers[0].values()}


async def test_a_key_is_found_by_those_who_come_later_and_only_what_is_there_is_found(keys: PostgresKeys) -> None:
    made = await keys.ensure("user", ["a"])

    assert made == await keys.find("user", ["a", "b"])
    assert {} == await keys.find("ship", ["a"])


async def test_an_erased_key_is_not_made_again(pool: Pool, names: Names, keys: PostgresKeys) -> None:
    before = (await keys.ensure("user", ["a"]))["a"]
    sealed = seal(before, "user", "a", "username", "Ada")
    await pool.execute(f"UPDATE {names.keys}.keys SET key = NULL, erased_at = now()")  # noqa: S608

    after = (await keys.ensure("user", ["a"]))["a"]

    assert (before.kid, None) == (after.kid, after.secret)
    with pytest.raises(KeyErased):
        open_sealed(after, "user", "a", "username", sealed)


async def test_a_key_is_durable_whatever_its_role_has_as_a_default(servers: Endpoints, pool: Pool) -> None:
    role = f"hasty_{secrets.token_hex(4)}"
    await pool.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'hasty'")
    try:
        await pool.execute(f"ALTER ROLE {role} SET synchronous_commit = off")
        parts = urlsplit(servers.database_url)
        url = urlunsplit(parts._replace(netloc=f"{role}:hasty@{parts.hostname}:{parts.port}"))
        async with open_pool(url) as hasty:
            assert "on" == await hasty.fetchval("SHOW synchronous_commit")
    finally:
        await pool.execute(f"DROP ROLE {role}")
