"""Connections to PostgreSQL that wait for it to come up, and one name for everything that passes by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import asyncpg
import orjson
import structlog

from service.projections.store import StoreUnavailable

log = structlog.get_logger()

Pool = Any  # asyncpg is published without types
Connection = Any

_COMMAND_SECONDS = 60.0
_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 2.0
# Behind many slow questions another one would wait for longer than who asked it does.
_SOON_SECONDS = 6.0
_BACKOFF_SECONDS = 0.25
_MAX_BACKOFF_SECONDS = 5.0

# By itself asyncpg lets go of those that were idle or have done much. To open one in the middle of a burst, beside
# others, took 0.8 s, for which all waited who needed one.
_HELD: Mapping[str, Any] = {"max_inactive_connection_lifetime": 0.0, "max_queries": 2**62}

# A key that was answered for must outlive the server, whatever a role or a database has as its default. Who can do
# without says so in its transaction.
_DURABLE: Mapping[str, str] = {"synchronous_commit": "on"}

# Connection lost, transaction rolled back by a rival, resources short, server going down or coming up; a transaction
# that the server ended since its client stood still for too long; and a replica that has not taken over yet.
_PASSING = ("08", "40", "53", "57", "25P03", "25006")


@asynccontextmanager
async def open_pool(
    database_url: str, *, size: int = 8, patience_s: float = 60.0, held: bool = False
) -> AsyncIterator[Pool]:
    """A pool of up to `size` connections; raises StoreUnavailable where none is had within `patience_s` seconds.

    Where they are `held` all are opened at once and stay. A wrong password or database is raised at once.
    """
    pool = await _connect(database_url, size, patience_s, held=held)
    try:
        yield pool
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)


async def _connect(database_url: str, size: int, patience_s: float, *, held: bool) -> Pool:
    loop = asyncio.get_running_loop()
    deadline, backoff = loop.time() + patience_s, _BACKOFF_SECONDS
    while True:
        try:
            with passing_faults():
                return await asyncpg.create_pool(
                    database_url,
                    min_size=size if held else 1,
                    max_size=size,
                    **(_HELD if held else {}),
                    command_timeout=_COMMAND_SECONDS,
                    timeout=_CONNECT_SECONDS,
                    server_settings=_DURABLE,
                    init=prepare_connection,
                    reset=_as_it_is,
                )
        except StoreUnavailable as fault:
            if loop.time() + backoff > deadline:
                raise
            log.warning("waiting for PostgreSQL", reason=str(fault))
        await asyncio.sleep(backoff)
        backoff = min(backoff * 2, _MAX_BACKOFF_SECONDS)


@asynccontextmanager
async def soon(pool: Pool) -> AsyncIterator[Connection]:
    """One of its connections, for who is asked by somebody that waits; raises StoreUnavailable."""
    try:
        connection = await pool.acquire(timeout=_SOON_SECONDS)
    except TimeoutError:
        raise StoreUnavailable(
            f"PostgreSQL: no connection was free, or could be opened, within {_SOON_SECONDS:.0f} s"
        ) from None
    try:
        yield connection
    finally:
        await pool.release(connection)


async def prepare_connection(connection: Connection) -> None:
    """JSON as Python's own values, in the one format that both queries and COPY can send."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda raw: orjson.loads(raw[1:]),
    )


async def _as_it_is(_: Connection) -> None:
    """Nothing here outlives its transaction on a connection that is given back.

    By itself asyncpg asks the server to forget everything, another round trip for each query and each batch.
    """


@contextmanager
def passing_faults() -> Iterator[None]:
    """Turn what passes by itself into StoreUnavailable; let every other fault through."""
    try:
        yield
    except asyncpg.PostgresError as error:
        if (error.sqlstate or "").startswith(_PASSING):
            raise StoreUnavailable(f"PostgreSQL: {error}") from error
        raise
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if isinstance(error, (StoreUnavailable, ValueError)):  # told already; a value that has no form in its type
            raise
        raise StoreUnavailable(f"PostgreSQL: {str(error) or type(error).__name__}") from error


@contextmanager
def reading_faults() -> Iterator[None]:
    """As `passing_faults`, for readers that may come up before the first projector has made what they read."""
    try:
        with passing_faults():
            yield
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError) as error:
        raise StoreUnavailable(f"PostgreSQL: {error}: `fairlead handle` and `fairlead project` make it") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise StoreUnavailable(
            f"PostgreSQL: {error}: `fairlead project` lets the role read that FAIRLEAD_READER_ROLE names there;"
            " deploy/KEYS.md says who needs the keys"
        ) from error
