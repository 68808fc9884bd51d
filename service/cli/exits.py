"""Every way in which a command of the line can end, and the one line that a person then reads."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from enum import IntEnum
from types import FrameType


class Exit(IntEnum):
    """The exit codes that scripts rely on."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    INVALID = 4
    TIMED_OUT = 5
    NO_SERVER = 6
    NOT_FOUND = 7
    BUSY = 8
    INTERRUPTED = 130


OF_STATUS = {
    "accepted": Exit.DONE,
    "rejected": Exit.REFUSED,
    "conflict": Exit.REFUSED,
    "invalid": Exit.INVALID,
    "busy": Exit.BUSY,
    "failed": Exit.FAILED,
}


class Stop(Exception):  # not always an error: a refusal is an answer
    """Ends the command with a code, and a message where there is more to say than what was printed."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message)
        self.code = code


def unanswered(what: str, seconds: float) -> Stop:
    """The end of what had no reply in time, and goes on where it stood once it is asked for again."""
    told = "see whether `fairlead handle` runs; the same command goes on where this one stood"
    return Stop(Exit.TIMED_OUT, f"No reply to {what} within {seconds:g} s: {told}")


def at_once() -> Callable[[int, FrameType | None], None] | signal.Handlers:
    """What ends the process at a signal: a container's first one is sent none that it does not handle."""
    return _end if os.getpid() == 1 else signal.SIG_DFL


def _end(signum: int, _: FrameType | None) -> None:
    os._exit(128 + signum)  # as a shell says of whoever a signal ended
