"""Histories are judged on all cores: nothing of a file is sent before all of it is judged."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Self

from service.cli.exits import Exit, Stop
from service.cli.history_chunks import Chunk
from service.cli.history_file import Row, RowFault
from service.cli.history_rules import judged
from service.domain import AGGREGATES, Aggregate

# An entity, the place of the first row of it that cannot be read, and the fields of all others in their order: rows
# would be sent under the name of their class, each.
History = tuple[str, int, Sequence[tuple[Any, ...]]]
Judged = tuple[Sequence[Chunk], Sequence[RowFault]]
# So much is handed over before the first of it is asked for, so that none of them waits for the others.
_AHEAD = 3


class Judges:
    """Tells `keep` what becomes of the histories that it takes, in turn; on exit all is told, or given up.

    With no processes beside this one it judges them itself.
    """

    def __init__(self, aggregate: Aggregate, processes: int, keep: Callable[[Judged], None]) -> None:
        self._aggregate = aggregate
        self._keep = keep
        self._processes = processes
        self._under_way = deque[Future[Judged]]()
        # One that is forked would have none of this one's threads, and the locks that they hold.
        spawn = get_context("spawn")
        self._pool = ProcessPoolExecutor(processes, spawn, initializer=_end_with_parent) if processes else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            while self._under_way and kind is None:
                self._keep_next()
        finally:
            if self._pool:
                self._pool.shutdown(cancel_futures=True)

    def begin(self) -> None:
        """Have the processes begin, which each does when it is given something, though it be nothing."""
        for _ in range(self._processes):
            self.take([])

    def take(self, histories: Sequence[History]) -> None:
        """Judge these; raises Stop where a process has ended that should not."""
        if self._pool is None:
            self._keep(_judged(self._aggregate, histories))
            return
        # It begins a process now and then, which is not to hear of Ctrl-C: it is told to end by this one.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with self._none_ended():
                self._under_way.append(self._pool.submit(_judged_by_name, self._aggregate.name, histories))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if len(self._under_way) > _AHEAD * self._processes:
            self._keep_next()

    def _keep_next(self) -> None:
        with self._none_ended():
            found = self._under_way.popleft().result()
        self._keep(found)

    @contextmanager
    def _none_ended(self) -> Iterator[None]:
        try:
            yield
        except BrokenProcessPool as error:
            # Before 3.11.5 a pool waits for ever for who feeds those that are gone (gh-94777).
            if sys.version_info < (3, 11, 5):
                with suppress(AttributeError, OSError):
                    self._pool._call_queue._reader.close()  # type: ignore[union-attr]  # noqa: SLF001
            raise Stop(
                Exit.FAILED, "A process that checked the file was ended, as where memory is short: call it again"
            ) from error


def _end_with_parent() -> None:
    """A pool tells its processes to end, which one that is killed cannot."""
    parent = parent_process()

    def wait() -> None:
        if parent:
            parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _judged_by_name(aggregate: str, histories: Sequence[History]) -> Judged:
    # Its functions cannot be sent to another process.
    return _judged(AGGREGATES[aggregate], histories)


def _judged(aggregate: Aggregate, histories: Sequence[History]) -> Judged:
    found, faults = list[Chunk](), list[RowFault]()
    for entity_id, end, rows in histories:
        found.extend(judged(aggregate, entity_id, map(Row._make, rows), end, faults.append))
    return found, faults
