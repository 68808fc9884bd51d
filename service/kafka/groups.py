"""Consumer groups seen from outside: whether anybody is in one, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka.errors import GroupIdNotFound, KafkaError, NoError, NonEmptyGroup, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from service.kafka.topics import administrator

log = structlog.get_logger()


async def member_count(connection: Mapping[str, Any], group: str) -> int:
    """How many members a group has, 0 where there is no such group."""
    async with administrator(connection) as admin:
        [answer] = await admin.describe_consumer_groups([group])
        return len(answer.groups[0][5])


async def delete_group(connection: Mapping[str, Any], group: str) -> bool:
    """Delete a group, which may be gone already; False where somebody is in it still."""
    async with administrator(connection) as admin:
        # aiokafka's administrator knows the request, and has no name for it.
        answer = await admin._send_request(  # noqa: SLF001
            DeleteGroupsRequest([group]), await admin.find_coordinator(group)
        )
        [(_, code)] = answer.results
    error = for_code(code)
    if error is NonEmptyGroup:
        return False
    if error in {NoError, GroupIdNotFound}:
        return True
    raise error(group)


async def delete_group_if_possible(connection: Mapping[str, Any], group: str) -> None:
    """Delete a group that the broker would forget by itself in time, where nothing is in the way."""
    try:
        if await delete_group(connection, group):
            return
        reason = "somebody is in it"
    except KafkaError as error:
        reason = f"{type(error).__name__}: {error}"
    log.warning("consumer group left to the broker", group=group, reason=reason)
