"""`fairlead verify` finds each kind of damage to what a real service has left, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson
import pytest

from service.audit.rows import COLUMNS
from service.cli.verify_run import verify
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.projections import PROJECTIONS
from service.settings import Settings
from service.store.shelf import RocksShelf
from tests.checker import check
from tests.running import apply_topics, running_handler, running_projectors, settings_for
from tests.workload import generate, publish

_BOTH = ("ship", "user")
_COMMANDS, _OF_FEW = 2_500, 1_000
_STRANGER = "7b0f3d5e-52c6-4f2e-8a55-6a4d0b7a9eff"

# By view and table, what is done each to a row of its own, and what is said of it.
_ROWS: Mapping[tuple[str, str], Sequence[tuple[str, str]]] = {
    ("ships", "ships"): [
        ("UPDATE {t} SET status = 'lost' WHERE {one}", "status is 'lost', must be"),
        ("UPDATE {t} SET version = 77 WHERE {one}", "version is 77, must be"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
        ("INSERT INTO {t} (ship_id, version) VALUES ('ghost', 1)", "('ghost',): row without a cause"),
    ],
    ("ships", "cargo"): [
        ("UPDATE {t} SET quantity = -5 WHERE {one}", "cargo has -5 of"),
        ("UPDATE {t} SET quantity = 123456 WHERE {one}", "is 123456, must be"),
    ],
    ("cargo", "cargo"): [
        ("UPDATE {t} SET quantity = 123456 WHERE {one}", "quantity is 123456, must be"),
        ("INSERT INTO {t} VALUES ('ghost', 'tea', 1)", "('ghost', 'tea'): row without a cause"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
    ],
    ("ports", "ports"): [
        ("UPDATE {t} SET visits = 77777 WHERE {one}", "visits is 77777, must be"),
        ("UPDATE {t} SET loaded = -1 WHERE {one}", "loaded is -1, below 0"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
        ("INSERT INTO {t} (port) VALUES ('Atlantis')", "('Atlantis',): row without a cause"),
    ],
    ("throughput", "throughput"): [
        ("UPDATE {t} SET loaded = 77777 WHERE {one}", "loaded is 77777, must be"),
        ("UPDATE {t} SET unloaded = -1 WHERE {one}", "unloaded is -1, below 0"),
        ("UPDATE {t} SET day = '2001-01-01' WHERE {one}", "row is missing"),
        ("INSERT INTO {t} (port, day, item) VALUES ('Atlantis', '2001-01-01', 'tea')", "'tea'): row without a cause"),
    ],
    ("accounts", "accounts"): [
        ("UPDATE {t} SET balance = 77777 WHERE {one}", "balance is 77777, must be"),
        ("UPDATE {t} SET balance = -1 WHERE {one}", "balance is -1, below 0"),
        ("UPDATE {t} SET deleted = true WHERE {one}", "deleted is True, must be False"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
        ("INSERT INTO {t} (user_id) VALUES ('ghost')", "('ghost',): row without a cause"),
    ],
    ("erasures", "erasures"): [
        ("UPDATE {t} SET version = 77 WHERE {one}", "version is 77, must be"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
        ("INSERT INTO {t} VALUES ('user', 'ghost', 1, now())", "('user', 'ghost'): row without a cause"),
    ],
    ("journal", "journal"): [
        ("UPDATE {t} SET data = '{{}}' WHERE {one}", "is nothing, must be"),
        ("UPDATE {t} SET time = to_timestamp(1) WHERE {one}", "time is 1000000, must be"),
        ("UPDATE {t} SET causation_id = event_id WHERE {one}", "causation_id is"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
        ("UPDATE {t} SET version = 1000000 WHERE {one}", "1000000): row without a cause"),
    ],
    ("kept", "kept"): [
        ("UPDATE {t} SET state = '[]' WHERE {one}", "state"),
        ("UPDATE {t} SET reached = to_timestamp(1) WHERE {one}", "reached is 1000000, must be"),
        ("UPDATE {t} SET version = 1000000 WHERE {one}", "1000000): row without a cause"),
    ],
    ("outcomes", "outcomes"): [
        ("UPDATE {t} SET code = 'x' WHERE {one}", "code is 'x', must be"),
        ("UPDATE {t} SET events = '[1]' WHERE {one}", "events"),
        ("DELETE FROM {t} WHERE {one}", "row is missing"),
        ('UPDATE {t} SET "offset" = 1000000 WHERE {one}', "1000000): row without a cause"),
    ],
}
_KEYS = [
    ("DELETE FROM {t} WHERE {one}", "the key store has no key of"),
    ("UPDATE {t} SET kid = gen_random_uuid() WHERE {one}", "and the key store has"),
    ("UPDATE {t} SET key = decode(repeat('00', 32), 'hex') WHERE {one}", "does not open under its key"),
    ("UPDATE {t} SET key = NULL, erased_at = now() WHERE {one}", "is erased, although the user was not deleted"),
]


@pytest.fixture(scope="module")
async def settled(servers: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A service that has done its work, and stopped."""
    settings = settings_for(servers, f"verify-{uuid4().hex[:8]}.", state_dir=str(tmp_path_factory.mktemp("state")))
    await apply_topics(settings)
    messages = generate(_COMMANDS - _OF_FEW, ships=30, users=30, seed=26, prefix=settings.prefix)
    messages += generate(_OF_FEW, ships=2, users=1, seed=27, prefix=settings.prefix)  # so long that states are kept
    async with running_handler(settings), running_projectors(settings):
        await asyncio.to_thread(publish, servers.bootstrap_servers, messages)
        report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, prefix=settings.prefix)
        assert report.ok, report.text()
        await _kept(settings)
    return settings


