"""What readers may ask for, and within which bounds."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BeforeValidator

from service.api.problems import BadRequest

MAX_LIMIT = 500
MAX_WAIT_SECONDS = 30
_MAX_VERSION = 2**53 - 1
_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")


def _restore_plus(value: object) -> object:
    # In a query string a plus means a space, and an offset such as +01:00 is seldom escaped.
    return _LOST_PLUS.sub(r"+\1", value) if isinstance(value, str) and len(value) > len("2026-11-24 18:20") else value


_Time = Annotated[AwareDatetime, BeforeValidator(_restore_plus)]

Id = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Until = Annotated[
    _Time | None, Query(description="Only what was so by this time, inclusive", examples=["2026-11-24T18:20:00Z"])
]
After = Annotated[int, Query(ge=0, le=_MAX_VERSION, description="Only events beyond this version")]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many at most")]
Cursor = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$", description="`next` of the page before")]


class Moment:
    """Which state is asked for: the latest, or that at a time or a version."""

    def __init__(
        self,
        at: Annotated[
            _Time | None,
            Query(description="The state at this time, inclusive", examples=["2026-11-24T18:20:00Z"]),
        ] = None,
        version: Annotated[int | None, Query(ge=1, le=_MAX_VERSION, description="The state at this version")] = None,
        min_version: Annotated[
            int,
            Query(
                ge=0,
                le=_MAX_VERSION,
                description="Answer only once this version is there, such as `entity_version` of a reply",
            ),
        ] = 0,
        wait: Annotated[
            float, Query(ge=0, le=MAX_WAIT_SECONDS, description="How many seconds to wait for `min_version`")
        ] = 0,
    ) -> None:
        if at is not None and version is not None:
            raise BadRequest("at, version: ask for one of them")
        self.at: datetime | None = at
        self.version = version
        self.min_version = min_version
        self.wait_s = wait


When = Annotated[Moment, Depends()]
