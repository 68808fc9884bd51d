"""What a test may have become of a command: events, one of these exceptions, or a rule that says which."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead.bounds import Message


class NotPrepared(LookupError):
    """Nobody has said what becomes of this command."""


class Refused(Exception):
    """The reply is `rejected`, with this code and message."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Busy(Exception):
    """The reply is `busy`: the command was not carried out, and may come again after so many milliseconds."""

    def __init__(self, retry_after_ms: int = 0) -> None:
        super().__init__(retry_after_ms)
        self.retry_after_ms = retry_after_ms


class Failed(Exception):
    """The reply is `failed`, with this code: the service's own code failed on it."""

    def __init__(self, code: str = "internal_error", message: str = "") -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Unanswered(Exception):
    """No reply comes in time, and the test need not wait for that.

    The command was not carried out, or led to these `events` all the same: then a repeat is answered with them.
    """

    def __init__(self, events: Sequence[Message] | None = None) -> None:
        super().__init__(events)
        self.events = events


# A rule gets the command, the entity's id and what has happened to it; it returns events or raises one of the above.
Rule = Callable[[Message, str, Sequence[Message]], Sequence[Message]]
Answer = Sequence[Message] | Refused | Busy | Failed | Unanswered | Rule


def events_of(answer: Answer, command: Message, entity_id: str, history: Sequence[Message]) -> Sequence[Message]:
    """The events that an answer means; raises the exception that it is, or that the rule raises."""
    if isinstance(answer, Exception):
        raise answer
    return answer(command, entity_id, history) if callable(answer) else answer
