"""Whether a cluster can do what everything rests on, asked before anything is begun."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    TransactionalIdAuthorizationFailed,
    UnsupportedVersionError,
)

from service.kafka.stopping import stop_within
from service.kafka.topics import administrator

_ANSWER_SECONDS = 20.0  # a new cluster first creates the topic of its transactions


class NoTransactions(Exception):
    """The cluster offers no transactions; the message says what to look at."""


async def require_transactions(connection: Mapping[str, Any], prefix: str) -> None:
    """Begin to be a transactional producer, and be none; raises NoTransactions and KafkaError where none answers."""
    async with administrator(connection):
        pass  # it waits where the broker is not let in yet, at which a producer's start fails an assertion
    producer = AIOKafkaProducer(**connection, transactional_id=f"{prefix}fairlead.probe", acks="all")
    where = connection["bootstrap_servers"]
    try:
        await asyncio.wait_for(producer.start(), _ANSWER_SECONDS)
    except KafkaConnectionError:
        raise
    except TransactionalIdAuthorizationFailed as error:
        raise NoTransactions(
            f"{where} does not allow the transactional ids {prefix}fairlead.*: grant Write and Describe on that prefix"
        ) from error
    except (UnsupportedVersionError, IncompatibleBrokerVersion) as error:
        raise NoTransactions(f"{where} offers no transactions ({error}): Kafka 2.5 or later is needed") from error
    except TimeoutError as error:
        raise NoTransactions(
            f"{where} began no transaction within {_ANSWER_SECONDS:g} s: transaction.state.log.replication.factor "
            "and transaction.state.log.min.isr must not be larger than the number of brokers"
        ) from error
    finally:
        await stop_within(producer, 1.0)
