"""What readers may ask for, and within which bounds."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import BeforeValidator

from fairlead.bounds import Time
from service.api.problems import BadRequest
from service.projections.questions import Days, Fresh, Ships, Span, Then

MAX_LIMIT = 500
MAX_WAIT_SECONDS = 30
_MAX_VERSION = 2**53 - 1
_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")
_NO_NUL = r"^[^\x00]*$"


def _restore_plus(value: object) -> object:
    # In a query string a plus means a space, and an offset such as +01:00 is seldom escaped.
    return _LOST_PLUS.sub(r"+\1", value) if isinstance(value, str) else value


_Time = Annotated[Time, BeforeValidator(_restore_plus)]
_Text = Query(min_length=1, max_length=200, pattern=_NO_NUL)

Id = Annotated[str, Path(min_length=1, max_length=200, pattern=_NO_NUL)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most")]
Cursor = Annotated[str, Query(max_length=250, pattern=_NO_NUL, description="`next` of the page before")]
Wait = Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, description="How many seconds to wait for that, at most")]
At = Annotated[_Time | None, Query(description="As it was at this time, inclusive", examples=["2026-11-24T18:20:00Z"])]
PortName = Annotated[str, _Text, Query(description="The port's name", examples=["Singapore"])]


# FastAPI would call what is not async in a thread, which takes longer than all the rest of it.
async def _then(
    at: At = None,
    version: Annotated[int | None, Query(ge=1, le=_MAX_VERSION, description="As it was at this version")] = None,
) -> Then:
    if at is not None and version is not None:
        raise BadRequest("at, version: ask for one of them")
    return Then(at, version)


async def _fresh(
    min_version: Annotated[
        int,
        Query(
            ge=0,
            le=_MAX_VERSION,
            description="Answer only once this version is there, such as `entity_version` of a reply; else 503",
        ),
    ] = 0,
    wait: Wait = 0,
) -> Fresh:
    return Fresh(min_version, wait)


async def _span(
    after: Annotated[int, Query(ge=0, le=_MAX_VERSION, description="Only beyond this version")] = 0,
    until: Annotated[
        _Time | None, Query(description="Only what was so by this time, inclusive", examples=["2026-11-24T18:20:00Z"])
    ] = None,
    limit: Limit = 100,
) -> Span:
    return Span(limit, after, until)


async def _ships(
    status: Annotated[str | None, Query(pattern="^(registered|docked|at sea)$", examples=["docked"])] = None,
    port: Annotated[str | None, _Text, Query(description="Those that lie there now", examples=["Singapore"])] = None,
    name: Annotated[str | None, _Text, Query(description="How the name begins", examples=["Pacific"])] = None,
    item: Annotated[str | None, _Text, Query(description="What is aboard", examples=["electronics"])] = None,
) -> Ships:
    return Ships(status, port, name, item)


async def _days(
    since: Annotated[date, Query(description="The first day, in UTC")] = date.min,
    until: Annotated[date, Query(description="The last day, in UTC")] = date.max,
    item: Annotated[str | None, _Text, Query(description="Of this item alone", examples=["electronics"])] = None,
) -> Days:
    return Days(since, until, item)


async def _through(cursor: Cursor = "") -> tuple[date, str]:
    if not cursor:
        return date.min, ""
    day, _, item = cursor.partition(" ")
    try:
        return date.fromisoformat(day), item
    except ValueError:
        raise BadRequest("cursor: it must be `next` of the page before") from None


When = Annotated[Then, Depends(_then)]
Freshness = Annotated[Fresh, Depends(_fresh)]
Which = Annotated[Span, Depends(_span)]
WhichShips = Annotated[Ships, Depends(_ships)]
WhichDays = Annotated[Days, Depends(_days)]
BehindDay = Annotated[tuple[date, str], Depends(_through)]
