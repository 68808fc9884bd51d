"""Coroutines run so that Ctrl-C, SIGTERM and a hangup end them cleanly, and a second Ctrl-C ends them at once."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import uvloop

from service.cli.exits import Exit, Stop, at_once

T = TypeVar("T")
# What is called at a signal after the first one; without it, the process ends.
Again = Callable[[], None] | None
_TOLD = signal.SIGINT, signal.SIGTERM

# What a handler remembers holds no cycles: to go through it took a third of its time, and up to 0.3 s at once. So all
# of it is gone through once in 50 million objects. Even the youngest are mostly of batches under way, and gone with
# them: gone through at every 10,000 it took 4 µs a command, at every 200,000 it is not to be seen.
_COLLECT = (200_000, 5, 50)


def collect_seldom() -> None:
    """For a process that makes much, and few cycles."""
    gc.freeze()
    gc.set_threshold(*_COLLECT)


def ignore() -> None:
    """For whom the same signal reaches by more than one way."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run work that has an end; a signal before it is an interruption."""
    try:
        return _run(work)
    except asyncio.CancelledError:
        raise Stop(Exit.INTERRUPTED, "Interrupted") from None


def run_role(work: Coroutine[Any, Any, None], *, again: Again = None, lifeline: int | None = None) -> None:
    """Run work that goes on until it is told to stop: a signal is its proper end, and so is the end of the lifeline."""
    collect_seldom()
    with suppress(asyncio.CancelledError):
        _run(work, again, lifeline)


def _run(work: Coroutine[Any, Any, T], again: Again = None, lifeline: int | None = None) -> T:
    before = {signum: signal.getsignal(signum) for signum in (*_TOLD, signal.SIGHUP)}
    signalled = asyncio.Event()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_until_signalled(work, signalled, again, lifeline))
    finally:
        # The loop leaves its handlers there, which do nothing once it is closed: nobody could end what comes next.
        if not signalled.is_set():
            for signum, handler in before.items():
                signal.signal(signum, handler)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    return uvloop.new_event_loop


async def _until_signalled(
    work: Coroutine[Any, Any, T], signalled: asyncio.Event, again: Again, lifeline: int | None
) -> T:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)

    def stop() -> None:
        signalled.set()
        task.cancel()
        if lifeline is not None:
            loop.remove_reader(lifeline)
        for signum in _TOLD:
            if again is None:
                loop.remove_signal_handler(signum)
                signal.signal(signum, at_once())
            else:
                # In the stead of the first, with no moment between in which neither stands there.
                loop.add_signal_handler(signum, again)
        if hangup:
            # A shell passes it on, and the system sends it too: that there are two says nothing.
            loop.add_signal_handler(signal.SIGHUP, ignore)

    hangup = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN  # as nohup has it
    for signum in (*_TOLD, *([signal.SIGHUP] if hangup else [])):
        loop.add_signal_handler(signum, stop)
    if lifeline is not None:
        # Nobody writes to it: it can be read once its other end is closed.
        loop.add_reader(lifeline, stop)
    return await task
