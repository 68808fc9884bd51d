"""What the HTTP API answers, and what its refusals mean for a command of the line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from service.cli.exits import Exit, Stop
from service.cli.output import say

_PAGE = 500
_ANSWER_SECONDS = 10.0
# As long as the API waits for anybody.
_MOST_SECONDS = 30.0

_STALE = "A fault has put some of this aside: it is old, or lacks some; `fairlead projections list` says what waits"
_EXITS = {404: Exit.NOT_FOUND, 410: Exit.NOT_FOUND, 400: Exit.INVALID, 422: Exit.INVALID, 503: Exit.TIMED_OUT}


class PutAside(Stop):
    """No answer, and none however often one asks, until somebody redrives what was put aside."""


class Reads:
    """Reads of one API; all raise Stop and httpx's TransportError."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._told = False

    async def state(
        self, aggregate: str, entity_id: str, query: Mapping[str, Any], *, min_version: int = 0, wait: float = 0
    ) -> dict[str, Any]:
        """The state of an entity, now or then, once it has come to `min_version` or `wait` seconds are over."""
        path = f"/{aggregate}s/{quote(entity_id, safe='')}"
        state: dict[str, Any] = await self._await(path, {**query, "min_version": min_version or None}, wait)
        return state

    async def events(
        self, aggregate: str, entity_id: str, until: str | None, *, min_version: int, wait: float
    ) -> list[dict[str, Any]]:
        """The events of an entity, as `state`."""
        path = f"/{aggregate}s/{quote(entity_id, safe='')}/events"
        query = {"until": until, "limit": _PAGE}
        page = await self._await(path, {**query, "min_version": min_version or None}, wait)
        found: list[dict[str, Any]] = page["items"]
        while page["next"] is not None:
            page = await self.get(path, {**query, "after": page["next"]})
            found += page["items"]
        return found

    async def outcomes(self, command_id: str, *, wait: float) -> list[dict[str, Any]]:
        """What became of a command, once anything is known of it or `wait` seconds are over."""
        try:
            answer = await self._await(f"/commands/{quote(command_id, safe='')}", {}, wait)
        except Stop as stop:
            if stop.code is not Exit.NOT_FOUND or isinstance(stop, PutAside):
                raise
            raise Stop(Exit.NOT_FOUND, f"{stop}; it may still be on its way: --wait waits") from None
        found: list[dict[str, Any]] = answer["items"]
        return found

    async def get(self, path: str, query: Mapping[str, Any], *, wait: float = 0) -> Any:
        """What the API answers, which may itself wait for so many seconds."""
        params = {name: value for name, value in query.items() if value is not None}
        answer = await self._http.get(path, params=params, timeout=_ANSWER_SECONDS + wait)
        if answer.is_success:
            found = answer.json()
            self._tell(found)
            return found
        told, stale = _problem(answer)
        raise (PutAside if stale else Stop)(_EXITS.get(answer.status_code, Exit.FAILED), told)

    def _tell(self, found: Mapping[str, Any]) -> None:
        # What is printed of a list need not have it; of one thing it is a field.
        if "items" in found and found.get("stale") and not self._told:
            self._told = True
            say(_STALE)

    async def _await(self, path: str, query: Mapping[str, Any], wait: float) -> Any:
        """An answer that the API itself waits for: no longer at once than it does, so again where there is time."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait
        while True:
            asked = clock()
            at_once = min(max(0.0, deadline - asked), _MOST_SECONDS)
            try:
                return await self.get(path, {**query, "wait": at_once} if at_once else query, wait=at_once)
            except PutAside:
                raise
            except Stop as stop:
                waited = clock() - asked >= at_once
                if stop.code not in (Exit.TIMED_OUT, Exit.NOT_FOUND) or not waited or clock() >= deadline:
                    raise


@asynccontextmanager
async def open_reads(api_url: str) -> AsyncIterator[Reads]:
    """Reads of the API at a URL."""
    # The API is a server of ours, often on loopback: a proxy for the world is not asked for it.
    async with httpx.AsyncClient(base_url=api_url, trust_env=False) as http:
        yield Reads(http)


def _problem(answer: httpx.Response) -> tuple[str, bool]:
    """Why there is no answer, and whether something was put aside."""
    stale = False
    try:
        problem = answer.json()
        told, stale = problem.get("detail") or problem["title"], bool(problem.get("stale"))
    except (ValueError, KeyError, AttributeError):
        told = f"{answer.request.url.path}: {answer.status_code} {answer.reason_phrase}"
    return told if isinstance(told, str) else "; ".join(str(fault.get("msg", fault)) for fault in told), stale
