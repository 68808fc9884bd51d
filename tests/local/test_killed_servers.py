"""Data outlives a kill -9 of everything, whatever the caller's environment and the directory's name are."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from asyncpg import connect

from service.local.servers import Endpoints

HOLDER = Path(__file__).with_name("holder.py")
ROOT = Path(__file__).resolve().parents[2]
HOSTILE = {
    "PGDATA": "/nowhere",
    "PGHOST": "nowhere.invalid",
    "PGPORT": "1",
    "PGSSLMODE": "require",
    "PGOPTIONS": "-c nonsense=1",
    "KAFKA_OPTS": "-Xnonsense",
    "KAFKA_HEAP_OPTS": "-Xmx1k",
    "JAVA_TOOL_OPTIONS": "-Xnonsense",
    "JDK_JAVA_OPTIONS": "-Xnonsense",
    "_JAVA_OPTIONS": "-Xnonsense",
    "CLASSPATH": "/nowhere",
    "LC_ALL": "nonsense",
}


@asynccontextmanager
async def held(directory: Path) -> AsyncIterator[Endpoints]:
    """Servers of another process, whose whole group is killed at the end."""
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, HOLDER, directory),
        env=os.environ | HOSTILE | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert holder.stdout
        yield Endpoints(**json.loads(await asyncio.wait_for(holder.stdout.readline(), 90)))
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        await holder.wait()


async def test_data_is_there_again_after_everything_was_killed() -> None:
    with tempfile.TemporaryDirectory(prefix="fairlead ünder ", ignore_cleanup_errors=True) as folder:
        directory = Path(folder) / "a stack"
        async with held(directory) as endpoints:
            assert endpoints.database_url.startswith("postgresql://fairlead:")
            await write(endpoints)
            left = [psutil.Process(json.loads(file.read_text())["pid"]) for file in directory.glob("run/*.json")]
        assert len(left) == 2
        async with held(directory) as again:
            assert again == endpoints
            await read(again)
            assert not any(process.is_running() for process in left)
        _, alive = await asyncio.to_thread(psutil.wait_procs, recorded(directory), timeout=10)
        assert alive == [] or sys.platform != "linux"


def recorded(directory: Path) -> list[psutil.Process]:
    found = []
    for file in directory.glob("run/*.json"):
        pid = json.loads(file.read_text())["pid"]
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            found.append(psutil.Process(pid))
    return found


async def write(endpoints: Endpoints) -> None:
    database = await connect(endpoints.database_url)
    await database.execute("create table ships (name text)")
    await database.execute("insert into ships values ('Pacific Explorer')")
    await database.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=endpoints.bootstrap_servers)
    await admin.start()
    await admin.create_topics([NewTopic("ships", 1, 1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=endpoints.bootstrap_servers, acks="all", transactional_id="writer")
    async with producer, producer.transaction():
        await producer.send("ships", b"Pacific Explorer")


async def read(endpoints: Endpoints) -> None:
    database = await connect(endpoints.database_url)
    assert await database.fetchval("select name from ships") == "Pacific Explorer"
    await database.close()
    consumer = AIOKafkaConsumer(
        "ships",
        bootstrap_servers=endpoints.bootstrap_servers,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    async with consumer:
        record = await asyncio.wait_for(consumer.getone(), 30)
    assert record.value == b"Pacific Explorer"
