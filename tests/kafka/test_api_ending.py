"""Who waits for an answer of the HTTP API when that ends is told so in the form of all its problems."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

from httpx import AsyncClient

from service.local.ports import free_port
from service.local.servers import Endpoints
from tests.running import apply_topics, running_api, running_projectors, settings_for


async def test_who_waits_when_the_server_ends_is_told_to_ask_again(servers: Endpoints) -> None:
    settings = settings_for(servers, "api-ending.", api_port=free_port())
    await apply_topics(settings)
    async with (
        running_projectors(settings),
        AsyncClient(base_url=f"http://127.0.0.1:{settings.api_port}") as http,
        AsyncExitStack() as api,
    ):
        await api.enter_async_context(running_api(settings))
        asking = asyncio.create_task(http.get(f"/commands/{uuid4()}", params={"wait": 30}, timeout=30))
        while not await _asked(http):  # noqa: ASYNC110  # another process's view of it sends no event
            await asyncio.sleep(0.02)
        await api.aclose()
        response = await asking
    assert (503, "1") == (response.status_code, response.headers["Retry-After"]), response.text
    assert "application/problem+json" == response.headers["Content-Type"]
    assert "ending" in response.json()["detail"]


async def _asked(http: AsyncClient) -> bool:
    """Whether another question than this one is under way."""
    return "fairlead_http_requests_in_progress 2.0" in (await http.get("/metrics")).text
