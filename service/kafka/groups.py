"""Consumer groups seen from outside: whether anybody is in one, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiokafka.errors import GroupIdNotFound, NoError, NonEmptyGroup, for_code
from aiokafka.protocol.admin import DeleteGroupsRequest

from service.kafka.topics import administrator


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
