"""Writes a real topic as the owner of a partition does: in transactions, of which some come to nothing."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete

from service.kafka.topics import administrator
from service.local.servers import Endpoints
from service.postgres.names import Names


class Log:
    """`ship.events` with one partition, written in transactions."""

    def __init__(self, servers: Endpoints, names: Names) -> None:
        self.connection = {"bootstrap_servers": servers.bootstrap_servers}
        self.prefix = names.prefix
        self.topic = f"{names.prefix}ship.events"
        self._servers = servers

    async def write(self, *batches: Sequence[bytes], keep: bool = True) -> int:
        """Write each batch in a transaction of its own and return the end of the log."""
        producer = AIOKafkaProducer(**self.connection, transactional_id=f"{self.topic}.test")
        await producer.start()
        try:
            end = 0
            for batch in batches:
                await producer.begin_transaction()
                for value in batch:
                    key = orjson.loads(value)["subject"].encode()
                    end = (await producer.send_and_wait(self.topic, value, key=key, partition=0)).offset + 2
                await (producer.commit_transaction() if keep else producer.abort_transaction())
            return end
        finally:
            await producer.stop()

    async def forget(self, before: int) -> None:
        """Have the log begin here, as retention does."""
        async with administrator(self.connection) as admin:
            await admin.delete_records({TopicPartition(self.topic, 0): RecordsToDelete(before)})
