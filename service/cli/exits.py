"""Every way in which a command of the line can end, and the one line that a person then reads."""

from __future__ import annotations

from enum import IntEnum


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
