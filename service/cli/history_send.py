"""Histories travel as chunks, those of an entity one after the other, those of many entities at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import chain
from uuid import uuid4

import orjson

from fairlead.client import Client, NoReply
from fairlead.envelope import Reply
from service.cli.exits import OF_STATUS, Stop, unanswered
from service.cli.history_chunks import Chunk
from service.cli.output import say
from service.domain import Aggregate

# So much is under way: with 200 chunks of ten events, an eighth of it, the handler's transactions were small, and
# 14,800 events came through in a second instead of 20,500.
_BYTES_AT_ONCE = 16 << 20
# What a chunk counts for at least: tasks and replies take memory too.
_LEAST_BYTES = 4 << 10
_TIMEOUT = 60.0
# For what is busy, as while others send much.
_BUSY_SECONDS = 600.0


async def send_histories(
    client: Client, aggregate: Aggregate, histories: Iterable[Iterator[Chunk]], advance: Callable[[int, int], None]
) -> None:
    """Send all; `advance(read, written)` is told of events as they are settled. Raises Stop at the first refusal."""
    under_way, ended = 0, asyncio.Event()
    tell_busy = cache(
        partial(say, f"The service is busy: events are sent again for up to {_BUSY_SECONDS / 60:.0f} minutes")
    )

    async def one(first: Chunk, others: Iterator[Chunk], size: int) -> None:
        nonlocal under_way
        for chunk in chain((first,), others):
            reply = await _settle(client, aggregate, chunk, tell_busy)
            if reply.data.status != "accepted":
                raise Stop(OF_STATUS[reply.data.status], _refusal(aggregate, chunk.entity_id, reply))
            advance(chunk.events, 0 if reply.data.duplicate else len(reply.data.events))
        under_way -= size
        ended.set()

    async with asyncio.TaskGroup() as group:
        for history in histories:
            first = next(history)
            size = max(len(first.content), _LEAST_BYTES)
            while under_way >= _BYTES_AT_ONCE:
                ended.clear()
                await ended.wait()
            under_way += size
            group.create_task(one(first, history, size))


async def _settle(client: Client, aggregate: Aggregate, chunk: Chunk, tell_busy: Callable[[], None]) -> Reply:
    try:
        reply = await _sent(client, aggregate, chunk, chunk.command_id, tell_busy)
        if reply.data.duplicate and reply.data.status != "accepted":
            # An old refusal again, but its reason may be mended since. Events keep their ids: asking anew is safe.
            reply = await _sent(client, aggregate, chunk, str(uuid4()), tell_busy)
    except NoReply as error:
        raise unanswered(f"events of {aggregate.name} {chunk.entity_id}", _TIMEOUT) from error
    return reply


async def _sent(
    client: Client, aggregate: Aggregate, chunk: Chunk, command_id: str, tell_busy: Callable[[], None]
) -> Reply:
    """The reply, of those that say `busy` only the last one within the bound."""
    data = {"first_version": chunk.first_version, "events": orjson.Fragment(chunk.content)}
    ask = (aggregate.name, "import_history", chunk.entity_id, data)
    clock = asyncio.get_running_loop().time
    patient_until = clock() + _BUSY_SECONDS
    while True:
        reply = await client.send_raw(*ask, command_id=command_id, timeout=_TIMEOUT)
        if reply.data.status != "busy" or clock() >= patient_until:
            return reply
        tell_busy()
        await asyncio.sleep((reply.data.retry_after_ms or 0) / 1_000)


def _refusal(aggregate: Aggregate, entity_id: str, reply: Reply) -> str:
    outcome = reply.data
    if outcome.status == "busy":
        return (
            f"The service was busy for {_BUSY_SECONDS / 60:.0f} min with what else it is asked: "
            "the same command goes on where this one stood"
        )
    if outcome.code == "id_reused":
        return (
            f"{aggregate.name} {entity_id}: other data was imported before under the same event ids (history_differs)"
        )
    if outcome.code == "import_not_allowed":
        return f"{outcome.message}: set FAIRLEAD_ALLOW_IMPORT=true for `fairlead handle` (import_not_allowed)"
    return f"{aggregate.name} {entity_id}: {outcome.message} ({outcome.code})"
