"""With the rights that deploy/KAFKA.md lists, and no others, everybody can do their work."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from fairlead import Client
from fairlead.ship import DockShip, RegisterShip
from service import app
from service.domain import AGGREGATES
from service.local.child import until
from service.local.ports import free_port
from service.local.servers import Endpoints
from service.postgres.names import Names
from service.postgres.pool import open_pool
from service.settings import Settings
from tests.chaos.broker import Broker, tell_brokers
from tests.chaos.role import environment
from tests.cli.processes import begin, outcome_of
from tests.running import running_handler, running_projectors, settings_for

TABLE = Path(__file__).parents[2] / "deploy" / "KAFKA.md"
PREFIX, MOVED = "old.", "new."
SECONDS = 30.0
RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional id": ResourceType.TRANSACTIONAL_ID,
    "cluster": ResourceType.BROKER,
}
OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Delete": AclOperation.DELETE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
# What asks Kafka for something, and needs no reply.
COMMANDS = (
    ("verify",),
    ("rehearse",),
    ("dead-letters", "list"),
    ("send", "create_user", "username=ada", "balance=1", "--no-wait"),
    ("projections", "rebuild", "ports"),
    ("projections", "list"),
    ("erase", "redo"),
)
SHIP = "5b6f8a0e-9d1c-4c53-9a55-0f6b1d2c3e4f"
_ROW = re.compile(r"^\| ([^|]+) \| (topic|group|transactional id|cluster)s? ([^|]+) \| ([A-Z][^|]+) \|$", re.MULTILINE)


class Guarded:
    """A broker that allows its administrator all, and others what they are granted."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broker = Broker(directory)
        plain, controller = self.broker._ports  # noqa: SLF001  # it has one listener, and is to have another
        self.named = f"127.0.0.1:{free_port()}"
        users = "".join(f' user_{name}="secret"' for name in ("admin", "publisher", "subscriber"))
        module = "org.apache.kafka.common.security.plain.PlainLoginModule"
        login = f'{module} required username="admin" password="secret"{users};'
        settings = {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:admin",
            "listeners": f"PLAINTEXT://127.0.0.1:{plain},NAMED://{self.named},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{plain},NAMED://{self.named}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,NAMED:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
            "inter.broker.listener.name": "NAMED",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.named.plain.sasl.jaas.config": login,
            "listener.name.controller.plain.sasl.jaas.config": login,
        }
        tell_brokers(monkeypatch, settings)

    @asynccontextmanager
    async def granted(self, user: str, *who: str, prefixes: Sequence[str] = (PREFIX,)) -> AsyncIterator[None]:
        """Let somebody do, for as long as this, all that the table says of these, and nothing else."""
        wanted = {*_bindings(user, who, prefixes)}
        self._admin.create_acls([*wanted])
        assert await until(lambda: self._grants(user) == len(wanted), SECONDS)
        yield
        self._admin.delete_acls([_of(user)])
        assert await until(lambda: not self._grants(user), SECONDS)

    def client(self, user: str) -> Client:
        """The contracts' client as this user."""
        return Client(
            bootstrap_servers=self.named,
            prefix=PREFIX,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_plain_username=user,
            sasl_plain_password="secret",  # noqa: S106  # of a broker that lives as long as this test
        )

    async def start(self) -> None:
        """Start it, and reach it as its administrator."""
        await self.broker.start()
        self._admin = AdminClient(
            {
                "bootstrap.servers": self.named,
                "security.protocol": "SASL_PLAINTEXT",
                "sasl.mechanism": "PLAIN",
                "sasl.username": "admin",
                "sasl.password": "secret",
            }
        )

    def _grants(self, user: str) -> int:
        return len(self._admin.describe_acls(_of(user)).result(SECONDS))


def _of(user: str) -> AclBindingFilter:
    name, any_ = f"User:{user}", ResourcePatternType.ANY
    return AclBindingFilter(ResourceType.ANY, None, any_, name, None, AclOperation.ANY, AclPermissionType.ANY)  # type: ignore[arg-type]  # None is any


