"""Recorded commands are read only so far ahead of the replies that they belong to as memory bears."""

from __future__ import annotations

from collections.abc import Callable

from service.commands.past import Log
from service.commands.ports import Record

# A reply follows its command, however many are judged in one batch. One whose command is gone is looked for so far.
_AHEAD, _AHEAD_BYTES = 20_000, 64 << 20


class Asked:
    """Commands without their reply yet; `passed` is called for each of which there is none.

    `reply_to` is the id of the reply to the command at an offset.
    """

    def __init__(self, commands: Log, reply_to: Callable[[int], str], passed: Callable[[], None]) -> None:
        self._commands = commands
        self._reply_to = reply_to
        self._passed = passed
        self._waiting: dict[str, Record] = {}
        self._bytes = 0

    def __contains__(self, reply: str) -> bool:
        """Whether the command of the reply with this id is read already."""
        return reply in self._waiting

    async def taken(self, reply: str, at: int) -> Record | None:
        """What the reply with this id answers, of the same broker time; None where that is gone."""
        waiting = self._waiting
        while reply not in waiting and self._has_room(at) and (record := await self._commands.next()) is not None:
            waiting[self._reply_to(record.offset)] = record
            self._bytes += _size(record)
        if reply not in waiting:
            return None
        # Replies come in the order of commands: nobody is told of those before it.
        while next(iter(waiting)) != reply:
            self._pass_first()
        return self._take(reply)

    async def end(self) -> None:
        """There are no more replies."""
        while await self._commands.next() is not None:
            self._passed()
        while self._waiting:
            self._pass_first()

    def _has_room(self, at: int) -> bool:
        """Whether there is room for one more, if need be that of what was asked before this time."""
        while len(self._waiting) >= _AHEAD or self._bytes >= _AHEAD_BYTES:
            if next(iter(self._waiting.values())).timestamp >= at:
                return False
            self._pass_first()
        return True

    def _pass_first(self) -> None:
        self._take(next(iter(self._waiting)))
        self._passed()

    def _take(self, reply: str) -> Record:
        record = self._waiting.pop(reply)
        self._bytes -= _size(record)
        return record


def _size(record: Record) -> int:
    headers = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers
