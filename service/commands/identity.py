"""Ids, digests and times that follow from what was asked, so that deciding again writes the same bytes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson
from pydantic_core import from_json

from fairlead.bounds import Message
from fairlead.envelope import Command
from fairlead.versions import version_in
from service.commands.personal import DataKey

_EPOCH, _DAY_MICROS, _MILLIS = datetime(1970, 1, 1, tzinfo=UTC), 86_400_000_000, 3
# Three of these are made for a command. A copy costs three quarters of what making one with a size does, and text
# that is cut at places made before 0.3 µs, where it takes 0.4 if they are made anew, and bytes that are changed 0.6.
_unkeyed = blake2b(digest_size=16).copy
_TIME_LOW, _TIME_MID, _TIME_HIGH, _CLOCK, _NODE = slice(8), slice(8, 12), slice(13, 16), slice(17, 20), slice(20, None)
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
# What these are read as is what was sent.
_UNCHANGED: frozenset[Any] = frozenset({str, int, bool})


class NewEvent(NamedTuple):
    """An event about to be written, under its own id; `time` in microseconds since the epoch."""

    message: Message
    id: str
    version: int
    time: int


def _uuid8(text: str) -> str:
    content = _unkeyed()
    content.update(text.encode())
    h = content.hexdigest()
    return f"{h[_TIME_LOW]}-{h[_TIME_MID]}-8{h[_TIME_HIGH]}-{_VARIANT[h[16]]}{h[_CLOCK]}-{h[_NODE]}"


def event_id(aggregate: str, entity_id: str, version: int, command_id: str) -> str:
    """The UUIDv8 of an event: the same decision has the same id."""
    return _uuid8(f"{aggregate}\n{entity_id}\n{version}\n{command_id}")


def reply_id(aggregate: str, partition: int, offset: int, redriven_by: int | None = None) -> str:
    """The UUIDv8 of the reply to the command at this offset, or of that to it when the one at another redrives it."""
    by = "" if redriven_by is None else f"\n{redriven_by}"
    return _uuid8(f"{aggregate}\nreply\n{partition}\n{offset}{by}")


def imported_event_id(entity_id: str, place: int) -> str:
    """The UUIDv8 of an event whose file gives it none: from its user's id and its place, from 1."""
    return _uuid8(f"user\n{entity_id}\n{place}\nimport")


def digest(data: Any, expected_version: int | None, type_: str, version: int, secret: bytes = b"") -> str:
    """The content of a command in 32 hex digits; keyed where it holds personal data."""
    content = blake2b(digest_size=16, key=secret) if secret else _unkeyed()
    content.update(orjson.dumps([type_, version, expected_version, data], option=orjson.OPT_SORT_KEYS))
    return content.hexdigest()


def digests(read: Iterable[tuple[object, Command]]) -> list[str]:
    """Those of commands that are read as they were sent and have no personal data, beside their records."""
    return [digest(message.__dict__, expected, type_, 1) for _, (_, type_, _, message, expected, _) in read]


def changed_by_reading(commands: Mapping[str, type[Message]]) -> frozenset[str]:
    """Those of which what was sent cannot be told from what was read: what was left out is there, times are moments."""
    return frozenset(
        name
        for name, model in commands.items()
        if model.upcasters
        or any(not field.is_required() or field.annotation not in _UNCHANGED for field in model.model_fields.values())
    )


def command_digest(command: Command, value: bytes, key: DataKey | None, changed: Container[str]) -> str:
    """The digest of a command as received; `key` where it holds personal data, `changed` as of `changed_by_reading`.

    Data counts as it was sent, so that a later release, which may know more fields, finds a repeat to be one. Where the
    key has no secret any more the data is left out: a digest of it without a key would tell what it was.
    """
    _, type_, _, message, expected_version, _ = command
    data: Any = message.__dict__
    version = 1
    # Parsing again would cost 2 µs for each command: an eighth of all that is done for one.
    if type_ in changed:
        sent = from_json(value)
        data, version = sent["data"], version_in(sent.get("dataschema"))
    if key is not None and key.secret is None:
        return digest(None, expected_version, type_, version)
    secret = b"" if key is None else key.secret or b""
    return digest(data, expected_version, type_, version, secret)


@lru_cache(maxsize=4096)
def render_time(micros: int) -> str:
    """RFC 3339 in UTC from microseconds since the epoch; three decimals, six where they say more."""
    date, clock = divmod(micros, _DAY_MICROS)
    seconds, rest = divmod(clock, 1_000_000)
    fraction = f"{rest:06}" if rest % 1000 else f"{rest // 1000:03}"
    # A calendar takes most of the time: imported events, which are all of other moments, ask it once for a day.
    return f"{_date(date)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction}Z"


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def micros_of(moment: datetime) -> int:
    """Microseconds since the epoch of an aware time."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


# Records of one batch share it: one that is known takes a fifth of what reading it does, and others half as much more.
@lru_cache(maxsize=4096)
def micros_in(time: str) -> int:
    """The same of what `render_time` wrote; raises ValueError."""
    # Most share their second with others, and reading a moment costs two microseconds.
    second, fraction = time[:19], time[20:-1]
    return _second(second) + (int(fraction) * 1000 if len(fraction) == _MILLIS else int(fraction))


@lru_cache(maxsize=1024)
def _second(time: str) -> int:
    return micros_of(datetime.fromisoformat(time).replace(tzinfo=UTC))