def _bindings(user: str, who: Sequence[str], prefixes: Sequence[str]) -> Iterator[AclBinding]:
    rows = [row for row in _ROW.findall(TABLE.read_text()) if row[0] in who]
    assert {row[0] for row in rows} == {*who}
    for (_, kind, names, operations), prefix in product(rows, prefixes):
        for named, aggregate, operation in product(re.findall("`(.+?)`", names), AGGREGATES, operations.split(", ")):
            name = named if kind == "cluster" else prefix + named.replace("{aggregate}", aggregate)
            pattern = ResourcePatternType.PREFIXED if name.endswith("*") else ResourcePatternType.LITERAL
            rights = f"User:{user}", "*", OPERATIONS[operation], AclPermissionType.ALLOW
            yield AclBinding(RESOURCES[kind], name.rstrip("*"), pattern, *rights)


@pytest.fixture
async def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Guarded]:
    guarded = Guarded(tmp_path, monkeypatch)
    try:
        await guarded.start()
        yield guarded
    finally:
        await guarded.broker.kill()


async def test_everybody_can_do_their_work_with_what_the_table_grants(servers: Endpoints, guarded: Guarded) -> None:
    settings = settings_for(Endpoints(guarded.broker.bootstrap_servers, servers.database_url), PREFIX)
    granted = guarded.granted
    with pytest.raises(LookupError, match="who asks needs Describe on the topic"):
        await app.apply_topics(settings, partitions=2, replication=1)
    async with granted("ANONYMOUS", "`fairlead topics apply`"):
        await app.apply_topics(settings, partitions=2, replication=1)
    async with (
        granted("ANONYMOUS", "`fairlead handle`"),
        running_handler(settings),
        guarded.client("publisher") as publisher,
    ):
        async with granted("publisher", "who only publishes, `fairlead send --no-wait` too"):
            await publisher.publish(RegisterShip(name="Pacific Explorer"), SHIP, timeout=SECONDS)
        async with granted("publisher", "who awaits replies, `fairlead send` and `import` too"):
            reply = await publisher.send(DockShip(port="Singapore"), SHIP, timeout=SECONDS)
    async with (
        granted("subscriber", "a subscriber"),
        guarded.client("subscriber") as subscriber,
    ):
        events = [event.type async for event in subscriber.events("ship", follow=False)]
    assert ("accepted", ["ShipRegistered", "ShipDocked"]) == (reply.data.status, events)

    async with granted("ANONYMOUS", "`fairlead topics check`"):
        assert [] == await app.check_topics(settings, production=False)
        assert not [fault for fault in await app.check_topics(settings, production=True) if "who asks needs" in fault]
    async with granted("ANONYMOUS", "`fairlead project`"), running_projectors(settings):
        await _shown(settings)
    async with granted("ANONYMOUS", "a person with the other commands"):
        for words in COMMANDS:
            await _done(settings, *words)
    async with granted("ANONYMOUS", "`fairlead topics migrate`, of both prefixes", prefixes=(PREFIX, MOVED)):
        line = ("topics", "migrate", "ship", "--to", MOVED)
        await _done(settings, *line, "--partitions", "3", "--replication-factor", "1")
        await _done(settings, *line, "--back")


async def _shown(settings: Settings) -> None:
    """Once all of it is in the rows."""
    names = Names(settings.prefix)
    async with open_pool(settings.database_url.get_secret_value(), size=1) as pool, asyncio.timeout(SECONDS):
        for view in ("ships", "journal", "outcomes"):
            while not await pool.fetchval(f"SELECT count(*) FROM {names.public}.{view}"):  # noqa: ASYNC110, S608  # our own
                await asyncio.sleep(0.05)  # a row tells nobody of itself


async def _done(settings: Settings, *words: str) -> None:
    code, _, told = await outcome_of(await begin(environment(settings), *words))
    assert code == 0, f"{' '.join(words)}: {told}"
