"""What the HTTP API answers, and what its refusals mean for a command of the line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from service.cli.exits import Exit, Stop

_PAGE = 500
_ANSWER_SECONDS = 10.0
# Over HTTP there is nothing to await: a list cannot be asked to wait for what is not in it.
_ASK_AGAIN_SECONDS = 0.1

_EXITS = {404: Exit.NOT_FOUND, 410: Exit.NOT_FOUND, 400: Exit.INVALID, 422: Exit.INVALID, 503: Exit.TIMED_OUT}


class Reads:
    """Reads of one API; all raise Stop and httpx's TransportError."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def state(self, aggregate: str, entity_id: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """The state of an entity, now or then."""
        wait = float(query.get("wait", 0))
        state: dict[str, Any] = await self._get(f"/{aggregate}s/{quote(entity_id, safe='')}", query, wait=wait)
        return state

    async def events(
        self, aggregate: str, entity_id: str, until: str | None, *, min_version: int, wait: float
    ) -> list[dict[str, Any]]:
        """The events of an entity, once it has `min_version` of them or `wait` seconds are over."""
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            try:
                found = await self._all_events(aggregate, entity_id, until)
            except Stop as stop:
                if stop.code is not Exit.NOT_FOUND or min_version == 0 or _over(deadline):
                    raise
                found = []
            if len(found) >= min_version:
                return found
            if _over(deadline):
                raise Stop(
                    Exit.TIMED_OUT, f"The projection has {len(found)} of {min_version} events: wait longer with --wait"
                )
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def outcomes(self, command_id: str, *, wait: float) -> list[dict[str, Any]]:
        """What became of a command, once anything is known of it or `wait` seconds are over."""
        deadline = asyncio.get_running_loop().time() + wait
        while True:
            try:
                answer = await self._get(f"/commands/{quote(command_id, safe='')}", {})
                found: list[dict[str, Any]] = answer["items"]
            except Stop as stop:
                if stop.code is not Exit.NOT_FOUND or _over(deadline):
                    raise
                found = []
            if found:
                return found
            if _over(deadline):
                raise Stop(
                    Exit.NOT_FOUND,
                    f"Nothing is known of command {command_id}: it may still be on its way; --wait waits",
                )
            await asyncio.sleep(_ASK_AGAIN_SECONDS)

    async def _all_events(self, aggregate: str, entity_id: str, until: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            query = {"until": until, "after": found[-1]["version"] if found else None, "limit": _PAGE}
            page = await self._get(f"/{aggregate}s/{quote(entity_id, safe='')}/events", query)
            found += page["items"]
            if page["next"] is None:
                return found

    async def _get(self, path: str, query: Mapping[str, Any], *, wait: float = 0) -> Any:
        params = {name: value for name, value in query.items() if value is not None}
        answer = await self._http.get(path, params=params, timeout=_ANSWER_SECONDS + wait)
        if answer.is_success:
            return answer.json()
        raise Stop(_EXITS.get(answer.status_code, Exit.FAILED), _problem(answer))


@asynccontextmanager
async def open_reads(api_url: str) -> AsyncIterator[Reads]:
    """Reads of the API at a URL."""
    # The API is a server of ours, often on loopback: a proxy for the world is not asked for it.
    async with httpx.AsyncClient(base_url=api_url, trust_env=False) as http:
        yield Reads(http)


def _over(deadline: float) -> bool:
    return asyncio.get_running_loop().time() >= deadline


def _problem(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        told = problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        told = f"{answer.request.url.path}: {answer.status_code} {answer.reason_phrase}"
    return told if isinstance(told, str) else "; ".join(str(fault.get("msg", fault)) for fault in told)
