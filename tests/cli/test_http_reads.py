"""Answers of the API become results, and its refusals exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from service.cli.exits import Exit, Stop
from service.cli.http_reads import Reads


def reads(answer: Callable[[httpx.Request], httpx.Response]) -> Reads:
    return Reads(httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(answer)))


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, Exit.NOT_FOUND), (410, Exit.NOT_FOUND), (422, Exit.INVALID), (503, Exit.TIMED_OUT), (500, Exit.FAILED)],
)
async def test_a_refusal_has_its_code_and_its_detail(status: int, code: Exit) -> None:
    api = reads(lambda _: httpx.Response(status, json={"title": "No", "detail": "Ship with ID x not found"}))
    with pytest.raises(Stop, match="Ship with ID x not found") as stop:
        await api.state("ship", "x", {})
    assert code == stop.value.code


async def test_a_refusal_that_is_no_json_is_told_too() -> None:
    with pytest.raises(Stop, match="502"):
        await reads(lambda _: httpx.Response(502, text="<html>")).state("ship", "x", {})


async def test_an_id_cannot_lead_to_another_path() -> None:
    paths = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json={})

    await reads(answer).state("ship", "../users/1?x=1", {"at": None})
    assert [b"/ships/..%2Fusers%2F1%3Fx%3D1"] == paths


async def test_events_are_read_page_by_page() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params.get("after", 0))
        items = [{"version": version} for version in range(after + 1, after + 3)]
        return httpx.Response(200, json={"items": items, "next": after + 2 if after < 4 else None})

    events = await reads(answer).events("ship", "x", None, min_version=0, wait=0)
    assert [1, 2, 3, 4, 5, 6] == [event["version"] for event in events]


async def test_a_person_is_told_once_where_a_list_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        more = "after" not in request.url.params
        return httpx.Response(200, json={"items": [{"version": 1}], "next": 1 if more else None, "stale": True})

    assert 2 == len(await reads(answer).events("ship", "x", None, min_version=0, wait=0))
    told = capsys.readouterr()
    assert ("", 1) == (told.out, told.err.count("`fairlead projections list`"))


async def test_the_api_is_told_what_to_wait_for_and_asked_once() -> None:
    asked: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(200, json={"items": [{"version": 1}], "next": None})

    assert [{"version": 1}] == await reads(answer).events("ship", "x", None, min_version=1, wait=5)
    [query] = asked
    assert ("1", 5) == (query["min_version"], round(float(query["wait"])))


async def test_an_answer_that_does_not_come_in_time_is_a_time_out() -> None:
    api = reads(lambda _: httpx.Response(503, json={"title": "No", "detail": "The projection has version 0"}))
    with pytest.raises(Stop, match="The projection has version 0") as stop:
        await api.events("ship", "x", None, min_version=1, wait=5)
    assert stop.value.code == Exit.TIMED_OUT


async def test_who_waits_longer_than_the_api_does_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.cli.http_reads._MOST_SECONDS", 0.05)
    asked: list[float] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(float(request.url.params["wait"]))
        await asyncio.sleep(asked[-1])  # as the API does
        if len(asked) < 3:
            return httpx.Response(404, json={"title": "No", "detail": "No outcome"})
        return httpx.Response(200, json={"items": [{"status": "accepted"}]})

    api = Reads(httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(answer)))
    assert [{"status": "accepted"}] == await api.outcomes("x", wait=60)
    assert [0.05] * 3 == asked


@pytest.mark.parametrize("stale", [False, True])
async def test_an_outcome_nobody_knows_is_not_found_for_the_reason_that_the_api_has(
    monkeypatch: pytest.MonkeyPatch, *, stale: bool
) -> None:
    monkeypatch.setattr("service.cli.http_reads._MOST_SECONDS", 0.02)
    asked: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        await asyncio.sleep(float(request.url.params["wait"]))  # as the API does
        return httpx.Response(404, json={"title": "Not Found", "detail": "No outcome is known, since", "stale": stale})

    api = Reads(httpx.AsyncClient(base_url="http://api", transport=httpx.MockTransport(answer)))
    with pytest.raises(Stop, match="No outcome is known, since") as stop:
        await api.outcomes("x", wait=0.05)
    # Of what was put aside there is nothing to wait for.
    assert (Exit.NOT_FOUND, stale) == (stop.value.code, "--wait" not in str(stop.value))
    assert (1 == len(asked)) == stale
