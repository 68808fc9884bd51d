"""JSON, strings and times as the contract bounds them, by the standard library alone."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import chain
from json import JSONDecoder
from typing import Any

UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAX_TEXT = 200
_MAX_DIGITS = 100
_MAX_DEPTH = 200
_TOO_DEEP = "nested too deeply"
_READABLE_DIGITS = 4_300
_SUSPECT = re.compile(rb"\\u[dD][89a-fA-F]|[0-9]{%d}" % (_READABLE_DIGITS + 1))
_LONE = "\ud800"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_EMPTY = re.compile(r"\[\s*\]|\{\s*\}")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _integer(digits: str) -> int:
    # Python refuses to read thousands of digits; how large an integer out of every bound is makes no difference.
    return int(digits[:_MAX_DIGITS])


_DECODER = JSONDecoder(parse_constant=_no_constant, parse_int=_integer)


def parse(value: bytes) -> Any:
    """The JSON in these bytes; raises ValueError."""
    text = value.decode("utf-8")
    try:
        found = _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if text.count("[") + text.count("{") > _MAX_DEPTH and _depth(text) > _MAX_DEPTH:
        raise ValueError(_TOO_DEEP)
    return found


def flawed(value: bytes) -> bool:
    """Whether anywhere in this JSON stands a lone surrogate or an integer of too many digits to be read.

    Even in what does not count, since its name stands there again.
    """
    if not _SUSPECT.search(value):
        return False
    found: list[object] = []
    look = JSONDecoder(parse_int=_mark, object_pairs_hook=lambda pairs: found.extend(chain(*pairs)))
    look.decode(value.decode("utf-8"))
    return _is_flawed(found)


def writable(value: Any) -> Any:
    """The same JSON with U+FFFD for each lone surrogate, as what was sent is answered."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {writable(name): writable(member) for name, member in value.items()}
    return [writable(member) for member in value] if isinstance(value, list) else value


def _mark(digits: str) -> str:
    return _LONE if len(digits.lstrip("-")) > _READABLE_DIGITS else ""


def _is_flawed(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_is_flawed, value))
    return isinstance(value, str) and not value.isascii() and "Cs" in map(unicodedata.category, value)


def _depth(text: str) -> int:
    """In how many others a value of this JSON stands at most; of the text, since a name that is there twice is lost."""
    deepest = depth = 0
    # What is left has a value in it at every level.
    for character in _EMPTY.sub("0", _STRING.sub("0", text)):
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


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
