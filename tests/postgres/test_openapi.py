"""What the API says of itself is what it answers, and reading it needs nobody else."""

from __future__ import annotations

import re
from typing import Any

from httpx import AsyncClient

PARTS = re.compile(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)""")


async def _operations(client: AsyncClient) -> list[tuple[str, dict[str, Any]]]:
    paths = (await client.get("/openapi.json")).json()["paths"]
    return [(path, operation) for path, methods in paths.items() for operation in methods.values()]


async def test_the_page_of_the_api_is_made_of_its_own_files(client: AsyncClient) -> None:
    page = (await client.get("/docs")).text
    parts = PARTS.findall(page)
    assert len(parts) >= 3
    for part in parts:
        assert part.startswith("/")
        assert 200 == (await client.get(part)).status_code


async def test_each_route_says_which_problems_it_answers_in_their_shape(client: AsyncClient) -> None:
    for path, operation in await _operations(client):
        problems = {status: told for status, told in operation["responses"].items() if status != "200"}
        assert {"400", "503"} <= problems.keys(), path
        assert ("404" in problems) == ("{" in path or path == "/throughput"), path
        for told in problems.values():
            assert {"$ref": "#/components/schemas/Problem"} == told["content"]["application/problem+json"]["schema"]
    assert "410" in dict(await _operations(client))["/users/{id}"]["responses"]


async def test_pages_and_waits_have_a_limit_that_is_told(client: AsyncClient) -> None:
    limits = {"limit": 500, "wait": 30}
    for path, operation in await _operations(client):
        for parameter in operation.get("parameters", []):
            if (most := limits.get(parameter["name"])) is not None:
                assert most == parameter["schema"]["maximum"], path
    assert 400 == (await client.get("/ships/a?wait=31")).status_code


async def test_each_shape_has_an_example(client: AsyncClient) -> None:
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    for name, schema in schemas.items():
        fields = schema["properties"].values()
        assert "examples" in schema or any("examples" in field or "items" in field for field in fields), name
