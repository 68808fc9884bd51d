"""Where a build must stand, so that no reader who is moved to it sees anything older than before."""

from __future__ import annotations

from collections.abc import Callable, Collection

from service.kafka.logs import Logs
from service.projections.build import Build
from service.projections.level import Offsets, behind
from service.rebuilding.ground import Ground


async def least(ground: Ground, logs: Logs, old: Build, topics: Collection[str]) -> Callable[[Offsets], Offsets]:
    """From where the old one stands to where one that reads these topics must stand.

    That is where the old one stands. Of a topic that the old one does not read it is where the log ends now; and so it
    is of one that ends before what the old one has read, since somebody has made it anew.
    """
    before = await ground.offsets(old)
    ends = await logs.ends()
    read = {topic for topic, _ in before}
    anew = {place: ends[place] for place in behind(ends, before) if place in ends}
    unread = {place: end for place, end in ends.items() if place[0] in topics and place[0] not in read}

    def wanted(offsets: Offsets) -> Offsets:
        return {place: at for place, at in offsets.items() if place[0] in topics} | anew | unread

    return wanted
