"""What can go wrong between asking and being told; refusals are not among it, for they are replies."""

from __future__ import annotations

from contextlib import suppress
from typing import TypeVar

# What a ConnectionError says to whoever waits for something when the client is closed, or asks later; or too early.
CLOSED = "The client was closed"
NOT_ENTERED = "Enter the client first: async with"
E = TypeVar("E", bound=BaseException)


class NoReply(TimeoutError):
    """The command was sent and may still be carried out; sending it again with the same id is safe."""

    def __init__(self, command_id: str, timeout: float, attempts: int = 1) -> None:
        each = f", {attempts} times" if attempts > 1 else ""
        super().__init__(
            f"No reply to command {command_id} within {timeout:g} s{each}: it may still be carried out, "
            "and can be sent again safely with the same id"
        )
        self.command_id = command_id


class NotConfirmed(TimeoutError):
    """No broker has confirmed the command in time: it may be published, or not; sending it again is safe."""

    def __init__(self, command_id: str, timeout: float) -> None:
        super().__init__(
            f"No broker confirmed command {command_id} within {timeout:g} s: it may or may not have been published, "
            "and can be sent again safely with the same id"
        )
        self.command_id = command_id


class TooLarge(ValueError):
    """The command is larger than any broker takes; it was not sent."""


class Unreachable(ConnectionError):
    """No broker answers, or none takes what the client offers it: aiokafka tells both alike, but in its log."""

    def __init__(self, bootstrap_servers: str) -> None:
        super().__init__(
            f"No Kafka broker answers at {bootstrap_servers} (or credentials or TLS are not what it takes)"
        )


class TopicsMissing(LookupError):
    """The topics of an aggregate have not been created, or may not be described by who asks."""


class BadToken(ValueError):
    """No token of what is asked for: it tells of another aggregate, entity or prefix, or of nothing."""


class EventsGone(LookupError):
    """The events behind a token are not there: somebody removed them, or it is another log, still shorter."""

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        super().__init__(
            f"{topic} has no offset {offset} in partition {partition} any more, or not yet: events were removed, or "
            "it is not the log that the token is of. Begin anew without a token"
        )


class UnreadableEvent(ValueError):
    """An event that this release cannot read; `token` is the place behind it, for whoever goes on without."""

    def __init__(self, what: str, token: str) -> None:
        super().__init__(f"{what}; a newer release of fairlead may read it")
        self.token = token


def again(error: E) -> E:
    """The same error for one more who is told it: each gets the id of a command of their own on theirs."""
    # Without __init__, which may want something else than what it made of it.
    other = type(error).__new__(type(error), *error.args)
    other.args = error.args
    other.__dict__.update(error.__dict__)
    other.__cause__ = error
    return other


def name(error: Exception, command_id: str) -> None:
    """Whoever sends again what may have been published needs its id, or there may be two outcomes."""
    with suppress(AttributeError):  # of a caller's own rule for tests, that takes no attributes
        error.command_id = command_id  # type: ignore[attr-defined]  # whatever it is
