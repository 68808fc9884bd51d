"""An aggregate is copied to topics with more partitions, compared, and begun there; and can be taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from service.kafka.checkpoint import Checkpoint
from service.kafka.connection import connection
from service.kafka.groups import member_count
from service.kafka.moving.beginning import begin, begin_again, first_offset
from service.kafka.moving.closing import close_for, waiting
from service.kafka.moving.comparing import compare
from service.kafka.moving.copying import COPIED, copy
from service.kafka.moving.places import Halfway, NotMovable, Place
from service.kafka.moving.room import existing, make_room, remove, require_room
from service.kafka.topic_making import require_makeable
from service.kafka.topics import Topics, partition_count
from service.postgres.moved import copy_keys, drop_keys, in_use
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.settings import Settings

__all__ = ["Halfway", "Move", "NotMovable"]

_ASKED_SECONDS = 5.0
_LEFT_CLOSED, _PERHAPS_CLOSED = (
    f"The old topics {are} closed: the same command begins anew, and with --back they are opened again, so that "
    "handlers can judge what waits"
    for are in ("are", "may be")
)
_OPENED_AGAIN = "The old topics are open again: the same command goes on deleting the copy"

# What is done, as a person reads it, and who is then told how much of how much is done.
Told = Callable[[str], Callable[[int, int], None]]


@dataclass(frozen=True, slots=True)
class Move:
    """Of an aggregate from the topics of FAIRLEAD_PREFIX to those under the prefix `to`.

    All raise NotMovable, TopicsRefused, LookupError where topics are missing, StoreUnavailable, KafkaError and
    TimeoutError.
    """

    settings: Settings
    aggregate: str
    to: str

    async def make(self, partitions: int, replication: int, told: Told) -> dict[str, int] | None:
        """Copy it and begin there; how much of what was copied, None where that is done already.

        Its handlers have to be stopped, and all commands judged. Whoever is interrupted begins anew. Raises Halfway
        from whatever comes once the old topics are closed.
        """
        source = await self._source()
        target = Place(source.connection, Topics(self.aggregate, self.to), partitions)
        if partitions <= source.partitions:
            raise NotMovable(f"{source.topics.commands} has {source.partitions} partitions: say more than these")
        old = await source.checkpoints()
        if await self._is_made(source, old, target):
            return None
        closed = _closed_for(self.to, old)
        with _halfway(_LEFT_CLOSED) if closed else nullcontext():
            await require_room(target, source)
            await self._require_unused()
            await self._require_no_handlers(source)
            await require_makeable(target.connection, target.topics, partitions=partitions, replication=replication)
        with _halfway(_LEFT_CLOSED if closed else _PERHAPS_CLOSED, unless=NotMovable):
            at = await close_for(source, self.to, told("Looking for what waits parked"))
        with _halfway(_LEFT_CLOSED):
            return await self._copy(source, target, at, replication, told)

    async def _copy(
        self, source: Place, target: Place, at: dict[int, Checkpoint], replication: int, told: Told
    ) -> dict[str, int]:
        # As long as there are any, there is a copy that tells of them.
        await self._drop_keys()
        await make_room(target, source, first_offset(at), replication, told("Beginning beyond the old commands"))
        counts = {kind: await copy(source, target, kind, told(f"Copying {kind}")) for kind in COPIED}
        counts["entities"] = await compare(source, target, "events", told("Comparing events"))
        for kind in COPIED[1:]:
            await compare(source, target, kind, told(f"Comparing {kind}"))
        async with self._database() as (pool, old, new):
            counts["keys"] = await copy_keys(pool, old, new, self.aggregate)
        if await waiting(source, at):
            raise NotMovable(f"Somebody publishes to {source.topics.commands}: stop whoever does")
        await begin(target, at)
        return counts

    async def take_back(self) -> None:
        """Open the old topics again, as if nothing had been moved, and delete the copy.

        Whoever is interrupted goes on by the same, until all is gone: what is deleted last says that there is more.
        Raises Halfway from whatever comes once the old topics are open.
        """
        source = await self._source()
        closed = _closed_for(self.to, await source.checkpoints())
        there = Place(source.connection, Topics(self.aggregate, self.to), 0)
        target = await existing(there)
        if not closed and not (target and await target.is_copy_of(self.settings.prefix)):
            raise NotMovable(f"{source.topics.name('*')} are not closed for {self.to}: there is nothing to take back")
        if target is None or await target.is_empty():
            # Nothing there says what it is to be, but for these being closed.
            await self._require_unused()
            await self._drop_keys()
            await remove(there)
            await begin_again(source, None)
            return
        if closed:
            await begin_again(source, target)
        with _halfway(_OPENED_AGAIN):
            await self._drop_keys()
            await remove(target)

    async def _source(self) -> Place:
        if self.to == self.settings.prefix:
            raise NotMovable("FAIRLEAD_PREFIX has to be the prefix of the old topics, and --to another one")
        kafka, topics = connection(self.settings), Topics(self.aggregate, self.settings.prefix)
        source = Place(kafka, topics, await partition_count(kafka, topics))
        if copied := {one.copy_of for one in (await source.checkpoints()).values()} - {None}:
            of = copied.pop()
            raise NotMovable(
                f"{topics.name('*')} are an unfinished copy of {of}{self.aggregate}.*, and nothing to be moved or "
                f"opened: FAIRLEAD_PREFIX has to be {of!r}, and --to {topics.prefix!r}"
            )
        return source

    async def _drop_keys(self) -> None:
        async with self._database() as (pool, _, new):
            await drop_keys(pool, new, self.aggregate)

    async def _is_made(self, source: Place, old: Mapping[int, Checkpoint], target: Place) -> bool:
        if not old:
            raise NotMovable(f"Of {source.topics.commands} none was ever judged: make new topics with `topics apply`")
        there = await existing(target)
        new = await there.checkpoints() if there else {}
        return _closed_for(self.to, old) and bool(new) and all(one.moved_to is None for one in new.values())

    async def _require_no_handlers(self, source: Place) -> None:
        for prefix in (self.settings.prefix, self.to):
            group = self.settings.group or f"{prefix}fairlead.{self.aggregate}.handler"
            if members := await member_count(source.connection, group):
                raise NotMovable(f"{members} are in the group {group}: stop all handlers of {self.aggregate} first")

    async def _require_unused(self) -> None:
        async with self._database() as (pool, old, new):
            if found := await in_use(pool, old, new, self.aggregate):
                raise NotMovable(
                    f"The prefix {self.to!r} is in use: {found}. Move all aggregates before any role begins, to "
                    "another prefix; and before you take one back, see where its new topics are"
                )

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[tuple[Any, Names, Names]]:
        url = self.settings.database_url.get_secret_value()
        async with open_pool(url, size=2, patience_s=_ASKED_SECONDS) as pool:
            yield pool, Names(self.settings.prefix), Names(self.to)


@contextmanager
def _halfway(told: str, unless: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    try:
        yield
    except unless:
        raise
    except Exception as error:
        raise Halfway(told) from error


def _closed_for(to: str, at: Mapping[int, Checkpoint]) -> bool:
    return any(one.moved_to == to for one in at.values())
