"""For how long a repeat of a command finds the outcome of the first one."""

from __future__ import annotations

from service.commands.stored import Remembered

WINDOW_COMMANDS = 1_000
_HOUR = 3600 * 1_000_000
WINDOW_MICROS = 24 * _HOUR
KEPT_MICROS = 25 * _HOUR


def counts(found: Remembered, place: int, now: int, clock: int) -> bool:
    """Whether a repeat at `now` still finds this outcome where so many are remembered and the clock stands there."""
    outcome = found.outcome
    return (
        place - found.place < WINDOW_COMMANDS
        and now - outcome.time < WINDOW_MICROS
        and clock - found.clock < KEPT_MICROS
    )
