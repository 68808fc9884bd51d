"""Old topics and an unfinished copy name each other: whoever mixes them up is told so, and loses nothing."""

from __future__ import annotations

from uuid import uuid4

import pytest

from service.kafka.connection import connection
from service.kafka.in_force import partitions_in_force
from service.kafka.moving.places import NotMovable
from service.kafka.topic_making import apply_topics
from service.kafka.topics import Topics
from service.local.servers import Endpoints
from service.moving import Move
from tests.kafka.moves import ONE_MORE, begun, interrupted, places, quietly, records_of, registered
from tests.running import PARTITIONS, running_handler


async def test_an_unfinished_copy_is_never_moved_or_opened_in_place_of_what_it_is_of(servers: Endpoints) -> None:
    old, new = places(servers)
    await begun(old)
    move, mixed_up = Move(old, "ship", new.prefix), Move(new, "ship", old.prefix)
    await interrupted(move)
    events = await records_of(old, "ship.events", PARTITIONS)

    with pytest.raises(NotMovable, match=f"FAIRLEAD_PREFIX has to be '{old.prefix}', and --to '{new.prefix}'"):
        await mixed_up.take_back()
    with pytest.raises(NotMovable, match=f"are an unfinished copy of {old.prefix}ship"):
        await mixed_up.make(ONE_MORE + 1, 1, quietly)
    with pytest.raises(LookupError, match=f"an unfinished copy of .* With FAIRLEAD_PREFIX '{old.prefix}' and --to"):
        await partitions_in_force(connection(new), Topics("ship", new.prefix))
    assert events == await records_of(old, "ship.events", PARTITIONS)
    assert await move.make(ONE_MORE, 1, quietly)


async def test_what_was_used_is_not_deleted_though_it_is_closed_for_yet_other_topics(servers: Endpoints) -> None:
    old, new = places(servers)
    newest = new.model_copy(update={"prefix": f"newest-{uuid4().hex[:8]}."})
    await begun(old)
    first, second = Move(old, "ship", new.prefix), Move(new, "ship", newest.prefix)
    await first.make(ONE_MORE, 1, quietly)
    await apply_topics(connection(new), ["user"], new.prefix, partitions=2, replication=1)
    async with running_handler(new):
        await registered(new, ["ship"])
    events = await records_of(new, "ship.events", ONE_MORE)
    await interrupted(second, partitions=ONE_MORE + 1)

    with pytest.raises(NotMovable, match=f"closed for {newest.prefix}ship.* Take that back first"):
        await first.take_back()
    await second.take_back()
    with pytest.raises(NotMovable, match="Commands were published to"):
        await first.take_back()
    with pytest.raises(NotMovable, match="choose another prefix"):
        await Move(new, "ship", old.prefix).make(ONE_MORE + 1, 1, quietly)
    assert events == await records_of(new, "ship.events", ONE_MORE)
    async with running_handler(new):
        pass
