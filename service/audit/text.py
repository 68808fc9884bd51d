"""JSON, strings and times as the contract bounds them, by the standard library alone."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAX_TEXT = 200
_MAX_DIGITS = 100
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _integer(digits: str) -> int:
    # Python refuses to read thousands of digits; how large an integer out of every bound is makes no difference.
    return int(digits[:_MAX_DIGITS])


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_int=_integer)


def parse(value: bytes) -> Any:
    """The JSON in these bytes; raises ValueError."""
    try:
        return _DECODER.decode(value.decode("utf-8"))
    except RecursionError as error:
        msg = "nested too deeply"
        raise ValueError(msg) from error


@lru_cache(maxsize=10_000)
def _plain(text: str) -> bool:
    categories = {unicodedata.category(character) for character in text}
    return not categories & {"Cc", "Cs"} and unicodedata.is_normalized("NFC", text)


def is_text(value: object) -> bool:
    """A string within the bounds."""
    return isinstance(value, str) and 1 <= len(value) <= _MAX_TEXT and _plain(value)


def is_uuid(value: object) -> bool:
    """A UUID in canonical lower case."""
    return isinstance(value, str) and UUID_PATTERN.fullmatch(value) is not None


def is_integer(value: object, low: int, high: int) -> bool:
    """An integer, no boolean and no float, within these bounds."""
    return type(value) is int and low <= value <= high


def micros(value: object) -> int | None:
    """Microseconds since the epoch of an RFC 3339 time, None where it is none."""
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    *fields, fraction, sign, hours, minutes = found.groups()
    year, month, day, hour, minute, second = map(int, fields)
    microsecond = int(((fraction or "") + "000000")[:6])
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) * (-1 if sign == "-" else 1)
    try:
        moment = datetime(year, month, day, hour, minute, second, microsecond, timezone(offset))
        return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=10_000)
def render_time(moment: int) -> str:
    """RFC 3339 in UTC of microseconds since the epoch: three decimals, six where they say more."""
    whole = (_EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%S.%f")
    if len(whole) < len("0000-00-00T00:00:00.000000"):
        whole = whole.rjust(26, "0")
    return (whole if moment % 1000 else whole[:-3]) + "Z"
