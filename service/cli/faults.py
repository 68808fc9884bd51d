"""From whatever went wrong to what a person reads: one line that says what happened and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from httpx import ConnectError, InvalidURL, TimeoutException, TransportError, UnsupportedProtocol
from pydantic import ValidationError

from fairlead.client import TooLarge, TopicsMissing, Unreachable
from fairlead.versions import NewerVersion
from service.cli.exits import Exit, Stop
from service.cli.options import SERVERS
from service.rebuilding.missing import NotThere
from service.settings import ENV_PREFIX, Settings

_START_ONE = "start one with `fairlead up`, or say where it is with"
# This layer may not import the driver, but a person may start it without any broker.
_BROKER_GONE = frozenset({"KafkaConnectionError", "NodeNotReadyError"})

_MEANINGS: Sequence[tuple[type[BaseException], Exit, Callable[[Any], str]]] = (
    (TooLarge, Exit.INVALID, str),
    (TopicsMissing, Exit.NOT_FOUND, str),
    (NotThere, Exit.NOT_FOUND, str),
    (NewerVersion, Exit.FAILED, str),
    (Unreachable, Exit.NO_SERVER, lambda error: f"{error}: {_START_ONE} --bootstrap-servers or --dir"),
    (UnsupportedProtocol, Exit.USAGE, lambda _: "--api-url must be such as http://127.0.0.1:8080"),
    (InvalidURL, Exit.USAGE, lambda _: "--api-url must be such as http://127.0.0.1:8080"),
    (
        ConnectError,
        Exit.NO_SERVER,
        lambda error: f"No API answers at {_origin(error)}: {_START_ONE} --api-url or --dir",
    ),
    (TimeoutException, Exit.TIMED_OUT, lambda error: f"The API at {_origin(error)} did not answer in time: try again"),
    (TransportError, Exit.NO_SERVER, lambda error: f"The API at {_origin(error)} broke off: try again"),
    (
        ConnectionError,
        Exit.NO_SERVER,
        lambda error: f"No server answers ({error}): {_START_ONE} --database-url or --dir",
    ),
    (TimeoutError, Exit.TIMED_OUT, lambda error: str(error) or "Nothing answered in time: try again"),
)


def explain(error: BaseException) -> Stop:
    """The end of the command that this error means."""
    if isinstance(error, Stop):
        return error
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    if type(error).__name__ in _BROKER_GONE:
        return Stop(Exit.NO_SERVER, f"No Kafka broker answers: {_START_ONE} --bootstrap-servers or --dir")
    if isinstance(error, ValidationError) and error.title == Settings.__name__:
        return Stop(Exit.USAGE, "; ".join(map(_setting, error.errors())))
    for kind, code, tell in _MEANINGS:
        if isinstance(error, kind):
            return Stop(code, tell(error))
    return Stop(Exit.FAILED, _unforeseen(error))


def _unforeseen(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    # What the service raises itself, it says in a sentence.
    own = type(error).__module__.startswith("service.") or type(error) is LookupError
    first_line = next(iter(str(error).splitlines()), "")
    return first_line if own else f"{type(error).__name__}: {first_line}; --debug shows where"


def _origin(error: TransportError) -> str:
    url = error.request.url
    return f"{url.scheme}://{url.netloc.decode()}"


def _setting(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    name = str(fault["loc"][0])
    option = f" or --{name.replace('_', '-')}" if name in SERVERS else ""
    told = f"{ENV_PREFIX}{name.upper()}{option}{' ' if message.startswith('must') else ': '}{message}"
    if str(fault["input"]).startswith("tcp://"):
        told += "; Kubernetes makes this variable of a Service of that name: set enableServiceLinks to false"
    return told
