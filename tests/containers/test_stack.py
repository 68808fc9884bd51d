"""`docker compose up`, as a person uses it and as a data centre treats it; the tests go on from one to the next."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from service.cli.kafka_client import open_client
from service.cli.options import Given
from service.cli.stage import Stage
from service.cli.story import play_ship, play_user
from tests.chaos.publisher import publishing
from tests.chaos.recovery import seconds_to_new_replies
from tests.checker import check
from tests.cli.processes import tell_of
from tests.containers.compose import LASTING, Stack
from tests.engine import docker, logs
from tests.workload import Message, publish

pytestmark = pytest.mark.containers

HANDLERS = 3
_WAIT_SECONDS = 60.0
_AGAIN_SECONDS = 0.05


def send(stack: Stack, *words: str) -> str:
    """Have a container of the stack publish a command; the id of its ship or user."""
    printed = stack.compose("exec", "-T", "api", "fairlead", "send", *words)
    reply = json.loads(printed)
    assert reply["data"]["status"] == "accepted", printed
    return str(reply["subject"])


def seconds_to_read(stack: Stack, ship: str, since: float) -> float:
    """Until the API shows this ship."""
    with httpx.Client(base_url=stack.api_url, timeout=5) as client:
        while time.monotonic() < since + _WAIT_SECONDS:
            try:
                if client.get(f"/ships/{ship}").status_code == httpx.codes.OK:
                    return time.monotonic() - since
            except httpx.TransportError:
                pass
            time.sleep(_AGAIN_SECONDS)  # while it is down there is nothing that could be waited for
    raise AssertionError(f"the ship {ship} was not shown within {_WAIT_SECONDS:.0f} s")


async def test_the_demo_plays_through_the_containers(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_of(tmp_path, stack.endpoints, stack.api_url)
    monkeypatch.chdir(tmp_path)  # it exports into the folder in which it is played
    async with open_client(Given(directory=tmp_path).settings(), "/tests/demo") as client:
        stage = Stage(client, tmp_path)
        await play_user(stage)
        await play_ship(stage)


def test_the_first_command_of_the_readme_works(stack: Stack) -> None:
    ship = send(stack, "register_ship", "name=Pacific Explorer")

    assert seconds_to_read(stack, ship, time.monotonic()) < 10


def test_state_survives_down_and_up(stack: Stack, figures: list[str]) -> None:
    ship = send(stack, "register_ship", "name=Pacific Explorer")
    stack.compose("down")
    began = time.monotonic()
    stack.up()
    figures.append(f"from `up`, with all images there, till all are healthy: {time.monotonic() - began:.1f} s")

    assert seconds_to_read(stack, ship, time.monotonic()) < 10
    docked = json.loads(stack.compose("exec", "-T", "api", "fairlead", "send", "dock_ship", ship, "port=Rio"))
    assert docked["data"]["entity_version"] == 2


async def test_containers_that_are_killed_one_after_the_other_lose_nothing(stack: Stack, figures: list[str]) -> None:
    figures.append(f"memory at rest: {stack.memory()}")
    await asyncio.to_thread(stack.up, "--scale", f"handler={HANDLERS}")
    handlers = stack.containers("handler")
    with publishing(stack.endpoints.bootstrap_servers, "") as publisher:
        for service, container in [(name, one) for name in LASTING for one in stack.containers(name)]:
            felt = await asyncio.to_thread(_recovery, stack, container)
            figures.append(f"{service} killed and started: {felt}")
        figures.append(f"memory under 100 commands a second: {stack.memory()}")
        await asyncio.to_thread(publisher.finish)
    servers = stack.endpoints
    report = await asyncio.to_thread(check, servers.bootstrap_servers, servers.database_url, allow_import=False)

    assert report.ok, report.text()
    assert report.counts["commands"] > publisher.delivered
    assert len(handlers) == HANDLERS
    assert all('"acquired"' in logs(handler) for handler in handlers)


def _recovery(stack: Stack, container: str) -> str:
    """Kill it and start it again, under load; how long that was felt."""
    killed = time.monotonic()
    docker("kill", container)
    docker("start", container)
    stack.healthy(["kafka"])
    replies = seconds_to_new_replies(stack.endpoints.bootstrap_servers, "", killed)
    ship = str(uuid4())
    publish(stack.endpoints.bootstrap_servers, [_registered(ship)])
    read = seconds_to_read(stack, ship, killed)
    stack.healthy()
    return f"replies on all partitions after {max(replies):.1f} s, read by the API after {read:.1f} s"


def _registered(ship: str) -> Message:
    envelope = {"specversion": "1.0", "id": str(uuid4()), "source": "/tests", "type": "register_ship", "subject": ship}
    value = json.dumps(envelope | {"data": {"name": "Pacific Explorer"}}).encode()
    return Message("ship.commands", ship.encode(), value)
