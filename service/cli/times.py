"""Times as people and notebooks write them; UTC where they do not say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

# A day from either end, so that no time zone leads out of what can be counted.
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


def parse_time(text: object, zone: tzinfo = UTC) -> datetime:
    """An aware time from ISO 8601; raises ValueError."""
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]  # what is no text is refused below
    except (TypeError, ValueError):
        msg = f"{text!r} is no time such as 2026-11-24T18:20:00Z"
        raise ValueError(msg) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    if not _FIRST <= aware <= _LAST:
        msg = f"{text!r} is out of range"
        raise ValueError(msg)
    return aware.astimezone(UTC)


def parse_duration(text: str) -> float:
    """Seconds from a number and its unit, such as 90s, 30m, 12h or 7d; raises ValueError."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None:
        msg = f"{text!r} is no duration such as 30m, 12h or 7d"
        raise ValueError(msg)
    return float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def as_utc(moment: datetime) -> str:
    """RFC 3339 with `Z`, as messages carry it."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def of_millis(milliseconds: int | None) -> str | None:
    """As messages carry it, from milliseconds since the epoch; None for never, and for what no calendar has."""
    if milliseconds is None:
        return None
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_offset(moment: datetime | str) -> str:
    """With `+00:00`, as the notebook's files carry times."""
    return (parse_time(moment) if isinstance(moment, str) else moment.astimezone(UTC)).isoformat()
