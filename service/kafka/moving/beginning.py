"""From one transaction on handlers begin on the new topics, or on the old ones again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from service.kafka.checkpoint import COPY, Checkpoint, Needed
from service.kafka.moving.closing import fence, write_at_once
from service.kafka.moving.places import NotMovable, Place


def first_offset(at: Mapping[int, Checkpoint]) -> int:
    """Of the commands in the new topics: beyond all that were judged in the old ones, which stand there."""
    return max([1, *(one.next_offset for one in at.values())])


async def begin(target: Place, at: Mapping[int, Checkpoint]) -> None:
    """Have handlers begin on what was copied, where the old topics stand there; raises NotMovable."""
    await fence(target)
    first, ends = first_offset(at), {kind: await target.bounds(kind) for kind in ("commands", "events", "replies")}
    if any(end != first for _, end in ends["commands"].values()):
        raise NotMovable(f"Somebody publishes to {target.topics.commands} already: stop whoever does")
    fold, last = next(iter(at.values())).fold, max(one.last_timestamp for one in at.values())
    drafts = [
        Checkpoint(
            first,
            first - 1,
            last,
            events=ends["events"][number][1],
            replies=ends["replies"][number][1],
            needed=Needed(),
            fold=fold,
            partitions=target.partitions,
        ).draft()
        for number in range(target.partitions)
    ]
    await write_at_once(target, ((target.topics.snapshots, number, draft) for number, draft in enumerate(drafts)))


async def begin_again(source: Place, target: Place | None) -> None:
    """Open the old topics, and close the new ones where they are there; raises NotMovable where these were used."""
    at = await source.checkpoints()
    opened = [(source, number, replace(one, moved_to=None)) for number, one in at.items()]
    if target is not None:
        await fence(target)
        copied = await target.checkpoints()
        await _require_unused(source, target, copied, first_offset(at))
        # By that it may be deleted from now on, whatever comes between.
        opened += [
            (target, number, replace(one, fold=COPY, moved_to=source.topics.prefix)) for number, one in copied.items()
        ]
    await write_at_once(source, [(place.topics.snapshots, number, one.draft()) for place, number, one in opened])


async def _require_unused(source: Place, target: Place, copied: Mapping[int, Checkpoint], first: int) -> None:
    if await target.is_copy_of(source.topics.prefix):
        return
    if elsewhere := {one.moved_to for one in copied.values()} - {None}:
        to = elsewhere.pop()
        raise NotMovable(
            f"{target.topics.name('*')} are no unfinished copy of {source.topics.name('*')}, but closed for "
            f"{to}{target.topics.aggregate}.*: what came since would be lost. Take that back first, with "
            f"FAIRLEAD_PREFIX {target.topics.prefix!r} and --to {to!r}"
        )
    published = any(end != first for _, end in (await target.bounds("commands")).values())
    if not copied or published or any(one.next_offset != first for one in copied.values()):
        raise NotMovable(
            f"Commands were published to {target.topics.commands} since: what came of them is in the new topics only"
        )
