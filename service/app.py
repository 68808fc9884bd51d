"""The composition root: the one place where real things are chosen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from service.api import create_api
from service.api.server import ApiServer
from service.commands.fold import fingerprint
from service.commands.ports import KeyStore, Shelf
from service.commands.reading import CommandReader
from service.commands.snapshots import Snapshots
from service.commands.stored import States
from service.domain import AGGREGATES
from service.following import Following
from service.kafka import topic_making
from service.kafka import topics as kafka_topics
from service.kafka.broker import require_transactions
from service.kafka.connection import connection
from service.kafka.ends import log_ends
from service.kafka.feed import ProjectionFeed, group_of
from service.kafka.groups import delete_group_if_possible
from service.kafka.in_force import not_in_force, partitions_in_force
from service.kafka.member import Member
from service.kafka.production import unsafe_brokers, unsafe_topics
from service.kafka.terms import Terms
from service.kafka.topics import Topics
from service.postgres.builds import CHANGED, followed_builds
from service.postgres.dropping import drop_expired
from service.postgres.erasing import tables_of
from service.postgres.forgetting import Forgetting
from service.postgres.keeper import Keeper
from service.postgres.keys import PostgresKeys, prepare_keys
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.postgres.queries import Queries
from service.postgres.schema import prepare_projections
from service.postgres.signals import open_signals
from service.projections import EARLIER, PROJECTIONS, every_version
from service.projections.build import Build
from service.serving import Reporting, Together, open_role, serve
from service.settings import Settings
from service.store.shelf import open_shelf

_LEVEL_SECONDS = 60.0
_ASKED_SECONDS = 5.0


async def apply_topics(settings: Settings, *, partitions: int | None, replication: int) -> list[str]:
    """Create the topics that are missing; returns their names. Raises PartitionsFixed."""
    return await topic_making.apply_topics(
        connection(settings), AGGREGATES, settings.prefix, partitions=partitions, replication=replication
    )


async def check_topics(settings: Settings, *, production: bool) -> list[str]:
    """What is wrong with the topics, a line each; for `production` also what would not keep what was acknowledged."""
    faults = []
    for name in AGGREGATES:
        topics = Topics(name, settings.prefix)
        found = await kafka_topics.check_topics(connection(settings), topics)
        faults += found or await _not_in_force(settings, topics)
        faults += await unsafe_topics(connection(settings), topics) if production else []
    return faults + (await unsafe_brokers(connection(settings)) if production else [])


async def _not_in_force(settings: Settings, topics: Topics) -> list[str]:
    counts = await kafka_topics.partition_counts(connection(settings), [topics.commands])
    fault = await not_in_force(connection(settings), topics, counts[topics.commands])
    return [fault] if fault else []


async def members(settings: Settings, aggregates: Sequence[str], keys: KeyStore, shelf: Shelf) -> list[Member]:
    """A member of the handler's group for each aggregate.

    Raises NoTransactions, and LookupError where topics are missing, not as they must be, grown or moved.
    """
    await require_transactions(connection(settings), settings.prefix)
    found = []
    for name in aggregates:
        topics = Topics(name, settings.prefix)
        terms = Terms(
            connection=connection(settings),
            aggregate=AGGREGATES[name],
            topics=topics,
            partitions=await partitions_in_force(connection(settings), topics),
            reader=CommandReader(AGGREGATES[name]),
            snapshots=Snapshots(States(AGGREGATES[name]), fingerprint(AGGREGATES[name])),
            shelf=shelf,
            cached=settings.cached_entities,
            standby=settings.standby,
            keys=keys,
            allow_import=settings.allow_import,
            park=settings.on_failure == "park",
            busy_above=settings.busy_above if settings.on_overload == "busy" else None,
            transaction_timeout_ms=settings.transaction_timeout_ms,
            commit_timeout_s=settings.commit_timeout_s,
        )
        group = settings.group or f"{settings.prefix}fairlead.{name}.handler"
        # In one group two members under one name would throw each other out without end.
        instance_id = settings.instance_id and f"{settings.instance_id}.{name}"
        found.append(
            Member(
                terms,
                group,
                instance_id=instance_id,
                max_records=settings.max_batch,
                session_timeout_ms=settings.session_timeout_ms,
                watchdog_s=settings.watchdog_s,
            )
        )
    return found


async def handled_partitions(settings: Settings, aggregates: Sequence[str]) -> int:
    """How many partitions the handlers of these aggregates share; raises LookupError as `members` does."""
    topics = [Topics(name, settings.prefix) for name in aggregates]
    return max([await partitions_in_force(connection(settings), each) for each in topics])


async def run_handler(settings: Settings, aggregates: Sequence[str]) -> None:
    """Judge the commands of these aggregates, of all where none is named, until cancelled."""
    names = Names(settings.prefix)
    pooled = open_pool(settings.database_url.get_secret_value())
    async with open_role(settings) as role, pooled as pool:
        with open_shelf(settings.state_dir) as shelf:
            await prepare_keys(pool, names)
            found = await members(settings, aggregates or list(AGGREGATES), PostgresKeys(pool, names), shelf)
            await role.run(found)


async def run_projectors(settings: Settings, names: Sequence[str]) -> None:
    """Keep these projections up with their topics, all where none is named, until cancelled."""
    chosen = [PROJECTIONS[name] for name in names or PROJECTIONS]
    schemas = Names(settings.prefix, settings.reader_role)
    pooled = open_pool(settings.database_url.get_secret_value(), held=True)
    async with open_role(settings) as role, pooled as pool, open_signals(pool, schemas) as signals:
        await prepare_keys(pool, schemas)
        await prepare_projections(pool, schemas, chosen, [one for one in EARLIER if not names or one.name in names])
        code = every_version()
        wanted = [key for key in code if not names or key[0] in names]

        async def followed() -> list[Build]:
            for build in await drop_expired(pool, schemas):
                await delete_group_if_possible(connection(settings), group_of(settings.prefix, build))
            return await followed_builds(pool, schemas, wanted)

        def feed(build: Build) -> Reporting:
            reading = ProjectionFeed(
                connection(settings),
                settings.prefix,
                code[build.name, build.version],
                build,
                tables_of(pool, schemas, build),
                instance_id=settings.instance_id,
                session_timeout_ms=settings.session_timeout_ms,
                watchdog_s=settings.watchdog_s,
            )
            return Together(reading, Keeper(pool, schemas, build, signals)) if build.name == "journal" else reading

        await role.run([Following(followed, lambda: signals.next(CHANGED), feed)])


async def run_api(settings: Settings) -> None:
    """Answer over HTTP until cancelled."""
    async with _queries(settings, show_personal_data=settings.show_personal_data) as queries:
        api = ApiServer(create_api(queries), settings.api_host, settings.api_port, named="FAIRLEAD_API")
        await serve(settings, [api])


async def export_events(settings: Settings, aggregate: str) -> AsyncIterator[Mapping[str, Any]]:
    """All events of an aggregate that stood in the log when it began, by time, entity id and version.

    Names are shown: who reaches the key store may read them. Raises TimeoutError where the journal does not catch up,
    and Incomplete where it has parked an entity of theirs.
    """
    topics = Topics(aggregate, settings.prefix)
    ends = await log_ends(connection(settings), topics, topics.events)
    async with _queries(settings, show_personal_data=True) as queries:
        await queries.caught_up("journal", ends, wait_s=_LEVEL_SECONDS)
        async for event in queries.export(aggregate):
            yield event


async def settled_commands(
    settings: Settings, aggregate: str, commands: Collection[tuple[str, str | None]]
) -> set[tuple[str, str | None]]:
    """Of these commands, each with its entity, those that have a final outcome by now.

    Raises TimeoutError where the projection of outcomes does not catch up, Incomplete where it has put replies to them
    aside, and StoreUnavailable.
    """
    topics = Topics(aggregate, settings.prefix)
    ends = await log_ends(connection(settings), topics, topics.replies)
    async with _queries(settings, show_personal_data=False, patience_s=_ASKED_SECONDS) as queries:
        await queries.caught_up("outcomes", ends, wait_s=_LEVEL_SECONDS)
        return await queries.settled_commands(aggregate, commands)


@asynccontextmanager
async def open_forgetting(settings: Settings) -> AsyncIterator[Forgetting]:
    """The database as whoever is to forget somebody needs it; raises StoreUnavailable."""
    names = Names(settings.prefix)
    async with open_pool(settings.database_url.get_secret_value(), size=3, patience_s=_ASKED_SECONDS) as pool:
        await prepare_keys(pool, names)
        async with open_signals(pool, names) as signals:
            yield Forgetting(pool, names, signals)


@asynccontextmanager
async def _queries(settings: Settings, *, show_personal_data: bool, patience_s: float = 60.0) -> AsyncIterator[Queries]:
    names = Names(settings.prefix)
    pooled = open_pool(settings.database_url.get_secret_value(), patience_s=patience_s)
    async with pooled as pool, open_signals(pool, names) as signals:
        yield Queries(pool, names, PostgresKeys(pool, names), signals, show_personal_data=show_personal_data)