async def _kept(settings: Settings) -> None:
    """Return once all states are kept that are due."""
    due = f"SELECT count(*) FROM {Names(settings.prefix).tables(PROJECTIONS['journal'].build())}.due"  # noqa: S608  # names of our own
    connection: Any = await asyncpg.connect(settings.database_url.get_secret_value())
    async with asyncio.timeout(30):
        while await connection.fetchval(due):
            pass
    await connection.close()


async def test_nothing_is_found_where_nothing_is_wrong_and_all_is_compared(settled: Settings) -> None:
    report = await verify(settled, _BOTH, _folder(settled))

    assert [] == report.violations
    assert _COMMANDS == report.counts["commands judged again"]
    for view in COLUMNS:
        assert report.counts[f"rows of {view}"] > 0, view
    assert 8 == report.counts["checkpoints"] == report.counts["local stores"] == report.counts["partitions"]
    assert (
        report.counts["entities in local state"] == report.counts["rows of ships"] + report.counts["rows of accounts"]
    )


@pytest.mark.parametrize(("view", "table"), _ROWS, ids=[f"{view} by {table}" for view, table in _ROWS])
async def test_damaged_rows_are_found(settled: Settings, view: str, table: str) -> None:
    damages, place = _ROWS[view, table], f"{await _schema_of(settled, view, table)}.{table}"

    violations = await _after(settled, place, damages, "user" if view in {"accounts", "erasures"} else "ship")

    for _, said in damages:
        assert any(f"projection {view} " in line and said in line for line in violations), (said, violations)
    # Of one table there may be other views.
    assert len({line.split(": ")[0] for line in violations if f"projection {view} " in line}) <= len(damages) + 1


async def test_damaged_keys_are_found(settled: Settings) -> None:
    violations = await _after(settled, f'"{settled.prefix}fairlead_keys".keys', _KEYS, "user")

    for _, said in _KEYS:
        assert any(said in line for line in violations), (said, violations)


async def test_a_projection_that_is_said_to_stand_elsewhere_is_found(settled: Settings) -> None:
    moved = [("UPDATE {t} SET next_offset = next_offset - 5 WHERE {one}", "version is")]

    violations = await _after(settled, f"{await _schema_of(settled, 'ships', 'ships')}.progress", moved, "ship")

    assert any("projection ships" in line and "version is" in line for line in violations), violations


async def test_damaged_local_state_is_found(settled: Settings) -> None:
    store = _a_store(settled)
    (name, raw), *_ = store.items("entities")
    entity = orjson.loads(raw)
    entity[2] += 1
    try:
        store.write([("entities", name, orjson.dumps(entity))], [])
        store.close()
        altered = (await verify(settled, ["ship"], _folder(settled))).violations
        store = _a_store(settled)
        store.write([("entities", _STRANGER, raw)], [("entities", name)])
        store.close()
        moved = (await verify(settled, ["ship"], _folder(settled))).violations
    finally:
        store = _a_store(settled)
        store.write([("entities", name, raw)], [("entities", _STRANGER)])
        store.close()

    assert len(altered) == 1
    assert f"{name}[2] is {entity[2]}, must be {entity[2] - 1}" in altered[0]
    assert [f"{_STRANGER} is kept, and has no event", f"{name} is missing"] == [line.split(": ")[1] for line in moved]


async def _schema_of(settled: Settings, view: str, table: str) -> str:
    """Of a table from which a public view is made."""
    query = """SELECT quote_ident(table_schema) FROM information_schema.view_table_usage
        WHERE view_schema = $1 AND view_name = $2 AND table_name = $3"""
    connection = await asyncpg.connect(settled.database_url.get_secret_value())
    try:
        return str(await connection.fetchval(query, f"{settled.prefix}fairlead", view, table))
    finally:
        await connection.close()


async def _after(settled: Settings, table: str, damages: Sequence[tuple[str, str]], aggregate: str) -> list[str]:
    """What is found once rows of a table are damaged, which is afterwards as it was."""
    connection: Any = await asyncpg.connect(settled.database_url.get_secret_value())
    try:
        await connection.execute(f"CREATE TABLE public.kept AS TABLE {table}")
        choice = _CHOICE.get(table.rpartition(".")[2], "").format(public=f'"{settled.prefix}fairlead"')
        rows = await connection.fetch(f"SELECT ctid::text FROM {table} {choice} LIMIT {len(damages)}")  # noqa: S608  # names of our own
        assert len(rows) == len(damages)
        for (damage, _), [ctid] in zip(damages, rows, strict=True):
            await connection.execute(damage.format(t=table, one=f"ctid = '{ctid}'"))
        return (await verify(settled, [aggregate], None)).violations
    finally:
        await connection.execute(f"TRUNCATE {table}")
        await connection.execute(f"INSERT INTO {table} TABLE public.kept")
        await connection.execute("DROP TABLE public.kept")
        await connection.close()


_CHOICE = {
    "cargo": "WHERE quantity > 0",
    "accounts": "WHERE NOT deleted",
    "keys": "WHERE entity_id IN (SELECT user_id FROM {public}.accounts WHERE NOT deleted)",
    "journal": "WHERE aggregate = 'ship'",
    "kept": "WHERE aggregate = 'ship'",
    "outcomes": "WHERE aggregate = 'ship' AND status = 'rejected'",
}


def _folder(settled: Settings) -> Path:
    assert settled.state_dir
    return Path(settled.state_dir)


def _a_store(settled: Settings) -> Any:
    """That of the first partition of ships that has any."""
    shelf = RocksShelf(_folder(settled))
    for number in range(4):
        store = shelf.open(f"{settled.prefix}ship.events-{number}")
        if any(True for _ in store.items("entities")):
            return store
        store.close()
    raise AssertionError
