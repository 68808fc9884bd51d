"""Random commands, steered so that every answer of the contract is met often, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from confluent_kafka import KafkaError, Producer
from confluent_kafka import Message as Delivered

from service.audit.hashing import partition_of
from service.audit.model import Judge
from service.audit.records import Headers, PartitionLogs, Record
from tests.workload_faults import spoil
from tests.workload_intents import Intent, Steering

_START_MS = 1_700_000_000_000
_SECONDS = 30.0
# The refusals of the contract, and what the model is asked for to meet them; the rest of the commands do something.
_EACH = 0.03


@dataclass(frozen=True, slots=True)
class Message:
    """A record to publish; one `astray` goes to the partition after the right one."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    astray: bool = False


def generate(n: int, *, ships: int, users: int, seed: int, prefix: str = "") -> list[Message]:
    """So many messages over so many ships and users."""
    return _generate(n, ships=ships, users=users, seed=seed, prefix=prefix)[0]


def mix(n: int, *, ships: int, users: int, seed: int) -> Counter[str]:
    """How often each answer has to come by the checker's model, named as in `Report.counts`."""
    return _generate(n, ships=ships, users=users, seed=seed, prefix="")[1]


def publish(bootstrap_servers: str, messages: Sequence[Message], partitioner: str = "murmur2_random") -> None:
    """Publish in order and wait for the acknowledgements; `consistent_random` is librdkafka's own default."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "partitioner": partitioner,
            "enable.idempotence": True,
            "linger.ms": 5,
            # The broker takes batches of at most 256 KiB here.
            "batch.size": 200_000,
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    failed: list[str] = []

    def delivered(error: KafkaError | None, message: Delivered) -> None:
        if error is not None:
            failed.append(f"{message.topic()}: {error}")

    counts = {topic: _partitions(producer, topic) for topic in {message.topic for message in messages}}
    for message in messages:
        where: dict[str, Any] = {}
        if message.astray:
            count = counts[message.topic]
            where["partition"] = (partition_of(message.key or b"", count) + 1) % count
        headers: Any = list(message.headers)
        producer.produce(
            message.topic, value=message.value, key=message.key, headers=headers, on_delivery=delivered, **where
        )
        producer.poll(0)
    left = producer.flush(_SECONDS)
    if failed or left:
        raise RuntimeError(f"{len(failed) + left} of {len(messages)} were not published: {failed[:3]}")


def _partitions(producer: Producer, topic: str) -> int:
    return len(producer.list_topics(topic, timeout=_SECONDS).topics[topic].partitions)


def _generate(n: int, *, ships: int, users: int, seed: int, prefix: str) -> tuple[list[Message], Counter[str]]:
    random = Random(seed)
    ship_ids = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(ships)]
    # Some users come from imported histories, where an id is a number.
    user_ids = [
        str(random.randrange(1, 10**9)) if at % 5 == 0 else str(UUID(int=random.getrandbits(128), version=4))
        for at in range(users)
    ]
    steering = {"ship": Steering("ship", ship_ids, random), "user": Steering("user", user_ids, random)}
    judges = {name: Judge(PartitionLogs(name, 0, 1)) for name in steering}
    messages, counts = [], Counter[str]()
    for at in range(n):
        aggregate = random.choice(("ship", "user"))
        intent = _pick(random, aggregate)
        command = steering[aggregate].command(intent, judges[aggregate].entities)
        key, value = spoil(random, intent, command)
        headers = (("traceparent", f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01".encode()),)
        message = Message(
            f"{prefix}{aggregate}.commands",
            key,
            value,
            headers if random.random() < 0.2 else (),
            intent == "wrong_partition",
        )
        messages.append(message)
        if message.astray:
            counts["invalid.wrong_partition"] += 1
            continue
        verdict = judges[aggregate].judge(Record(at, key, value, _START_MS + at))
        counts[verdict.name] += 1
        if verdict.status != "invalid" and not verdict.duplicate and verdict.code != "id_reused":
            steering[aggregate].sent(command)
    return messages, counts


def _pick(random: Random, aggregate: str) -> Intent:
    refusals: Iterable[Intent] = Steering.REFUSALS[aggregate]
    for intent in refusals:
        # An answer that only one aggregate gives is asked for twice as often of it.
        share = _EACH if intent in Steering.REFUSALS["ship"] and intent in Steering.REFUSALS["user"] else 2 * _EACH
        if random.random() < share:
            return intent
    return "accepted"
